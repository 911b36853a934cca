/** The rules of the TFE API that a table of routes does not show: locks, filters, outputs. */
import { describe, expect, test } from "bun:test";
import { systemUnitId } from "../../../src/core/unit/unit-id.ts";
import { workspaceId } from "../../support/workspace-id.ts";
import { stateText, type TestApp } from "../test-app.ts";
import {
	announce,
	announcement,
	base,
	call,
	lock,
	org,
	prod,
	put,
	seeded,
	unlock,
} from "./client.ts";

describe("locks", () => {
	test("a token does not enter its own lock again, and the holder is named", async () => {
		await using app = await seeded();
		expect((await lock(app, "otc-bob")).status).toBe(200);
		for (const token of ["otc-bob", undefined]) {
			const refused = await lock(app, token);
			expect(refused).toMatchObject({ status: 409, detail: expect.stringContaining("user:bob") });
		}
		expect((await unlock(app)).detail).toContain("is locked by User");
		expect((await unlock(app, "otc-bob")).status).toBe(200);
		expect((await unlock(app, "otc-bob")).status).toBe(200);
		expect((await unlock(app)).status).toBe(409);
		expect((await lock(app, "otc-bob")).status).toBe(200);
		expect((await call(app, "POST", `${prod}/actions/force-unlock`)).status).toBe(200);
		expect((await call(app, "POST", `${prod}/actions/force-unlock`)).status).toBe(409);
	});

	test.each([
		["bare, as the vendor's document has it", { reason: "moving the database" }],
		[
			"as Terraform sends it",
			{ data: { type: "", attributes: { reason: "moving the database" } } },
		],
	])("the reason of a lock is kept and told: %s", async (_form, body) => {
		await using app = await seeded();
		const locked = await call(app, "POST", `${prod}/actions/lock`, body);
		expect(locked.one.attributes["locked-reason"]).toBe("moving the database");
		const seen = await app.send("GET", "/v1/units/app__prod");
		expect(await seen.text()).toContain("moving the database");
	});

	test("a lock of another surface stops this one, and the other way round", async () => {
		await using app = await seeded();
		const held = `${base}/workspaces/${workspaceId("app/held")}`;
		const refused = await call(app, "POST", `${held}/actions/lock`, {});
		expect(refused).toMatchObject({ status: 409, detail: expect.stringContaining("alice@laptop") });
		expect((await call(app, "POST", `${held}/actions/unlock`)).status).toBe(409);
		expect((await call(app, "POST", `${held}/actions/safe-delete`)).status).toBe(409);
		await lock(app);
		const other = await app.send("LOCK", "/v1/backend/app/prod", { body: '{"ID":"x"}' });
		expect(other.status).toBe(423);
	});
});

describe("workspaces", () => {
	const create = (app: TestApp, name: string, relationships: object = {}) =>
		call(app, "POST", `${org}/workspaces`, {
			data: { type: "workspaces", attributes: { name }, relationships },
		});

	test("are units: made here, seen there", async () => {
		await using app = await seeded();
		const made = await create(app, "shop__prod");
		expect(made.one).toMatchObject({
			id: workspaceId("shop/prod"),
			attributes: { name: "shop__prod", "execution-mode": "local", locked: false },
		});
		expect((await call(app, "GET", "/v1/units/shop__prod")).status).toBe(200);
		expect((await create(app, "shop__prod")).status).toBe(422);
		const system = await create(app, "__opentaco_system");
		expect(system).toMatchObject({ status: 201, one: { id: workspaceId(systemUnitId) } });
		for (const name of ["", "a/b", "-x", "x__", "a b"]) {
			expect((await create(app, name)).status).toBe(422);
			const path = `${org}/workspaces/${encodeURIComponent(name)}`;
			if (name !== "") expect((await call(app, "GET", path)).status).toBe(404);
		}
		expect((await call(app, "GET", `${base}/workspaces/ws-app%2Fprod`)).status).toBe(404);
		const unknown = await call(app, "GET", `${base}/organizations/acme/workspaces/shop__prod`);
		expect(unknown).toMatchObject({ status: 404, detail: expect.stringContaining('"default"') });
	});

	test("keep their settings, and lose them with their life", async () => {
		await using app = await seeded();
		const change = (attributes: object) =>
			call(app, "PATCH", prod, { data: { type: "workspaces", attributes } });
		const changed = await change({ "terraform-version": "1.11.4", "auto-apply": true, odd: 1 });
		expect(changed.one.attributes).toMatchObject({
			"terraform-version": "1.11.4",
			"auto-apply": true,
		});
		expect(changed.one.attributes.odd).toBeUndefined();
		const read = await call(app, "GET", `${org}/workspaces/app__prod`);
		expect(read.one.attributes["terraform-version"]).toBe("1.11.4");
		for (const bad of [{ "auto-apply": "yes" }, { "execution-mode": "odd" }, { name: "other" }]) {
			expect((await change(bad)).status).toBe(422);
		}
		expect((await call(app, "DELETE", prod)).status).toBe(204);
		const anew = await create(app, "app__prod");
		expect(anew.one.attributes["terraform-version"]).toBe("latest");
		expect((await call(app, "GET", `${prod}/current-state-version`)).status).toBe(404);
		expect((await call(app, "GET", `${prod}/current-state-version-outputs`)).all).toEqual([]);
	});

	test("are listed by name, wildcard, tags, project and page", async () => {
		await using app = await seeded();
		const project = await call(app, "POST", `${org}/projects`, {
			data: { type: "projects", attributes: { name: "Web shop" } },
		});
		const inProject = { project: { data: { id: project.one.id, type: "projects" } } };
		const binding = (key: string, value: string) => ({
			"tag-bindings": { data: [{ type: "tag-bindings", attributes: { key, value } }] },
		});
		await create(app, "net-dev", { ...inProject, ...binding("env", "dev") });
		await create(app, "net-prod", binding("env", "prod"));
		await create(app, "net-old", {
			tags: { data: [{ type: "tags", attributes: { name: "legacy" } }] },
		});
		const names = async (query: string) =>
			(await call(app, "GET", `${org}/workspaces?${query}`)).all.map(
				({ attributes }) => attributes.name,
			);
		expect(await names("search[name]=net-")).toEqual(["net-dev", "net-old", "net-prod"]);
		expect(await names("search[wildcard-name]=*-prod")).toEqual(["net-prod"]);
		expect(await names("search[wildcard-name]=N*T-*D*v")).toEqual(["net-dev"]);
		// A regular expression of so many stars would look for hours.
		await create(app, "a".repeat(180));
		const stars = `*${"a*".repeat(12)}b`;
		expect(await names(`search[wildcard-name]=${stars}`)).toEqual([]);
		expect(await names("search[tags]=legacy")).toEqual(["net-old"]);
		expect(await names("search[tags]=env&search[exclude-tags]=legacy")).toEqual([
			"net-dev",
			"net-prod",
		]);
		const pair =
			"filter[tagged][0][key]=env&filter[tagged][0][value]=dev&TagBindings=%7Benv+dev%7D";
		expect(await names(pair)).toEqual(["net-dev"]);
		expect(await names(`filter[project][id]=${project.one.id}`)).toEqual(["net-dev"]);
		expect(await names("search[name]=net-&sort=-name&page[size]=2")).toEqual([
			"net-prod",
			"net-old",
		]);
		const second = await call(
			app,
			"GET",
			`${org}/workspaces?search[name]=net-&page[size]=2&page[number]=2`,
		);
		expect(second.all.length).toBe(1);
		expect(second.pagination).toEqual({
			"current-page": 2,
			"page-size": 2,
			"prev-page": 1,
			"next-page": null,
			"total-pages": 2,
			"total-count": 3,
		});
		expect((await call(app, "GET", `${org}/workspaces?page[number]=0`)).status).toBe(422);
		expect(
			(
				await call(app, "POST", `${org}/projects`, {
					data: { type: "projects", attributes: { name: "Web shop" } },
				})
			).status,
		).toBe(422);
	});

	test("with resources are not deleted safely", async () => {
		await using app = await seeded();
		await lock(app);
		const busy = stateText(3).replace(
			'"resources": []',
			'"resources": [{"mode": "managed", "type": "t", "name": "n", "instances": [{}]}]',
		);
		const upload = await announce(app, busy);
		expect(await put(app, upload.state, busy)).toBe(200);
		await unlock(app);
		const refused = await call(app, "POST", `${prod}/actions/safe-delete`);
		expect(refused).toMatchObject({ status: 409, detail: expect.stringContaining("not safe") });
		expect((await call(app, "DELETE", prod)).status).toBe(204);
	});
});

describe("outputs", () => {
	test("hide what is sensitive in lists, and keep numbers honest", async () => {
		await using app = await seeded();
		await lock(app);
		const outputs = {
			secret: { value: "shh", type: "string", sensitive: true },
			list: { value: ["a"], type: ["list", "string"] },
		};
		const plain = stateText(3).replace(
			/"outputs": \{[^}]*\}\s*\}/,
			() => `"outputs": ${JSON.stringify(outputs)}`,
		);
		const text = plain.replace(
			'"secret"',
			'"big":{"value":123456789012345678901234567890,"type":"number"},"secret"',
		);
		const upload = await announce(app, text);
		expect(await put(app, upload.state, text)).toBe(200);
		const { all } = await call(app, "GET", `${prod}/current-state-version-outputs`);
		const byName = Object.fromEntries(all.map((one) => [one.attributes.name, one]));
		expect(byName.secret?.attributes).toMatchObject({ value: null, sensitive: true });
		expect(byName.list?.attributes).toMatchObject({
			value: ["a"],
			type: "array",
			"detailed-type": ["list", "string"],
		});
		expect(byName.big?.attributes["detailed-type"]).toBeUndefined();
		const path = `${base}/state-version-outputs/${byName.secret?.id}`;
		expect((await call(app, "GET", path)).one.attributes.value).toBe("shh");
	});

	test("are there for whoever may read nothing else", async () => {
		await using app = await seeded();
		const get = (path: string) => call(app, "GET", path, undefined, "otc-carol");
		const workspace = await get(`${org}/workspaces/app__prod`);
		expect(workspace.one.attributes.permissions).toMatchObject({
			"can-read-state-outputs": true,
			"can-read-state-versions": false,
		});
		const { all } = await get(`${prod}/current-state-version-outputs`);
		expect(all.map(({ attributes }) => attributes.value)).toEqual(["CANARY-output-one"]);
		for (const path of ["state-versions", "tag-bindings"]) {
			expect((await get(`${prod}/${path}`)).status).toBe(404);
		}
		const { one } = await call(app, "GET", `${prod}/current-state-version`);
		expect((await get(`${base}/state-versions/${one.id}/download`)).status).toBe(404);
		const limited = (await get(`${prod}/current-state-version?include=outputs`)).one;
		expect(limited.id).not.toBe(one.id);
		expect(limited.attributes.serial).toBe(one.attributes.serial);
		expect((await get(`${base}/state-versions/${limited.id}`)).one.id).toBe(limited.id);
		expect((await get(`${base}/state-versions/${limited.id}/outputs`)).all).toHaveLength(1);
		const file = await get(`${base}/state-versions/${limited.id}/download`);
		expect(JSON.parse(file.text)).toMatchObject({ resources: [], outputs: { o: {} } });
		expect(Buffer.byteLength(file.text)).toBe(Number(limited.attributes.size));
		expect((await lock(app, "otc-carol")).status).toBe(404);
	});

	test("of an encrypted state are none", async () => {
		await using app = await seeded();
		await call(app, "POST", `${org}/workspaces`, {
			data: { type: "workspaces", attributes: { name: "sealed" } },
		});
		const sealed =
			'{"serial":1,"lineage":"l","meta":{},"encrypted_data":"eA==","encryption_version":"v0"}';
		const w = `${base}/workspaces/${workspaceId("sealed")}`;
		await call(app, "POST", `${w}/actions/lock`, {});
		const state = Buffer.from(sealed).toString("base64");
		const written = await call(app, "POST", `${w}/state-versions`, announcement(sealed, { state }));
		expect(written.status).toBe(201);
		const outputs = `${w}/current-state-version-outputs`;
		expect((await call(app, "GET", outputs)).all).toEqual([]);
		// Terraform and OpenTofu read the whole state when an output has no exact type.
		const told = await app.send("GET", outputs, { headers: { "terraform-version": "1.10.6" } });
		const { data } = (await told.json()) as { data: { attributes: Record<string, unknown> }[] };
		expect(data).toHaveLength(1);
		expect(data[0]?.attributes).toMatchObject({ sensitive: true, value: null });
		expect(data[0]?.attributes).not.toHaveProperty("detailed-type");
	});
});

test("a rollback makes an earlier content current under a higher serial", async () => {
	await using app = await seeded();
	await lock(app);
	const { all } = await call(app, "GET", `${prod}/state-versions`);
	const oldest = all.at(-1);
	const back = {
		data: {
			type: "state-versions",
			relationships: {
				"rollback-state-version": { data: { id: oldest?.id, type: "state-versions" } },
			},
		},
	};
	const { one } = await call(app, "PATCH", `${prod}/state-versions`, back);
	expect(one.attributes.serial).toBe(3);
	const [listed] = (await call(app, "GET", `${prod}/state-versions`)).all;
	expect(listed).toMatchObject({
		id: one.id,
		relationships: { "rollback-state-version": { data: { id: oldest?.id } } },
	});
	expect((await call(app, "PATCH", `${prod}/state-versions`, back, "otc-bob")).status).toBe(409);
});

/** The rules of the TFE API that a table of routes does not show: uploads, locks, filters, outputs. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Principal } from "../../../src/core/principal.ts";
import type { Decide } from "../../../src/core/rbac/grant.ts";
import { createTestApp, lineage, seed, stateText, type TestApp } from "../test-app.ts";

const base = "/tfe/api/v2";
const org = `${base}/organizations/default`;
const prod = `${base}/workspaces/ws-app__prod`;

interface Resource {
	readonly id: string;
	readonly type: string;
	readonly attributes: Readonly<Record<string, unknown>>;
}

interface Answer {
	readonly status: number;
	readonly text: string;
	readonly one: Resource;
	readonly all: readonly Resource[];
	readonly detail: string;
	readonly pagination: Readonly<Record<string, number | null>>;
}

const bob: Principal = { id: "user:bob", credentialKind: "api-token", loginId: "bob-1" };
const carol: Principal = { id: "user:carol", credentialKind: "api-token", loginId: "carol-1" };
const principals = { "otc-bob": bob, "otc-carol": carol };

/** Carol may read outputs and nothing else. */
const decide: Decide = async (caller, action) =>
	caller.principal.id !== carol.id || action === "unit.read-outputs";

async function seeded(): Promise<TestApp> {
	const app = createTestApp({ decide, principals });
	await seed(app);
	return app;
}

async function call(
	app: TestApp,
	method: string,
	path: string,
	body?: unknown,
	token?: string,
): Promise<Answer> {
	const response = await app.send(method, path, {
		headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
		...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
	});
	const text = await response.text();
	const document = text.startsWith("{") ? JSON.parse(text) : {};
	return {
		status: response.status,
		text,
		one: document.data,
		all: document.data,
		detail: document.errors?.[0]?.detail ?? "",
		pagination: document.meta?.pagination,
	};
}

function announcement(state: string, more: object = {}) {
	const md5 = createHash("md5").update(state).digest("hex");
	const { serial } = JSON.parse(state) as { serial: number };
	return { data: { type: "state-versions", attributes: { serial, md5, lineage, ...more } } };
}

function pathOf(url: unknown): string {
	return new URL(String(url)).pathname;
}

async function announce(app: TestApp, state: string, more: object = {}) {
	const { status, one } = await call(
		app,
		"POST",
		`${prod}/state-versions`,
		announcement(state, more),
	);
	expect(status).toBe(201);
	return {
		id: one.id,
		state: pathOf(one.attributes["hosted-state-upload-url"]),
		json: pathOf(one.attributes["hosted-json-state-upload-url"]),
		status: one.attributes.status,
	};
}

async function put(app: TestApp, path: string, body: string): Promise<number> {
	return (await app.send("PUT", path, { body, as: "nobody" })).status;
}

const lock = (app: TestApp, token?: string) => call(app, "POST", `${prod}/actions/lock`, {}, token);
const unlock = (app: TestApp, token?: string) =>
	call(app, "POST", `${prod}/actions/unlock`, undefined, token);

describe("uploads", () => {
	test("a version exists and is current only when its bytes are in", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		expect(upload.status).toBe("pending");
		const before = await call(app, "GET", `${prod}/current-state-version`);
		expect(before.one.attributes.serial).toBe(2);
		const pending = await call(app, "GET", `${base}/state-versions/${upload.id}`);
		expect(pending.one.attributes.status).toBe("pending");
		expect((await call(app, "GET", `${base}/state-versions/${upload.id}/download`)).status).toBe(
			404,
		);

		expect(await put(app, upload.json, '{"anything": true}')).toBe(200);
		expect(await put(app, upload.state, next)).toBe(200);
		const after = await call(app, "GET", `${prod}/current-state-version`);
		expect(after.one).toMatchObject({
			id: upload.id,
			attributes: { serial: 3, status: "finalized" },
		});
		expect(after.one.attributes["hosted-state-upload-url"]).toBeUndefined();
		expect((await call(app, "GET", `${base}/state-versions/${upload.id}/download`)).text).toBe(
			next,
		);
		expect((await call(app, "GET", "/v1/backend/app/prod")).text).toBe(next);
	});

	test("the address takes the announced bytes, again too, and no others", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		expect(await put(app, upload.state, stateText(3, "other"))).toBe(422);
		expect(await put(app, upload.state, next)).toBe(200);
		expect(await put(app, upload.state, next)).toBe(200);
		const again = await announce(app, next);
		expect(again).toMatchObject({ id: upload.id, status: "finalized" });
		expect(await put(app, again.state, next)).toBe(200);
		expect((await call(app, "GET", `${prod}/state-versions`)).all.length).toBe(3);
		const later = await announce(app, stateText(4));
		expect(await put(app, later.state, stateText(4))).toBe(200);
		expect(await put(app, upload.state, next)).toBeGreaterThanOrEqual(409);
		expect((await call(app, "GET", `${prod}/current-state-version`)).one.id).toBe(later.id);
	});

	test("a forced upload is not good for a second time either", async () => {
		await using app = await seeded();
		await lock(app);
		const old = stateText(1, "forced");
		const forced = await announce(app, old, { force: true });
		expect(await put(app, forced.state, old)).toBe(200);
		const next = await announce(app, stateText(2, "next"));
		expect(await put(app, next.state, stateText(2, "next"))).toBe(200);
		expect(await put(app, forced.state, old)).toBe(412);
	});

	test("a changed or exchanged address is refused", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		const last = upload.state.at(-1) === "A" ? "B" : "A";
		for (const path of [
			`${upload.state.slice(0, -2)}${last}A`,
			`${base}/uploads/x`,
			`${base}/uploads/`,
		]) {
			expect(await put(app, path, next)).toBeOneOf([403, 404]);
		}
		expect((await app.send("GET", upload.state, { as: "nobody" })).status).toBe(403);
		expect((await app.send("POST", upload.state, { as: "nobody", body: next })).status).toBe(403);
		expect(await put(app, upload.json, next)).toBe(200);
		expect((await call(app, "GET", `${prod}/current-state-version`)).one.attributes.serial).toBe(2);
	});

	test("a broken lock ends the upload", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		await call(app, "POST", `${prod}/actions/force-unlock`, undefined, "otc-bob");
		expect(await put(app, upload.state, next)).toBe(409);
		await lock(app, "otc-bob");
		expect(await put(app, upload.state, next)).toBe(409);
		expect(
			(await call(app, "GET", `${base}/state-versions/${upload.id}`)).one.attributes.status,
		).toBe("pending");
		await unlock(app, "otc-bob");
		expect((await call(app, "GET", `${base}/state-versions/${upload.id}`)).status).toBe(404);
	});

	test("a state may stand in the request", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const state = Buffer.from(next).toString("base64");
		const written = await call(
			app,
			"POST",
			`${prod}/state-versions`,
			announcement(next, { state }),
		);
		expect(written).toMatchObject({ status: 201, one: { attributes: { status: "finalized" } } });
		expect((await call(app, "GET", "/v1/backend/app/prod")).text).toBe(next);
	});

	test("serials, lineages and checksums are checked", async () => {
		await using app = await seeded();
		const path = `${prod}/state-versions`;
		const without = await call(app, "POST", path, announcement(stateText(3)));
		expect(without).toMatchObject({ status: 409, detail: expect.stringContaining("not locked") });
		await lock(app);
		const cases: [object, number][] = [
			[announcement(stateText(1, "old")), 409],
			[announcement(stateText(2, "same serial")), 409],
			[announcement(stateText(3), { lineage: "another" }), 409],
			[announcement(stateText(3), { lineage: "" }), 201],
			[announcement(stateText(3), { md5: "short" }), 422],
			[announcement(stateText(3), { serial: "3" }), 422],
			[announcement(stateText(3), { state: "no base64!" }), 422],
			[announcement(stateText(3), { state: "e30=" }), 422],
		];
		for (const [document, status] of cases) {
			expect((await call(app, "POST", path, document)).status).toBe(status);
		}
		expect((await call(app, "POST", path, announcement(stateText(3)), "otc-bob")).status).toBe(409);
	});
});

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

	test("a lock of another surface stops this one, and the other way round", async () => {
		await using app = await seeded();
		const held = `${base}/workspaces/ws-app__held`;
		const refused = await call(app, "POST", `${held}/actions/lock`, {});
		expect(refused).toMatchObject({ status: 409, detail: expect.stringContaining("alice@laptop") });
		expect((await call(app, "POST", `${held}/actions/unlock`)).status).toBe(409);
		expect((await call(app, "DELETE", held)).status).toBe(409);
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
			id: "ws-shop__prod",
			attributes: { name: "shop__prod", "execution-mode": "local", locked: false },
		});
		expect((await call(app, "GET", "/v1/units/shop__prod")).status).toBe(200);
		expect((await create(app, "shop__prod")).status).toBe(422);
		for (const name of ["", "a/b", "-x", "x__", "a b", "__opentaco_system"]) {
			expect((await create(app, name)).status).toBe(422);
			const path = `${org}/workspaces/${encodeURIComponent(name)}`;
			if (name !== "") expect((await call(app, "GET", path)).status).toBe(404);
		}
		expect((await call(app, "GET", `${base}/workspaces/${"ws-app%2Fprod"}`)).status).toBe(404);
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
			(await call(app, "GET", `${org}/workspaces?${query}`)).all.map(({ id }) => id.slice(3));
		expect(await names("search[name]=net-")).toEqual(["net-dev", "net-old", "net-prod"]);
		expect(await names("search[wildcard-name]=*-prod")).toEqual(["net-prod"]);
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
		const busy = stateText(3).replace('"resources": []', '"resources": [{"mode": "managed"}]');
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
		for (const path of ["current-state-version", "state-versions", "tag-bindings"]) {
			expect((await get(`${prod}/${path}`)).status).toBe(404);
		}
		const { one } = await call(app, "GET", `${prod}/current-state-version`);
		expect((await get(`${base}/state-versions/${one.id}/download`)).status).toBe(404);
		expect((await lock(app, "otc-carol")).status).toBe(404);
	});

	test("of an encrypted state are none", async () => {
		await using app = await seeded();
		await call(app, "POST", `${org}/workspaces`, {
			data: { type: "workspaces", attributes: { name: "sealed" } },
		});
		const sealed =
			'{"serial":1,"lineage":"l","meta":{},"encrypted_data":"eA==","encryption_version":"v0"}';
		const w = `${base}/workspaces/ws-sealed`;
		await call(app, "POST", `${w}/actions/lock`, {});
		const state = Buffer.from(sealed).toString("base64");
		const written = await call(app, "POST", `${w}/state-versions`, announcement(sealed, { state }));
		expect(written.status).toBe(201);
		expect((await call(app, "GET", `${w}/current-state-version-outputs`)).all).toEqual([]);
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
	expect((await call(app, "PATCH", `${prod}/state-versions`, back, "otc-bob")).status).toBe(409);
});

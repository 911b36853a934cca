/** State versions beside their uploads: what is pending, what is a snapshot, what is in them. */
import { describe, expect, test } from "bun:test";
import { stateText, type TestApp } from "../test-app.ts";
import { announce, base, call, lock, prod, put, seeded, unlock } from "./client.ts";

const busy = (serial: number) =>
	stateText(serial).replace(
		'"resources": []',
		`"resources": ${JSON.stringify([
			{
				mode: "managed",
				type: "null_resource",
				name: "many",
				provider: 'provider["registry.terraform.io/hashicorp/null"]',
				instances: [
					{ index_key: 0, attributes: {} },
					{ index_key: 1, attributes: {} },
				],
			},
			{
				module: "module.net",
				mode: "managed",
				type: "aws_vpc",
				name: "main",
				provider: 'provider["registry.terraform.io/hashicorp/aws"]',
				instances: [{ attributes: {} }],
			},
			{
				mode: "data",
				type: "aws_region",
				name: "here",
				provider: 'provider["registry.terraform.io/hashicorp/aws"]',
				instances: [{ attributes: {} }],
			},
		])}`,
	);

async function store(app: TestApp, text: string): Promise<string> {
	const upload = await announce(app, text);
	expect(await put(app, upload.state, text)).toBe(200);
	return upload.id;
}

describe("a version that was announced", () => {
	test("keeps its lock until it has come", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		const refused = await unlock(app);
		expect(refused).toMatchObject({
			status: 422,
			detail: expect.stringContaining("latest state version is still pending"),
		});
		expect(await put(app, upload.state, next)).toBe(200);
		expect((await unlock(app)).status).toBe(200);
	});

	test("and came to another server keeps it no longer", async () => {
		await using app = await seeded();
		await using other = await seeded({ store: app.store });
		await lock(app);
		const first = stateText(3);
		const second = stateText(4, "second");
		await announce(app, first);
		const uploads = [await announce(other, first), null];
		expect(await put(other, uploads[0]?.state ?? "", first)).toBe(200);
		const late = await announce(other, second);
		expect(await put(other, late.state, second)).toBe(200);
		expect((await unlock(app)).status).toBe(200);
	});

	test("is discarded when its lock is broken", async () => {
		await using app = await seeded();
		await lock(app);
		const upload = await announce(app, stateText(3));
		expect((await call(app, "POST", `${prod}/actions/force-unlock`)).status).toBe(200);
		expect(await put(app, upload.state, stateText(3))).toBe(409);
		await lock(app);
		expect((await unlock(app)).status).toBe(200);
	});
});

describe("snapshots", () => {
	test("are asked for, and known by what followed them", async () => {
		await using app = await seeded();
		await lock(app);
		const ids = [];
		for (const serial of [3, 4, 5]) ids.push(await store(app, stateText(serial)));
		await unlock(app);
		await lock(app);
		ids.push(await store(app, stateText(6)));
		const { all } = await call(app, "GET", `${prod}/state-versions`);
		const shown = all
			.slice(0, 4)
			.map(({ attributes }) => [attributes.serial, attributes.intermediate]);
		expect(shown).toEqual([
			[6, false],
			[5, false],
			[4, true],
			[3, true],
		]);
		const single = await call(app, "GET", `${base}/state-versions/${ids[1]}`);
		expect(single.one.attributes.intermediate).toBe(true);
		const current = await app.send("GET", `${prod}/current-state-version`);
		expect(current.headers.get("x-terraform-snapshot-interval")).toBe("60");
	});

	test("are asked for before the first state too, in the type that clients read this from", async () => {
		await using app = await seeded();
		const created = await call(app, "POST", `${base}/organizations/default/workspaces`, {
			data: { type: "workspaces", attributes: { name: "myapp__new" } },
		});
		for (const userAgent of ["go-tfe", "other"]) {
			const current = await app.send(
				"GET",
				`${base}/workspaces/${created.one.id}/current-state-version`,
				{ headers: { "user-agent": userAgent } },
			);
			expect(current.status).toBe(404);
			expect(Object.fromEntries(current.headers)).toMatchObject({
				"content-type": expect.stringContaining("application/vnd.api+json"),
				"x-terraform-snapshot-interval": "60",
			});
		}
	});
});

describe("what is in a state", () => {
	test("is counted and listed", async () => {
		await using app = await seeded();
		await lock(app);
		await store(app, busy(3));
		expect((await call(app, "GET", prod)).one.attributes["resource-count"]).toBe(3);
		const list = async (query = "") =>
			(await call(app, "GET", `${prod}/resources?${query}`)).all.map(
				({ attributes }) => attributes.address,
			);
		expect(await list()).toEqual([
			"null_resource.many[0]",
			"null_resource.many[1]",
			"module.net.aws_vpc.main",
		]);
		expect(await list("q=VPC")).toEqual(["module.net.aws_vpc.main"]);
		expect(await list("sort=nameIndex:desc&page[size]=1")).toEqual(["null_resource.many[1]"]);
		expect((await call(app, "GET", `${prod}/resources?sort=odd`)).status).toBe(422);
		const [first] = (await call(app, "GET", `${prod}/resources`)).all;
		expect(first?.attributes).toMatchObject({
			module: "root",
			provider: "hashicorp/null",
			"provider-type": "null_resource",
			"name-index": "0",
		});
	});

	test("stands with a version, but not for clients that read nothing of it", async () => {
		await using app = await seeded();
		await lock(app);
		const id = await store(app, busy(3));
		const { attributes } = (await call(app, "GET", `${base}/state-versions/${id}`)).one;
		expect(attributes).toMatchObject({
			modules: { root: { "null-resource": 2, "data.aws-region": 1 } },
			resources: [
				{ name: "many", type: "null_resource", count: 2, module: "root" },
				{ name: "main", type: "aws_vpc", count: 1, module: "module.net" },
			],
		});
		const terraform = await app.send("GET", `${prod}/current-state-version`, {
			headers: { "terraform-version": "1.11.4" },
		});
		const document = JSON.parse(await terraform.text());
		expect(document.data.attributes.resources).toBeUndefined();
		const shown = await app.send("GET", prod, { headers: { "terraform-version": "1.11.4" } });
		expect(JSON.parse(await shown.text()).data.attributes["resource-count"]).toBeUndefined();
		await app.core.tasks.idle();
		expect((await unlock(app)).one.attributes["resource-count"]).toBe(3);
	});

	test("is found by status, and relations are known or refused", async () => {
		await using app = await seeded();
		const count = async (query: string) =>
			(await call(app, "GET", `${prod}/state-versions?${query}`)).all.length;
		expect(await count("filter[status]=finalized,pending")).toBe(2);
		expect(await count("filter[status]=discarded")).toBe(0);
		const refused = await call(app, "GET", `${prod}/state-versions?include=odd`);
		expect(refused).toMatchObject({ status: 400, detail: "Invalid include parameter" });
		const included = await call(app, "GET", `${prod}/current-state-version?include=outputs`);
		expect(JSON.parse(included.text).included.length).toBe(1);
	});
});

describe("the content of an earlier version", () => {
	async function oldest(app: TestApp): Promise<string> {
		const { all } = await call(app, "GET", `${prod}/state-versions`);
		return `${base}/state-versions/${all.at(-1)?.id}`;
	}

	test("is withheld and brought back", async () => {
		await using app = await seeded();
		const version = await oldest(app);
		const act = (word: string) => call(app, "POST", `${version}/actions/${word}_backing_data`);
		const status = async () => (await call(app, "GET", version)).one.attributes.status;
		expect((await act("soft_delete")).status).toBe(204);
		expect((await act("soft_delete")).status).toBe(204);
		expect(await status()).toBe("backing_data_soft_deleted");
		expect((await call(app, "GET", `${version}/download`)).status).toBe(404);
		expect((await call(app, "GET", "/v1/units/app__prod/versions/1/download")).status).toBe(404);
		expect((await call(app, "GET", `${version}/outputs`)).status).toBe(404);
		expect((await act("restore")).status).toBe(204);
		expect(await status()).toBe("finalized");
		expect((await call(app, "GET", `${version}/download`)).text).toBe(stateText(1));
	});

	test("is given up for good", async () => {
		await using app = await seeded();
		const version = await oldest(app);
		const act = (word: string) => call(app, "POST", `${version}/actions/${word}_backing_data`);
		await act("soft_delete");
		expect((await act("permanently_delete")).status).toBe(204);
		const { attributes } = (await call(app, "GET", version)).one;
		expect(attributes.status).toBe("backing_data_permanently_deleted");
		expect((await act("restore")).status).toBe(422);
		expect((await act("permanently_delete")).status).toBe(204);
		expect((await call(app, "GET", `${version}/download`)).status).toBe(404);
	});

	test("stays while it is current", async () => {
		await using app = await seeded();
		const { one } = await call(app, "GET", `${prod}/current-state-version`);
		for (const word of ["soft_delete", "permanently_delete"]) {
			const path = `${base}/state-versions/${one.id}/actions/${word}_backing_data`;
			expect((await call(app, "POST", path)).status).toBe(422);
		}
		expect((await call(app, "GET", `${base}/state-versions/${one.id}/download`)).status).toBe(200);
	});
});

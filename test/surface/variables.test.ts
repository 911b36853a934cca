/** Variables over `/v1`: made, changed, deleted, by several at once, and whose rights reach how far. */
import { describe, expect, test } from "bun:test";
import type { Action } from "../../src/core/rbac/action.ts";
import { createTestApp, seed, type TestApp } from "./test-app.ts";
import { makeVariable } from "./variables.scenarios.ts";

const path = "/v1/units/app__prod/variables";

async function seeded(actions?: readonly Action[]): Promise<TestApp> {
	const app = createTestApp({
		decide: async (caller, action) =>
			actions === undefined ||
			caller.requestId === "seed" ||
			caller.principal.credentialKind === "system" ||
			actions.includes(action),
	});
	await seed(app);
	return app;
}

async function call(app: TestApp, method: string, at: string, body?: object) {
	const init = body === undefined ? {} : { body: JSON.stringify(body) };
	const response = await app.send(method, at, init);
	const text = await response.text();
	return { status: response.status, text, json: text === "" ? null : JSON.parse(text) };
}

describe("one variable", () => {
	test("is shown, changed in parts, and deleted", async () => {
		await using app = await seeded();
		const id = await makeVariable(app);
		const one = `${path}/${id}`;
		const before = await call(app, "GET", one);
		expect(before).toMatchObject({ status: 200, json: { id, key: "region", value: "eu" } });
		const changed = await call(app, "PATCH", one, { value: "us", description: "where" });
		expect(changed.json).toMatchObject({ id, key: "region", value: "us", description: "where" });
		expect(changed.json.version_id).not.toBe(before.json.version_id);
		expect((await call(app, "GET", one)).json).toEqual(changed.json);
		expect((await call(app, "DELETE", one)).status).toBe(204);
		expect((await call(app, "GET", one)).status).toBe(404);
		expect((await call(app, "DELETE", one)).status).toBe(404);
	});

	test("that is sensitive stays so, and takes another value or another name", async () => {
		await using app = await seeded();
		const one = `${path}/${await makeVariable(app, { sensitive: true, value: "CANARY-1" })}`;
		expect((await call(app, "PATCH", one, { sensitive: false })).status).toBe(400);
		for (const change of [{ value: "CANARY-2" }, { key: "zone" }, { category: "env" }]) {
			const changed = await call(app, "PATCH", one, change);
			expect(changed).toMatchObject({ status: 200, json: { value: null, sensitive: true } });
			expect(changed.text).not.toContain("CANARY");
		}
		expect(app.log.join("")).not.toContain("CANARY");
	});

	test("that becomes sensitive is not shown any more", async () => {
		await using app = await seeded();
		const one = `${path}/${await makeVariable(app)}`;
		expect((await call(app, "PATCH", one, { sensitive: true })).json).toMatchObject({
			value: null,
		});
		expect((await call(app, "GET", path)).text).not.toContain('"eu"');
	});

	test("cannot take the key of another one", async () => {
		await using app = await seeded();
		await makeVariable(app);
		const other = await makeVariable(app, { key: "zone" });
		expect((await call(app, "PATCH", `${path}/${other}`, { key: "region" })).status).toBe(409);
		const env = await call(app, "PATCH", `${path}/${other}`, { key: "region", category: "env" });
		expect(env.status).toBe(200);
	});
});

test("of many that are made at once none is lost, and of one key one is made", async () => {
	await using app = await seeded();
	const keys = Array.from({ length: 12 }, (_, at) => `k${at % 6}`);
	const statuses = await Promise.all(
		keys.map(async (key) => (await call(app, "POST", path, { key })).status),
	);
	expect(statuses.filter((status) => status === 201)).toHaveLength(6);
	expect(statuses.filter((status) => status === 409)).toHaveLength(6);
	expect((await call(app, "GET", path)).json.count).toBe(6);
});

test("there are at most 250, and the message says what to do", async () => {
	await using app = await seeded();
	for (let at = 0; at < 250; at++) {
		expect((await call(app, "POST", path, { key: `k${at}` })).status).toBe(201);
	}
	expect(await call(app, "POST", path, { key: "more" })).toMatchObject({
		status: 413,
		json: { error: "too_large", hint: expect.stringContaining("variable set") },
	});
});

describe("rights", () => {
	const cases: readonly [string, Action[], number, number][] = [
		["unit.read reads them", ["unit.read", "unit.read-variables"], 200, 403],
		["unit.read-variables alone reads them", ["unit.read-variables"], 200, 404],
		["outputs alone show none", ["unit.read-outputs"], 404, 404],
		["unit.write-variables alone changes them", ["unit.write-variables"], 404, 201],
	];
	for (const [name, actions, reading, writing] of cases) {
		test(name, async () => {
			await using app = await seeded(actions);
			expect((await call(app, "GET", path)).status).toBe(reading);
			expect((await call(app, "POST", path, { key: "a" })).status).toBe(writing);
		});
	}
});

/** Variable sets over `/v1`: made, applied, filled and deleted, and the same over the TFE API. */
import { expect, test } from "bun:test";
import { createTestApp, seed } from "./test-app.ts";

const path = "/v1/variable-sets";

test("a set is made, applied, filled, seen by its units, and deleted", async () => {
	await using app = createTestApp();
	await seed(app);
	const call = async (method: string, at: string, body?: object) => {
		const init = body === undefined ? {} : { body: JSON.stringify(body) };
		const response = await app.send(method, at, init);
		const text = await response.text();
		return { status: response.status, text, json: text === "" ? null : JSON.parse(text) };
	};
	const { id } = (await call("POST", path, { name: "shared" })).json;
	const one = `${path}/${id}`;
	const inherited = "/v1/units/app__prod/variables?inherited=true";
	const made = await call("POST", `${one}/variables`, { key: "a", value: "1" });
	expect(made).toMatchObject({ status: 201, json: { key: "a", value: "1" } });
	expect((await call("POST", `${one}/variables`, { key: "a" })).status).toBe(409);
	expect((await call("GET", inherited)).json.count).toBe(0);
	const applied = await call("PATCH", one, { units: ["app/prod"], description: "ours" });
	expect(applied.json).toMatchObject({ name: "shared", units: ["app/prod"], description: "ours" });
	expect((await call("GET", inherited)).json.variables[0]).toMatchObject({
		...{ key: "a", value: "1", counts: true },
		set: { id, name: "shared" },
	});
	const variable = `${one}/variables/${made.json.id}`;
	const secret = { value: "CANARY-of-a-set", sensitive: true };
	expect((await call("PATCH", variable, secret)).json).toMatchObject({ value: null });
	expect((await call("GET", `${one}/variables`)).text).not.toContain("CANARY");
	expect((await call("PATCH", `${one}/variables/var-0123456789abcdef`, {})).status).toBe(404);
	const shown = await call("GET", `/tfe/api/v2/varsets/${id}`);
	expect(shown.json.data.attributes).toMatchObject({ name: "shared", "workspace-count": 1 });
	expect((await call("POST", path, { name: "shared" })).status).toBe(409);
	expect((await call("GET", path)).json).toMatchObject({ count: 1 });
	expect((await call("DELETE", variable)).status).toBe(204);
	expect((await call("GET", one)).json).toEqual((await call("GET", path)).json.variable_sets[0]);
	expect((await call("DELETE", one)).status).toBe(204);
	expect((await call("GET", one)).status).toBe(404);
	expect(app.log.join("")).not.toContain("CANARY");
});

test("a project's own set applies there only", async () => {
	await using app = createTestApp();
	await seed(app);
	const create = async (body: object) => {
		const response = await app.send("POST", path, { body: JSON.stringify(body) });
		return { status: response.status, json: (await response.json()) as { project: string } };
	};
	const own = { name: "ours", project: "prj-default", global: true };
	expect(await create(own)).toMatchObject({ status: 201, json: { project: "prj-default" } });
	expect((await create({ name: "other", project: "prj-none" })).status).toBe(404);
});

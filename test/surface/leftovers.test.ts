/** What a deleted project or team leaves behind: nothing that counts again, or that fills a limit. */
import { expect, test } from "bun:test";
import type { Principal } from "../../src/core/principal.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { realClock } from "../support/core.ts";
import { FaultStore } from "../support/fault-store.ts";
import { createTestApp, seed, type TestApp } from "./test-app.ts";

const ann: Principal = {
	...{ id: "oidc:ann", credentialKind: "access-token", loginId: "l-ann" },
	email: "ann@example.com",
};

function callsOf(app: TestApp) {
	return async (method: string, path: string, body?: object, who?: string) => {
		const response = await app.send(method, path, {
			headers: who === undefined ? {} : { authorization: `Bearer ${who}` },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
		const text = await response.text();
		return { status: response.status, json: text.startsWith("{") ? JSON.parse(text) : null };
	};
}

/** A team with Ann in it that may do everything in a project, which has a variable set of its own. */
async function furnished(app: TestApp) {
	const call = callsOf(app);
	const made = async (path: string, body: object): Promise<string> => {
		const { status, json } = await call("POST", path, body);
		expect({ path, status }).toEqual({ path, status: 201 });
		return json.id;
	};
	const team = await made("/v1/teams", { name: "platform" });
	await call("POST", `/v1/teams/${team}/members`, { members: ["ann@example.com"] });
	const furnish = async (name: string) => {
		const project = await made("/v1/projects", { name });
		await made("/v1/team-access", { team, project, level: "admin" });
		await made("/v1/variable-sets", { name: `of ${name}`, project });
		return project;
	};
	return { call, made, team, furnish };
}

test("a project takes along what names it", async () => {
	await using app = createTestApp({ decide: "roles", principals: { ann } });
	await seed(app);
	const { call, made, furnish } = await furnished(app);
	const shop = await furnish("shop");
	const kept = await furnish("kept");
	const shared = await made("/v1/variable-sets", { name: "shared", projects: [shop, kept] });
	await call("PATCH", "/v1/units/app__empty/settings", { project: "shop" });
	const unit = async () => (await call("GET", "/v1/units/app__empty", undefined, "ann")).status;
	expect(await unit()).toBe(200);
	expect((await call("DELETE", "/v1/units/app__empty")).status).toBe(204);
	expect((await call("DELETE", `/v1/projects/${shop}`)).status).toBe(204);

	const { team_access: access } = (await call("GET", "/v1/team-access")).json;
	expect(access.map(({ project }: { project: string }) => project)).toEqual([kept]);
	const { variable_sets: sets } = (await call("GET", "/v1/variable-sets")).json;
	expect(sets.map(({ name }: { name: string }) => name)).toEqual(["of kept", "shared"]);
	expect((await call("GET", `/v1/variable-sets/${shared}`)).json.projects).toEqual([kept]);
	// It comes back into no project that anybody may do something in.
	expect((await call("POST", "/v1/units/app__empty/undelete")).status).toBe(200);
	expect(await unit()).toBe(404);
	expect((await call("GET", "/v1/units/app__empty")).status).toBe(200);
	await made("/v1/variable-sets", { name: "of shop" });
});

test("a deletion that was cut off is finished by the next one", async () => {
	let isDown = false;
	const store = new FaultStore(new MemoryStore(realClock), ({ operation, key }) =>
		isDown && operation === "put_if_absent" && key.includes("/teams/")
			? { kind: "before", error: "denied", certain: true }
			: null,
	);
	await using app = createTestApp({ store, decide: "roles" });
	const { call, furnish } = await furnished(app);
	const [first, second] = [await furnish("first"), await furnish("second")];
	isDown = true;
	expect((await call("DELETE", `/v1/projects/${first}`)).status).toBe(503);
	isDown = false;
	expect((await call("GET", "/v1/team-access")).json.count).toBe(2);
	expect((await call("DELETE", `/v1/projects/${second}`)).status).toBe(204);
	expect((await call("GET", "/v1/team-access")).json.count).toBe(0);
	expect((await call("GET", "/v1/variable-sets")).json.variable_sets).toEqual([]);
});

test("a team takes along its tokens", async () => {
	await using app = createTestApp({ decide: "roles" });
	const { call, team } = await furnished(app);
	const path = `/tfe/api/v2/teams/${team}/authentication-tokens`;
	for (const description of ["ci", "deploy"]) {
		const data = { type: "authentication-tokens", attributes: { description } };
		expect((await call("POST", path, { data })).status).toBe(201);
	}
	const listed = async () => (await call("GET", "/v1/auth/tokens?all=true")).json.tokens;
	expect(await listed()).toHaveLength(2);
	expect((await call("DELETE", `/v1/teams/${team}`)).status).toBe(204);
	expect(await listed()).toEqual([]);
});

/** Teams and projects over `/v1`: the same ones as over the TFE API, in each organization its own. */
import { expect, test } from "bun:test";
import { teamDetails, teamLevels } from "../../src/api/teams.ts";
import type { Principal } from "../../src/core/principal.ts";
import {
	type AccessDetails,
	projectAccess,
	projectLevels,
	workspaceAccess,
	workspaceLevels,
} from "../../src/core/team/access.ts";
import { openEstate } from "./organization/estate.ts";
import { createTestApp, seed, type TestApp } from "./test-app.ts";

const ann: Principal = {
	...{ id: "oidc:ann", credentialKind: "access-token", loginId: "l-ann" },
	email: "ann@example.com",
};

async function call(app: TestApp, who: string | null, method: string, path: string, body?: object) {
	const response = await app.send(method, path, {
		headers: who === null ? {} : { authorization: `Bearer ${who}` },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	return { status: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : null };
}

test("a team is made, filled, let in, seen over the TFE API, narrowed and deleted", async () => {
	await using app = createTestApp({ decide: "roles", principals: { ann } });
	await seed(app);
	const root = (method: string, path: string, body?: object) => call(app, null, method, path, body);
	const team = (await root("POST", "/v1/teams", { name: "platform" })).json;
	const members = `/v1/teams/${team.id}/members`;
	expect((await root("POST", "/v1/teams", { name: "platform" })).status).toBe(409);
	expect((await call(app, "ann", "GET", `/v1/teams/${team.id}`)).status).toBe(404);
	const added = await root("POST", members, { members: ["ann@example.com", "service:x"] });
	expect(added.json.count).toBe(2);
	expect((await root("POST", members, { members: ["ann@example.com"] })).json.count).toBe(2);
	expect((await call(app, "ann", "GET", members)).json.count).toBe(2);

	const where = { team: team.id, unit: "app/prod" };
	const given = await root("POST", "/v1/team-access", { ...where, level: "write" });
	expect(given).toMatchObject({
		status: 201,
		json: { ...where, project: null, level: "write", project_access: null },
	});
	expect(given.json.unit_access).toMatchObject({ state_versions: "write", runs: "apply" });
	const again = await root("POST", "/v1/team-access", { ...where, level: "read" });
	expect(again.status).toBe(409);
	expect((await call(app, "ann", "GET", "/v1/units/app__prod")).status).toBe(200);
	const one = `/v1/team-access/${given.json.id}`;
	expect((await call(app, "ann", "PATCH", one, { level: "admin" })).status).toBe(403);
	expect((await call(app, "ann", "DELETE", one)).status).toBe(403);
	const custom = { level: "custom", unit_access: { state_versions: "read-outputs" } };
	expect((await root("PATCH", one, custom)).json).toMatchObject(custom);
	const more = { unit_access: { variables: "read" } };
	expect((await root("PATCH", one, more)).json.unit_access).toMatchObject({
		...{ state_versions: "read-outputs", variables: "read" },
	});
	expect((await root("PATCH", one, { level: "read" })).json).toMatchObject({ level: "read" });
	const onTfe = await root("GET", `/tfe/api/v2/team-workspaces/${given.json.id}`);
	expect(onTfe.json.data.attributes.access).toBe("read");

	const secret = (await root("POST", "/v1/projects", { name: "shop" })).json.id;
	const inProject = await root("POST", "/v1/team-access", {
		...{ team: team.id, project: secret, level: "custom" },
		project_access: { variable_sets: "read" },
	});
	expect(inProject.json).toMatchObject({
		...{ unit: null, project: secret, project_access: { variable_sets: "read" } },
	});
	const settings = { project_access: { settings: "update" } };
	const changed = await root("PATCH", `/v1/team-access/${inProject.json.id}`, settings);
	expect(changed.json.project_access).toMatchObject({ settings: "update", variable_sets: "read" });
	const counts = async (query: string) =>
		(await root("GET", `/v1/team-access?${query}`)).json.count;
	expect(await counts("")).toBe(2);
	expect(await counts(`team=${team.id}&unit=app/prod`)).toBe(1);
	expect(await counts(`project=${secret}`)).toBe(1);
	expect(await counts("team=team-none")).toBe(0);
	expect((await root("DELETE", `/v1/team-access/${inProject.json.id}`)).status).toBe(204);
	expect((await root("GET", `/v1/team-access/${inProject.json.id}`)).status).toBe(404);

	const change = { name: "infra", sso_team_id: "eng", organization_access: ["manage-teams"] };
	expect((await root("PATCH", `/v1/teams/${team.id}`, change)).json).toMatchObject(change);
	const less = { organization_access: [], sso_team_id: null };
	expect((await root("PATCH", `/v1/teams/${team.id}`, less)).json).toMatchObject(less);
	expect((await root("DELETE", `${members}/ann@example.com`)).status).toBe(204);
	expect((await call(app, "ann", "GET", "/v1/units/app__prod")).status).toBe(404);

	const base = `/tfe/api/v2/teams/${team.id}`;
	const token = (await root("POST", `${base}/authentication-token`, {})).json.data.attributes.token;
	expect((await call(app, token, "GET", "/v1/units/app__prod")).status).toBe(200);
	expect((await root("DELETE", `/v1/teams/${team.id}`)).status).toBe(204);
	expect((await call(app, token, "GET", "/v1/units/app__prod")).status).toBe(401);
	expect(await counts("")).toBe(0);
	expect((await root("GET", base)).status).toBe(404);
});

test("the wire's levels and details are those of the core", () => {
	const underscored = (details: AccessDetails) =>
		Object.fromEntries(
			Object.entries(details).map(([name, value]) => [name.replaceAll("-", "_"), value]),
		);
	const ofProject = projectAccess("custom", {}, {});
	expect<object>(teamDetails).toEqual({
		unit: underscored(workspaceAccess("custom", {}).workspace),
		unitsOfProject: underscored(ofProject.workspace),
		project: underscored(ofProject.project),
	});
	expect(teamLevels).toEqual({ unit: workspaceLevels, project: projectLevels });
});

test("a project is made, filled, renamed and deleted once it is empty", async () => {
	await using app = createTestApp();
	await seed(app);
	const root = (method: string, path: string, body?: object) => call(app, null, method, path, body);
	const { id } = (await root("POST", "/v1/projects", { name: "shop" })).json;
	const settings = "/v1/units/app__prod/settings";
	expect((await root("PATCH", settings, { project: "shop" })).status).toBe(200);
	const renamed = await root("PATCH", `/v1/projects/${id}`, { name: "store" });
	expect(renamed.json).toMatchObject({ id, name: "store", default: false });
	expect((await root("GET", settings)).json.project).toBe("store");
	expect((await root("DELETE", `/v1/projects/${id}`)).status).toBe(409);
	expect((await root("PATCH", settings, { project: "Default Project" })).status).toBe(200);
	expect((await root("DELETE", `/v1/projects/${id}`)).status).toBe(204);
	expect((await root("GET", `/v1/projects/${id}`)).status).toBe(404);
});

test("an organization has teams and projects of its own", async () => {
	await using estate = await openEstate();
	const acme = "/v1/orgs/acme";
	const made = await estate.as("alice", "POST", `${acme}/teams`, { name: "platform" });
	expect(made.status).toBe(201);
	const { id } = JSON.parse(made.text);
	const members = `${acme}/teams/${id}/members`;
	const one = { members: ["stranger@example.com"] };
	expect((await estate.as("alice", "POST", members, one)).status).toBe(200);
	const access = { team: id, unit: "app/prod", level: "read" };
	expect((await estate.as("alice", "POST", `${acme}/team-access`, access)).status).toBe(201);
	const reads = async (at: string) =>
		(await estate.as("stranger", "GET", `${at}/units/app__prod`)).status;
	expect([await reads(acme), await reads("/v1/orgs/beta"), await reads("/v1")]).toEqual([
		...[200, 404, 404],
	]);
	expect((await estate.as("bob", "GET", `/v1/orgs/beta/teams/${id}`)).status).toBe(404);
	const foreign = await estate.as("bob", "POST", "/v1/orgs/beta/team-access", access);
	expect(foreign.status).toBe(404);
	expect((await estate.as("root", "GET", "/v1/teams")).text).not.toContain("platform");
	const project = await estate.as("alice", "POST", `${acme}/projects`, { name: "shop" });
	expect(project.status).toBe(201);
	expect((await estate.as("root", "GET", "/v1/projects")).text).not.toContain("shop");
});

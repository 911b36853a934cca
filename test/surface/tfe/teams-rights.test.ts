/** What nobody comes to have by a credential, a label or a project that is not meant for it. */
import { describe, expect, test } from "bun:test";
import { workspaceId } from "../../support/workspace-id.ts";
import { base, call, made, onWorkspace, org, team, useTeamsApp } from "./teams-app.ts";

useTeamsApp();

describe("a team's token", () => {
	test("of another organization finds nobody here by its name", async () => {
		const people = { data: [{ type: "users", id: "bob@example.com" }] };
		const owners = "team-owners/relationships/users";
		expect((await call(null, "POST", `${base}/teams/${owners}`, people)).status).toBe(204);
		const organization = { type: "organizations", attributes: { name: "acme" } };
		await made(`${base}/organizations`, { data: organization });
		const ours = `${base}/teams/team-.acme.owners/authentication-token`;
		const { token } = (await made(ours, {})).attributes;
		expect((await call(token, "GET", `${base}/organizations/acme/teams`)).status).toBe(200);
		await made(`${org}/projects`, { data: { type: "projects", attributes: { name: "hidden" } } });
		for (const list of ["organization-memberships", "teams?include=users", "projects"]) {
			const { status, data } = await call(token, "GET", `${org}/${list}`);
			expect({ list, status, data }).toEqual({ list, status: 200, data: [] });
		}
		for (const list of ["projects", "teams"]) {
			expect((await call(token, "GET", `/v1/${list}`)).json).toMatchObject({ count: 0 });
		}
		for (const one of ["teams/team-owners", "projects/prj-default"]) {
			expect((await call(token, "GET", `${base}/${one}`)).status).toBe(404);
			expect((await call(token, "GET", `/v1/${one}`)).status).toBe(404);
		}
	});

	test("ends no other token of the team, and a narrowed one of a member neither", async () => {
		const id = await team("platform", ["ann@example.com"]);
		const path = `${base}/teams/${id}/authentication-tokens`;
		const described = (description: string) => ({
			data: { type: "authentication-tokens", attributes: { description } },
		});
		const [one, other] = [await made(path, described("a")), await made(path, described("b"))];
		const narrowed = { name: "narrow", units: ["shop/a"] };
		const issued = await call("ann", "POST", "/v1/auth/tokens", narrowed);
		expect(issued.status).toBe(201);
		for (const token of [one.attributes.token, issued.json.token]) {
			const single = `${base}/authentication-tokens/${other.id}`;
			expect((await call(token, "GET", single)).status).toBe(404);
			expect((await call(token, "DELETE", single)).status).toBe(404);
		}
		const renewal = `/v1/auth/tokens/${other.id.slice("at-".length)}/renew`;
		expect((await call(null, "POST", renewal, { ttl_seconds: 60 })).status).toBe(403);
		expect((await call(other.attributes.token, "GET", `${base}/account/details`)).status).toBe(200);
	});
});

describe("who may write a unit and administers a project", () => {
	const inProject = (id: string, access: string, project: string) => ({
		data: {
			...{ type: "team-projects", attributes: { access } },
			relationships: {
				team: { data: { type: "teams", id } },
				project: { data: { type: "projects", id: project } },
			},
		},
	});
	const project = async (name: string) => {
		const { id } = await made(`${org}/projects`, {
			data: { type: "projects", attributes: { name } },
		});
		return id as string;
	};

	test("does not come to administer the unit by moving it there", async () => {
		const id = await team("platform", ["ann@example.com"]);
		const mine = await project("mine");
		await made(`${base}/team-projects`, inProject(id, "admin", mine));
		await made(`${base}/team-workspaces`, onWorkspace(id, "write"));
		const move = { data: [{ type: "workspaces", id: workspaceId("shop/a") }] };
		const path = `${base}/projects/${mine}/relationships/workspaces`;
		expect((await call("ann", "POST", path, move)).status).toBe(403);
		const settings = { project: "mine" };
		expect((await call("ann", "PATCH", "/v1/units/shop__a/settings", settings)).status).toBe(403);
		expect(
			(await call("ann", "DELETE", `${base}/workspaces/${workspaceId("shop/a")}`)).status,
		).toBe(403);
		// Between projects that they administer alike they gain nothing.
		const other = await project("other");
		await made(`${base}/team-projects`, inProject(id, "admin", other));
		expect((await call(null, "POST", path, move)).status).toBe(204);
		const on = `${base}/projects/${other}/relationships/workspaces`;
		expect((await call("ann", "POST", on, move)).status).toBe(204);
	});

	async function withRules(rules: readonly string[]): Promise<void> {
		await call(null, "POST", "/v1/rbac/init");
		const permission = { id: "dev", name: "dev", rules: rules.map(ruleOf) };
		expect((await call(null, "POST", "/v1/rbac/permissions", permission)).status).toBe(201);
		await call(null, "POST", "/v1/rbac/roles", { id: "dev" });
		await call(null, "POST", "/v1/rbac/roles/dev/permissions", { permission_id: "dev" });
		const assigned = { email: "ann@example.com", role_id: "dev" };
		expect((await call(null, "POST", "/v1/rbac/users/assign", assigned)).status).toBe(200);
	}

	test("does not come to speak for a machine that has rights by making tokens", async () => {
		await withRules(["allow:token.manage:*"]);
		const token = (name: string) => call("ann", "POST", "/v1/auth/tokens", { name, service: true });
		expect((await token("fresh")).status).toBe(201);
		const strong = { kind: "token", subject: "deployer", role_id: "admin" };
		expect((await call(null, "POST", "/v1/rbac/users/assign", strong)).status).toBe(200);
		expect((await token("deployer")).status).toBe(403);
		await team("machines", ["service:builder"]);
		expect((await token("builder")).status).toBe(403);
		const made = { name: "deployer", service: true, ttl_seconds: 60 };
		const { json } = await call(null, "POST", "/v1/auth/tokens", made);
		const renewal = `/v1/auth/tokens/${json.id}/renew`;
		expect((await call("ann", "POST", renewal, { ttl_seconds: 3600 })).status).toBe(403);
		expect((await call(null, "POST", renewal, { ttl_seconds: 3600 })).status).toBe(200);
	});

	test("does not come to see what a deleted unit was by making it anew", async () => {
		await withRules(["allow:*:team=a"]);
		expect((await call(null, "DELETE", "/v1/units/shop__a")).status).toBe(204);
		const made = (id: string, labels: object) => call("ann", "POST", "/v1/units", { id, labels });
		expect((await made("shop/a", { team: "a" })).status).toBe(403);
		expect((await made("shop/c", { team: "a" })).status).toBe(201);
		expect((await call("ann", "DELETE", "/v1/units/shop__c")).status).toBe(204);
		expect((await made("shop/c", { team: "a" })).status).toBe(201);
	});

	test("does not come to declare everybody's dependencies by making the system unit", async () => {
		const id = await team("platform", ["ann@example.com"]);
		const mine = await project("mine");
		await made(`${base}/team-projects`, inProject(id, "admin", mine));
		const workspace = (name: string) => ({
			data: {
				...{ type: "workspaces", attributes: { name } },
				relationships: { project: { data: { type: "projects", id: mine } } },
			},
		});
		const path = `${org}/workspaces`;
		expect((await call("ann", "POST", path, workspace("other"))).status).toBe(201);
		expect((await call("ann", "POST", path, workspace("__opentaco_system"))).status).toBe(403);
		expect((await call(null, "POST", path, workspace("__opentaco_system"))).status).toBe(201);
	});

	test("does not come to delete it by a label", async () => {
		await withRules(["allow:unit.read,unit.write:shop/a", "allow:unit.delete,unit.write:team=a"]);
		const label = (labels: object) => call("ann", "PATCH", "/v1/units/shop__a", { labels });
		expect((await label({ team: "b" })).status).toBe(200);
		expect((await label({ team: "a" })).status).toBe(403);
		expect((await call("ann", "DELETE", "/v1/units/shop__a")).status).toBe(403);
	});
});

function ruleOf(text: string) {
	const [effect = "", actions = "", ...resources] = text.split(":");
	return { effect, actions: actions.split(","), resources: [resources.join(":")] };
}

/** Teams and variables of one organization are not there for another one. */
import { expect, test } from "bun:test";
import { idHeadOf } from "../../../src/core/organization/id.ts";
import { workspaceId } from "../../support/workspace-id.ts";
import { base, call, made, teamBody, useTeamsApp } from "./teams-app.ts";

useTeamsApp();

/** What ids in the organization begin with. */
const acmeHead = idHeadOf("acme");

test("teams, accesses, sets and tokens of an organization stay in it", async () => {
	const organization = {
		data: { type: "organizations", attributes: { name: "acme", email: "ops@example.com" } },
	};
	await made(`${base}/organizations`, organization);
	const acme = `${base}/organizations/acme`;
	const team = await made(`${acme}/teams`, teamBody("core"));
	expect(team.id).toStartWith(`team-${acmeHead}`);
	const workspace = { data: { type: "workspaces", attributes: { name: "shop__a" } } };
	const { id } = await made(`${acme}/workspaces`, workspace);
	const relationships = {
		team: { data: { type: "teams", id: team.id } },
		workspace: { data: { type: "workspaces", id } },
	};
	const given = {
		data: { type: "team-workspaces", attributes: { access: "write" }, relationships },
	};
	const access = await made(`${base}/team-workspaces`, given);
	expect(access.id).toStartWith(`tws-${acmeHead}`);
	const query = `?filter[workspace][id]=${id}`;
	expect((await call(null, "GET", `${base}/team-workspaces${query}`)).data).toHaveLength(1);
	// The unit of the same name in the default organization is another one.
	const mixed = {
		...relationships,
		workspace: { data: { type: "workspaces", id: workspaceId("shop/a") } },
	};
	const wrong = { data: { ...given.data, relationships: mixed } };
	expect((await call(null, "POST", `${base}/team-workspaces`, wrong)).status).toBe(404);
	const users = `${base}/teams/${team.id}/relationships/users`;
	const people = { data: [{ type: "users", id: "ann@example.com" }] };
	expect((await call(null, "POST", users, people)).status).toBe(204);
	expect((await call("ann", "GET", `${base}/workspaces/${id}`)).status).toBe(200);
	expect((await call("ann", "GET", `${base}/workspaces/${workspaceId("shop/a")}`)).status).toBe(
		404,
	);
	const set = { data: { type: "varsets", attributes: { name: "all", global: true } } };
	expect((await made(`${acme}/varsets`, set)).id).toStartWith(`varset-${acmeHead}`);
	expect((await call(null, "GET", `${base}/organizations/default/varsets`)).data).toHaveLength(0);
	const token = await made(`${base}/teams/${team.id}/authentication-token`, {});
	expect(token.id).toStartWith("at-.acme.");
	const { token: text } = token.attributes;
	expect((await call(text, "GET", `${base}/workspaces/${id}`)).status).toBe(200);
	expect((await call(text, "GET", `${base}/workspaces/${workspaceId("shop/a")}`)).status).toBe(404);
	const ours = (await made(`${acme}/authentication-token`, {})).attributes.token;
	expect((await call(ours, "POST", `${acme}/teams`, teamBody("more"))).status).toBe(201);
	const elsewhere = `${base}/organizations/default/teams`;
	expect((await call(ours, "POST", elsewhere, teamBody("more"))).status).toBe(403);
	expect((await call(null, "DELETE", `${base}/authentication-tokens/${token.id}`)).status).toBe(
		204,
	);
	expect((await call(text, "GET", `${base}/workspaces/${id}`)).status).toBe(401);
});

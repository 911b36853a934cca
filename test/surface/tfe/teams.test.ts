/** Teams as clients of the TFE API manage them, and what follows on every surface. */
import { describe, expect, test } from "bun:test";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { workspaceId } from "../../support/workspace-id.ts";
import { stateText } from "../test-app.ts";
import {
	app,
	base,
	call,
	made,
	onWorkspace,
	org,
	related,
	team,
	teamBody,
	useTeamsApp,
	work,
} from "./teams-app.ts";

useTeamsApp();

describe("a team with access to a workspace", () => {
	test("works there and nowhere else, until it is taken away", async () => {
		const id = await team("platform", ["ann@example.com"]);
		const access = await made(`${base}/team-workspaces`, onWorkspace(id, "write"));
		expect(access.attributes).toMatchObject({ runs: "apply", "workspace-locking": true });
		expect(await work("ann", "shop/a")).toEqual([200, 200, 200, 200, 200, 200, 200, 200]);
		expect(await work("ann", "shop/b")).toEqual([404, 404, 404, 404, 404, 404, 404, 404]);
		expect(await work("bob", "shop/a")).toEqual([404, 404, 404, 404, 404, 404, 404, 404]);
		const list = await call("ann", "GET", `${org}/workspaces`);
		expect(list.data.map((one: { id: string }) => one.id)).toEqual([workspaceId("shop/a")]);
		const rights = list.data[0].attributes.permissions;
		expect(rights).toMatchObject({ "can-lock": true, "can-destroy": false });
		const one = `${base}/team-workspaces/${access.id}`;
		const reading = { data: { type: "team-workspaces", attributes: { access: "read" } } };
		expect((await call("ann", "PATCH", one, reading)).status).toBe(403);
		expect((await call(null, "PATCH", one, reading)).status).toBe(200);
		expect(await work("ann", "shop/a")).toEqual([200, 403, 403, 403, 200, 403, 403, 200]);
		expect((await call(null, "DELETE", one)).status).toBe(204);
		expect((await call("ann", "GET", "/v1/units/shop__a")).status).toBe(404);
	});

	test("over S3 too, with credentials that its token got", async () => {
		const id = await team("platform");
		await made(`${base}/team-workspaces`, onWorkspace(id, "write"));
		const token = (await made(`${base}/teams/${id}/authentication-token`, {})).attributes.token;
		const issued = await call(token, "POST", "/v1/auth/issue-s3-creds");
		expect(issued.status).toBe(200);
		const { AccessKeyId, SecretAccessKey, SessionToken } = issued.json;
		await using server = Bun.serve({
			...{ port: 0, hostname: "127.0.0.1" },
			fetch: (request) => app.app.fetch(request),
		});
		const client = new S3Client({
			...{ endpoint: `http://127.0.0.1:${server.port}/s3`, region: "auto" },
			...{ forcePathStyle: true, maxAttempts: 1 },
			credentials: {
				...{ accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey },
				sessionToken: SessionToken,
			},
		});
		const write = async (unit: string) => {
			const Key = `${unit}/terraform.tfstate`;
			await client.send(new PutObjectCommand({ Bucket: "default", Key, Body: stateText(2) }));
			const got = await client.send(new GetObjectCommand({ Bucket: "default", Key }));
			return await got.Body?.transformToString();
		};
		expect(await write("shop/a")).toBe(stateText(2));
		await expect(write("shop/b")).rejects.toThrow();
		expect(await work(token, "shop/a")).toEqual([200, 200, 200, 200, 200, 200, 200, 200]);
		expect(await work(token, "shop/b")).toEqual([404, 404, 404, 404, 404, 404, 404, 404]);
	});

	test("custom access is what its parts say", async () => {
		const id = await team("platform", ["ann@example.com"]);
		const parts = { variables: "write", "state-versions": "read-outputs" };
		const access = await made(
			`${base}/team-workspaces`,
			onWorkspace(id, "custom", workspaceId("shop/a"), parts),
		);
		expect(access.attributes).toMatchObject({ access: "custom", runs: "read", ...parts });
		const vars = "/v1/units/shop__a/variables";
		expect((await call("ann", "POST", vars, { key: "a", value: "b" })).status).toBe(201);
		expect((await call("ann", "GET", vars)).status).toBe(200);
		const ws = `${base}/workspaces/${workspaceId("shop/a")}`;
		expect((await call("ann", "GET", `${ws}/current-state-version-outputs`)).status).toBe(200);
		expect((await call("ann", "POST", `${ws}/actions/lock`, {})).status).toBe(404);
		const wrong = onWorkspace(id, "custom", workspaceId("shop/b"), { variables: "all" });
		expect((await call(null, "POST", `${base}/team-workspaces`, wrong)).status).toBe(422);
		const both = onWorkspace(id, "read", workspaceId("shop/b"), { runs: "apply" });
		const refused = await call(null, "POST", `${base}/team-workspaces`, both);
		// Clients of the vendor's API know a wrong attribute by the whole text.
		expect(refused.json.errors).toEqual([
			{
				status: "422",
				title: "invalid attribute",
				detail:
					"Runs is read-only when access level is 'read'; use the 'custom' access level to set this attribute.",
			},
		]);
	});

	test("has one access to a workspace, and its administrators give others", async () => {
		const admins = await team("admins", ["ann@example.com"], { visibility: "organization" });
		const others = await team("others", ["bob@example.com"], { visibility: "organization" });
		await made(`${base}/team-workspaces`, onWorkspace(admins, "admin"));
		const again = await call(null, "POST", `${base}/team-workspaces`, onWorkspace(admins, "read"));
		expect(again.status).toBe(422);
		await made(`${base}/team-workspaces`, onWorkspace(others, "read"), "ann");
		expect((await call("bob", "GET", "/v1/units/shop__a")).status).toBe(200);
		const elsewhere = onWorkspace(others, "read", workspaceId("shop/b"));
		expect((await call("ann", "POST", `${base}/team-workspaces`, elsewhere)).status).toBe(404);
		const query = `?filter[workspace][id]=${workspaceId("shop/a")}`;
		expect((await call("bob", "GET", `${base}/team-workspaces${query}`)).data).toHaveLength(2);
		expect((await call("cat", "GET", `${base}/team-workspaces${query}`)).status).toBe(404);
		const owners = onWorkspace("team-owners", "read");
		expect((await call(null, "POST", `${base}/team-workspaces`, owners)).status).toBe(422);
	});
});

describe("a team with access to a project", () => {
	test("maintains what is in it and makes more", async () => {
		const project = await made(`${org}/projects`, {
			data: { type: "projects", attributes: { name: "shop" } },
		});
		const id = await team("platform", ["ann@example.com"]);
		await made(`${base}/team-projects`, {
			data: {
				type: "team-projects",
				attributes: { access: "maintain" },
				relationships: { team: related("teams", id), project: related("projects", project.id) },
			},
		});
		const workspace = (name: string, at?: string) => ({
			data: {
				...{ type: "workspaces", attributes: { name } },
				...(at === undefined ? {} : { relationships: { project: related("projects", at) } }),
			},
		});
		const create = (body: object) => call("ann", "POST", `${org}/workspaces`, body);
		expect((await create(workspace("shop__new", project.id))).status).toBe(201);
		expect((await create(workspace("shop__other"))).status).toBe(403);
		expect(await work("ann", "shop/a")).toEqual([404, 404, 404, 404, 404, 404, 404, 404]);
		expect((await work("ann", "shop/new")).slice(1, 4)).toEqual([200, 200, 200]);
		expect(
			(await call("ann", "DELETE", `${base}/workspaces/${workspaceId("shop/new")}`)).status,
		).toBe(204);
		expect((await call("ann", "POST", "/v1/units/shop__new/undelete")).status).toBe(200);
		expect(
			(await call("ann", "DELETE", `${base}/workspaces/${workspaceId("shop/new")}`)).status,
		).toBe(204);
		const shown = await call("ann", "GET", `${base}/projects/${project.id}`);
		expect(shown.data.attributes.permissions).toMatchObject({
			"can-update": false,
			"can-create-workspace": true,
		});
		expect((await call("ann", "DELETE", `${base}/projects/${project.id}`)).status).toBe(403);
	});
});

describe("who is in a team", () => {
	test("a group of the identity provider", async () => {
		const id = await team("platform", [], { "sso-team-id": "idp-platform" });
		await made(`${base}/team-workspaces`, onWorkspace(id, "read"));
		expect((await call("cat", "GET", "/v1/units/shop__a")).status).toBe(200);
		expect((await call("ann", "GET", "/v1/units/shop__a")).status).toBe(404);
	});

	test("members are invited, listed with their users, and taken out of everything at once", async () => {
		const id = await team("platform");
		const invited = await made(`${org}/organization-memberships`, {
			data: {
				type: "organization-memberships",
				attributes: { email: "Ann@Example.com" },
				relationships: { teams: { data: [{ type: "teams", id }] } },
			},
		});
		expect(invited.attributes).toMatchObject({ email: "ann@example.com", status: "active" });
		await made(`${base}/team-workspaces`, onWorkspace(id, "read"));
		expect((await call("ann", "GET", "/v1/units/shop__a")).status).toBe(200);
		const list = await call(null, "GET", `${org}/teams?include=users`);
		const shown = list.data.find((one: { id: string }) => one.id === id);
		expect(shown.attributes["users-count"]).toBe(1);
		expect(list.json.included[0].attributes.username).toBe("ann@example.com");
		const own = await call("ann", "GET", `${base}/organization-memberships`);
		expect(own.data.map((one: { id: string }) => one.id)).toEqual([invited.id]);
		const again = await call(null, "POST", `${org}/organization-memberships`, {
			data: { type: "organization-memberships", attributes: { email: "ann@example.com" } },
		});
		expect(again.status).toBe(422);
		const path = `${base}/organization-memberships/${invited.id}`;
		expect((await call("bob", "DELETE", path)).status).toBe(404);
		expect((await call(null, "DELETE", path)).status).toBe(204);
		expect((await call("ann", "GET", "/v1/units/shop__a")).status).toBe(404);
		expect((await call(null, "GET", `${base}/teams/${id}`)).data.attributes["users-count"]).toBe(0);
	});

	test("a secret team is seen by its members and those who manage teams", async () => {
		const id = await team("hidden", ["ann@example.com"]);
		const open = await team("open", [], { visibility: "organization" });
		const seen = async (who: string | null) =>
			(await call(who, "GET", `${org}/teams`)).data.map((one: { id: string }) => one.id);
		expect(await seen("ann")).toEqual([id, open, "team-owners"]);
		expect(await seen("bob")).toEqual([]);
		expect((await call("bob", "GET", `${base}/teams/${open}`)).status).toBe(404);
		expect((await call("bob", "GET", `${org}/projects`)).data).toEqual([]);
		await team("others", ["bob@example.com"]);
		expect(await seen("bob")).toContain(open);
		expect((await call("bob", "GET", `${org}/projects`)).data).toHaveLength(1);
		expect((await call("bob", "GET", `${base}/teams/${id}`)).status).toBe(404);
		expect((await call("bob", "PATCH", `${base}/teams/${open}`, teamBody("mine"))).status).toBe(
			403,
		);
	});
});

describe("the owners", () => {
	const users = `${base}/teams/team-owners/relationships/users`;
	const people = (...ids: string[]) => ({ data: ids.map((id) => ({ type: "users", id })) });

	test("administer the organization, and cannot be left without anybody", async () => {
		expect((await call(null, "POST", users, people("ann@example.com"))).status).toBe(204);
		expect(await work("ann", "shop/b")).toEqual([200, 200, 200, 200, 200, 200, 200, 200]);
		expect((await call("ann", "GET", "/v1/rbac/roles")).status).toBe(200);
		expect((await call("ann", "DELETE", users, people("ann@example.com"))).status).toBe(422);
		expect((await call("ann", "POST", users, people("bob@example.com"))).status).toBe(204);
		expect((await call("ann", "DELETE", users, people("ann@example.com"))).status).toBe(204);
		expect((await call("ann", "GET", "/v1/units/shop__b")).status).toBe(404);
		expect((await call("bob", "DELETE", `${base}/teams/team-owners`)).status).toBe(422);
	});

	test("are not to be joined by those who manage teams and members", async () => {
		const flags = { "manage-teams": true, "manage-membership": true };
		await team("hr", ["ann@example.com"], { "organization-access": flags });
		expect((await call("ann", "POST", `${org}/teams`, teamBody("new"))).status).toBe(201);
		expect((await call("ann", "POST", users, people("ann@example.com"))).status).toBe(403);
		expect(
			(await call("ann", "POST", `${base}/teams/team-owners/authentication-token`)).status,
		).toBe(403);
		const invited = await call("ann", "POST", `${org}/organization-memberships`, {
			data: {
				type: "organization-memberships",
				attributes: { email: "eve@example.com" },
				relationships: { teams: { data: [{ type: "teams", id: "team-owners" }] } },
			},
		});
		expect(invited.status).toBe(403);
		const powers = { "organization-access": { "manage-workspaces": true } };
		expect((await call("ann", "POST", `${org}/teams`, teamBody("x", powers))).status).toBe(403);
		expect((await call("ann", "POST", `${org}/authentication-token`, {})).status).toBe(403);
	});

	test("`taco rbac test` names the team", async () => {
		await call(null, "POST", users, people("ann@example.com"));
		const question = { email: "ann@example.com", action: "unit.write", resource: "shop/a" };
		const { json } = await call(null, "POST", "/v1/rbac/test", question);
		expect(json).toMatchObject({ allowed: true, user_roles: ["team:owners"] });
		const me = await call("ann", "GET", "/v1/rbac/me");
		expect(me.json.roles).toEqual(["team:owners"]);
	});
});

test("of many changes at once none is lost, and the trail names them without secrets", async () => {
	const ids = await Promise.all(["a", "b", "c", "d"].map((name) => team(name)));
	const data = Array.from({ length: 5 }, (_, n) => ({ type: "users", id: `p${n}@example.com` }));
	await Promise.all(
		ids.flatMap((id) =>
			data.map((one) =>
				call(null, "POST", `${base}/teams/${id}/relationships/users`, { data: [one] }),
			),
		),
	);
	for (const id of ids) {
		const { data: shown } = await call(null, "GET", `${base}/teams/${id}`);
		expect(shown.attributes["users-count"]).toBe(5);
	}
	expect((await call(null, "GET", `${org}/organization-memberships`)).data).toHaveLength(5);
	const { token } = (await made(`${base}/teams/${ids[0]}/authentication-token`, {})).attributes;
	await app.core.flush();
	const trail = await call(null, "GET", "/v1/audit?limit=200");
	for (const operation of ["team.create", "team.members.add", "team.token.create", "token.issue"]) {
		expect(trail.text).toContain(`"${operation}"`);
	}
	expect(trail.text + app.log.join("")).not.toContain(token.slice(-40));
});

/** Calls of the routes about teams, members and tokens, for routes.test.ts. */
import { workspaceId } from "../../support/workspace-id.ts";
import type { TestApp } from "../test-app.ts";
import type { Call } from "./calls.ts";

const base = "/tfe/api/v2";
const org = `${base}/organizations/default`;
const O = "/organizations/:organization";

/** Makes something and gives its id. */
async function made(app: TestApp, path: string, body: object): Promise<string> {
	const response = await app.send("POST", path, { body: JSON.stringify(body) });
	return ((await response.json()) as { data: { id: string } }).data.id;
}

const teamNamed = (name: string) => ({ data: { type: "teams", attributes: { name } } });
const team = (app: TestApp) => made(app, `${org}/teams`, teamNamed("core"));
const people = { data: [{ type: "users", id: "ann@example.com" }] };
const invitation = {
	data: { type: "organization-memberships", attributes: { email: "ann@example.com" } },
};
const member = (app: TestApp) => made(app, `${org}/organization-memberships`, invitation);

async function teamWithMember(app: TestApp): Promise<string> {
	const id = await team(app);
	const path = `${base}/teams/${id}/relationships/users`;
	await app.send("POST", path, { body: JSON.stringify(people) });
	return id;
}

const related = (type: string, id: string) => ({ data: { type, id } });
const workspaceAccess = (id: string, access = "write") => ({
	data: {
		type: "team-workspaces",
		attributes: { access },
		relationships: {
			team: related("teams", id),
			workspace: related("workspaces", workspaceId("app/prod")),
		},
	},
});
const projectAccess = (id: string, access = "write") => ({
	data: {
		type: "team-projects",
		attributes: { access },
		relationships: { team: related("teams", id), project: related("projects", "prj-default") },
	},
});

const givenWorkspace = async (app: TestApp) =>
	await made(app, `${base}/team-workspaces`, workspaceAccess(await team(app)));
const givenProject = async (app: TestApp) =>
	await made(app, `${base}/team-projects`, projectAccess(await team(app)));
const changed = (type: string) => ({ data: { type, attributes: { access: "read" } } });

async function teamWithToken(app: TestApp): Promise<string> {
	const id = await team(app);
	await made(app, `${base}/teams/${id}/authentication-token`, {});
	return id;
}

const tokenOfTeam = async (app: TestApp) =>
	await made(app, `${base}/teams/${await team(app)}/authentication-token`, {});
const organizationToken = (app: TestApp) => made(app, `${org}/authentication-token`, {});

/** What only those who manage teams do; a secret team is not there for others. */
const managed = { reader: 403, stranger: 403 } as const;
const secret = { reader: 404, stranger: 404 } as const;

const memberCalls: readonly Call[] = [
	{ route: `GET ${O}/teams`, path: `${org}/teams`, status: 200, stranger: 200 },
	{
		route: `POST ${O}/teams`,
		path: `${org}/teams`,
		body: teamNamed("core"),
		status: 201,
		...managed,
	},
	{ route: "GET /teams/:team", path: `${base}/teams/team-owners`, status: 200 },
	{
		...{ route: "PATCH /teams/:team", path: `${base}/teams/{id}`, before: team },
		...{ body: { data: { type: "teams", attributes: { visibility: "organization" } } } },
		...{ status: 200, ...secret },
	},
	{
		...{ route: "DELETE /teams/:team", path: `${base}/teams/{id}`, before: team },
		...{ status: 204, ...secret },
	},
	...(["POST", "DELETE"] as const).flatMap((method): Call[] => [
		{
			route: `${method} /teams/:team/relationships/users`,
			path: `${base}/teams/{id}/relationships/users`,
			...{ before: team, body: people, status: 204, ...secret },
		},
		{
			route: `${method} /teams/:team/relationships/organization-memberships`,
			path: `${base}/teams/team-owners/relationships/organization-memberships`,
			body: { data: [{ type: "organization-memberships", id: "{id}" }] },
			...{ before: member, status: 204, ...managed, stranger: 404 },
		},
	]),
	{
		route: "GET /teams/:team/relationships/organization-memberships",
		path: `${base}/teams/{id}/relationships/organization-memberships`,
		...{ before: teamWithMember, status: 200, ...secret },
	},
	{
		route: `GET ${O}/organization-memberships`,
		path: `${org}/organization-memberships?include=user`,
		...{ before: member, status: 200, stranger: 200 },
	},
	{
		route: `POST ${O}/organization-memberships`,
		path: `${org}/organization-memberships`,
		...{ body: invitation, status: 201, ...managed },
	},
	{
		route: "GET /organization-memberships",
		path: `${base}/organization-memberships`,
		...{ status: 200, stranger: 200 },
	},
	...(["GET", "DELETE"] as const).map(
		(method): Call => ({
			route: `${method} /organization-memberships/:membership`,
			path: `${base}/organization-memberships/{id}`,
			...{ before: member, status: method === "GET" ? 200 : 204, ...secret },
		}),
	),
	{
		route: "GET /users/:user",
		path: `${base}/users/user-8c6976e5b5410415`,
		status: 200,
		stranger: 200,
	},
];

const accessCalls: readonly Call[] = [
	{
		route: "GET /team-workspaces",
		path: `${base}/team-workspaces?filter[workspace][id]=${workspaceId("app/prod")}`,
		...{ before: givenWorkspace, status: 200 },
	},
	{
		route: "POST /team-workspaces",
		path: `${base}/team-workspaces`,
		...{ before: team, body: workspaceAccess("{id}"), status: 201, reader: 403 },
	},
	{
		route: "GET /team-projects",
		path: `${base}/team-projects?filter[project][id]=prj-default`,
		...{ before: givenProject, status: 200, stranger: 200 },
	},
	{
		route: "POST /team-projects",
		path: `${base}/team-projects`,
		...{ before: team, body: projectAccess("{id}"), status: 201, ...managed, stranger: 404 },
	},
	...(["GET", "PATCH", "DELETE"] as const).flatMap((method): Call[] =>
		[
			{ type: "team-workspaces", before: givenWorkspace },
			{ type: "team-projects", before: givenProject },
		].map(({ type, before }) => ({
			...{ route: `${method} /${type}/:access`, path: `${base}/${type}/{id}`, before },
			...(method === "PATCH" ? { body: changed(type) } : {}),
			...{ status: method === "DELETE" ? 204 : 200, ...secret },
		})),
	),
];

const tokenCalls: readonly Call[] = [
	{
		route: "GET /users/:user/authentication-tokens",
		path: `${base}/users/user-8c6976e5b5410415/authentication-tokens`,
		...{ status: 200, stranger: 200 },
	},
	{
		route: "POST /users/:user/authentication-tokens",
		path: `${base}/users/user-8c6976e5b5410415/authentication-tokens`,
		body: { data: { type: "authentication-tokens", attributes: { description: "laptop" } } },
		...{ status: 201, reader: 201, stranger: 201 },
	},
	{
		route: "GET /teams/:team/authentication-token",
		path: `${base}/teams/{id}/authentication-token`,
		...{ before: teamWithToken, status: 200, ...secret },
	},
	{
		route: "POST /teams/:team/authentication-token",
		path: `${base}/teams/{id}/authentication-token`,
		...{ before: teamWithToken, status: 201, ...secret },
	},
	{
		route: "DELETE /teams/:team/authentication-token",
		path: `${base}/teams/{id}/authentication-token`,
		...{ before: teamWithToken, status: 204, ...secret },
	},
	{
		route: "GET /teams/:team/authentication-tokens",
		path: `${base}/teams/{id}/authentication-tokens`,
		...{ before: teamWithToken, status: 200, ...secret },
	},
	{
		route: "POST /teams/:team/authentication-tokens",
		path: `${base}/teams/{id}/authentication-tokens`,
		body: { data: { type: "authentication-tokens", attributes: { description: "ci" } } },
		...{ before: teamWithToken, status: 201, ...secret },
	},
	{
		route: `GET ${O}/team-tokens`,
		path: `${org}/team-tokens`,
		...{ before: teamWithToken, status: 200, ...managed },
	},
	{
		route: `DELETE ${O}/team-tokens`,
		path: `${org}/team-tokens`,
		body: { data: [{ type: "authentication-tokens", id: "{id}" }] },
		...{ before: tokenOfTeam, status: 204, ...managed },
	},
	{
		route: `GET ${O}/authentication-token`,
		path: `${org}/authentication-token`,
		...{ before: organizationToken, status: 200, ...managed },
	},
	{
		route: `POST ${O}/authentication-token`,
		path: `${org}/authentication-token`,
		...{ before: organizationToken, status: 201, ...managed },
	},
	{
		route: `DELETE ${O}/authentication-token`,
		path: `${org}/authentication-token`,
		...{ before: organizationToken, status: 204, ...managed },
	},
	...(["GET", "DELETE"] as const).map(
		(method): Call => ({
			route: `${method} /authentication-tokens/:token`,
			path: `${base}/authentication-tokens/{id}`,
			...{ before: tokenOfTeam, status: method === "GET" ? 200 : 204, ...secret },
		}),
	),
];

export const teamCalls: readonly Call[] = [...memberCalls, ...accessCalls, ...tokenCalls];

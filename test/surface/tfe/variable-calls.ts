/** Calls of the routes about variables and variable sets, for routes.test.ts. */
import { workspaceId } from "../../support/workspace-id.ts";
import type { TestApp } from "../test-app.ts";
import type { Call } from "./calls.ts";

const base = "/tfe/api/v2";
const org = `${base}/organizations/default`;
const prod = `${base}/workspaces/${workspaceId("app/prod")}`;
const W = "/workspaces/:workspace";

async function made(app: TestApp, path: string, body: object): Promise<string> {
	const response = await app.send("POST", path, { body: JSON.stringify(body) });
	return ((await response.json()) as { data: { id: string } }).data.id;
}

const variable = (more: object = {}) => ({
	data: {
		type: "vars",
		attributes: { key: "region", value: "eu", category: "terraform", ...more },
	},
});
const ofWorkspace = (app: TestApp) => made(app, `${prod}/vars`, variable());
const set = { data: { type: "varsets", attributes: { name: "shared", global: true } } };
const someSet = (app: TestApp) => made(app, `${org}/varsets`, set);
const workspaces = { data: [{ type: "workspaces", id: workspaceId("app/prod") }] };
const projects = { data: [{ type: "projects", id: "prj-default" }] };

/** `{id}` is the set's, with `/relationships/vars/` and the variable's behind it where it is asked. */
async function variableOfSet(app: TestApp): Promise<string> {
	const id = await someSet(app);
	const path = `${base}/varsets/${id}/relationships/vars`;
	return `${id}/relationships/vars/${await made(app, path, variable())}`;
}

/** Who may only read sees that it is there; a stranger sees nothing. */
const writing = { reader: 404 } as const;
const hidden = { reader: 404, stranger: 404 } as const;
const changed = { data: { type: "vars", attributes: { value: "us" } } };

export const variableCalls: readonly Call[] = [
	{ route: `GET ${W}/vars`, path: `${prod}/vars`, before: ofWorkspace, status: 200, reader: 403 },
	{
		...{ route: `GET ${W}/all-vars`, path: `${prod}/all-vars`, before: variableOfSet },
		...{ status: 200, reader: 403 },
	},
	{
		...{ route: `POST ${W}/vars`, path: `${prod}/vars`, body: variable({ sensitive: true }) },
		...{ status: 201, reader: 403 },
	},
	...(["GET", "PATCH", "DELETE"] as const).map(
		(method): Call => ({
			...{ route: `${method} ${W}/vars/:variable`, path: `${prod}/vars/{id}` },
			...(method === "PATCH" ? { body: changed } : {}),
			...{ before: ofWorkspace, status: method === "DELETE" ? 204 : 200, reader: 403 },
		}),
	),
	{
		route: `PATCH ${W}/relationships/vars`,
		path: `${prod}/relationships/vars`,
		body: { data: [{ type: "vars", id: "{id}", attributes: { value: "us" } }] },
		...{ before: ofWorkspace, status: 204, reader: 403 },
	},
	{
		...{ route: `GET ${W}/varsets`, path: `${prod}/varsets`, before: variableOfSet },
		...{ status: 200, reader: 403 },
	},
	{
		route: `GET ${W}/varsets/:set/relationships/vars`,
		path: `${prod}/varsets/{id}/relationships/vars`,
		...{ before: someSet, status: 200, reader: 403 },
	},
	{
		route: `GET ${W}/varsets/:set/relationships/vars/:variable`,
		path: `${prod}/varsets/{id}`,
		...{ before: variableOfSet, status: 200, reader: 403 },
	},
	{
		...{ route: "GET /projects/:project/varsets", path: `${base}/projects/prj-default/varsets` },
		...{ before: someSet, status: 200 },
	},
	{
		route: "GET /organizations/:organization/varsets",
		path: `${org}/varsets?include=vars`,
		...{ before: variableOfSet, status: 200, stranger: 200 },
	},
	{
		route: "POST /organizations/:organization/varsets",
		path: `${org}/varsets`,
		...{ body: set, status: 201, reader: 403, stranger: 403 },
	},
	...(["GET", "PATCH", "POST", "DELETE"] as const).map(
		(method): Call => ({
			...{ route: `${method} /varsets/:set`, path: `${base}/varsets/{id}`, before: someSet },
			...(method === "GET" || method === "DELETE" ? {} : { body: set }),
			...{ status: method === "DELETE" ? 204 : 200, ...hidden },
		}),
	),
	{
		route: "GET /varsets/:set/relationships/vars",
		path: `${base}/varsets/{id}/relationships/vars`,
		...{ before: someSet, status: 200, ...hidden },
	},
	{
		route: "POST /varsets/:set/relationships/vars",
		path: `${base}/varsets/{id}/relationships/vars`,
		...{ body: variable(), before: someSet, status: 201, ...writing },
	},
	...(["GET", "PATCH", "DELETE"] as const).map(
		(method): Call => ({
			route: `${method} /varsets/:set/relationships/vars/:variable`,
			path: `${base}/varsets/{id}`,
			...(method === "PATCH" ? { body: changed } : {}),
			...{ before: variableOfSet, status: method === "DELETE" ? 204 : 200, ...hidden },
		}),
	),
	...(["POST", "DELETE"] as const).flatMap((method): Call[] =>
		[
			{ word: "workspaces", body: workspaces },
			{ word: "projects", body: projects },
		].map(({ word, body }) => ({
			route: `${method} /varsets/:set/relationships/${word}`,
			path: `${base}/varsets/{id}/relationships/${word}`,
			...{ body, before: someSet, status: 204, ...writing },
		})),
	),
];

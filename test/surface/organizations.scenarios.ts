/** `/v1/orgs`: organizations as things. */
import { expect } from "bun:test";
import { gateScenarios, type Scenario } from "./scenario.ts";
import type { TestApp } from "./test-app.ts";

const json = (value: unknown): string => JSON.stringify(value);

const admin = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "seed" },
	surface: "management",
	requestId: "seed",
} as const;

const withAcme = async ({ organizations }: TestApp) =>
	await organizations.create(admin, { name: "acme" });

const list = { covers: "listOrganizations", method: "GET", path: "/v1/orgs" };
const create = {
	covers: "createOrganization",
	method: "POST",
	path: "/v1/orgs",
	body: json({ name: "acme" }),
};
const get = { covers: "getOrganization", method: "GET", path: "/v1/orgs/acme" };
const remove = { covers: "deleteOrganization", method: "DELETE", path: "/v1/orgs/acme" };

const isGated = ({ kind }: Scenario) => kind === "unauthenticated";

export const organizationScenarios: readonly Scenario[] = [
	...[list, get, remove].flatMap((call) => gateScenarios(call).filter(isGated)),
	...gateScenarios(create),
	...[get, remove].map(
		(call): Scenario => ({
			...call,
			name: `${call.method} ${call.path} of an organization in which the caller is nobody`,
			kind: "forbidden",
			before: withAcme,
			status: 404,
			contains: ['"not_found"', "there is no such organization"],
			lacks: ["acme"],
		}),
	),
	{
		...list,
		name: "only the default organization is there at first",
		kind: "ok",
		status: 200,
		exactBody: json({
			organizations: [{ name: "default", default: true, created: null }],
			count: 1,
		}),
	},
	{
		...list,
		name: "administrators see all",
		kind: "ok",
		before: withAcme,
		status: 200,
		contains: ['"acme"', '"count":2'],
	},
	{
		...list,
		name: "a page names the next one",
		kind: "ok",
		path: "/v1/orgs?limit=1",
		before: withAcme,
		status: 200,
		contains: ['"count":1', '"next":"default"'],
		lacks: ["acme"],
		async after(app) {
			const rest = await (await app.send("GET", "/v1/orgs?limit=1&cursor=default")).json();
			expect(rest).toMatchObject({ organizations: [{ name: "acme" }], count: 1 });
			expect(rest).not.toHaveProperty("next");
		},
	},
	{
		...list,
		name: "a page has a bound",
		kind: "refused",
		path: "/v1/orgs?limit=1002",
		status: 400,
		contains: ["give a limit from 1 to 1001"],
	},
	{
		...list,
		name: "whoever is nobody in an organization does not see it",
		kind: "forbidden",
		before: withAcme,
		status: 200,
		contains: ['"count":1'],
		lacks: ["acme"],
	},
	{
		...create,
		name: "an organization is made, and has units of its own",
		kind: "ok",
		status: 201,
		contains: ['"name":"acme"', '"default":false'],
		async after(app) {
			const path = "/v1/orgs/acme/units";
			const body = json({ id: "app/prod" });
			expect((await app.send("GET", path)).status).toBe(200);
			expect(await (await app.send("GET", path)).text()).toContain('"count":0');
			expect((await app.send("POST", path, { body })).status).toBe(201);
			expect((await app.send("DELETE", "/v1/orgs/acme")).status).toBe(409);
		},
	},
	...["", "-acme", "a b", "a/b", "a.b", "__acme", "x".repeat(41), "é"].map(
		(name): Scenario => ({
			...create,
			name: `the name ${JSON.stringify(name)} is refused`,
			kind: "refused",
			body: json({ name }),
			status: 400,
			contains: ["invalid_request"],
		}),
	),
	...["default", "Default", "opentaco", "acme", "ACME"].map(
		(name): Scenario => ({
			...create,
			name: `the name ${name} is taken`,
			kind: "refused",
			before: withAcme,
			body: json({ name }),
			status: 409,
			contains: ['"conflict"'],
		}),
	),
	{
		...create,
		name: "an administrator who is no e-mail address is refused",
		kind: "refused",
		body: json({ name: "acme", admin: "alice" }),
		status: 400,
		contains: ["invalid_request"],
	},
	{ ...get, name: "one organization", kind: "ok", before: withAcme, status: 200 },
	{ ...get, name: "one that is not there", kind: "refused", status: 404, contains: ["not_found"] },
	{ ...remove, name: "an empty organization goes", kind: "ok", before: withAcme, status: 204 },
	{
		...remove,
		path: "/v1/orgs/default",
		name: "the default organization stays",
		kind: "refused",
		status: 409,
		contains: ["always there"],
	},
	{
		covers: "createRole",
		method: "POST",
		path: "/v1/orgs/acme/rbac/roles",
		body: json({ id: "r", name: "R" }),
		name: "an organization without roles names the command that turns them on there",
		kind: "refused",
		before: withAcme,
		status: 409,
		contains: ["taco rbac init --org acme"],
	},
	...[
		"/v1/orgs/acme/info",
		"/v1/orgs/acme/auth/me",
		"/v1/orgs/acme/orgs",
		"/v1/orgs/acme/orgs/x",
	].map(
		(path): Scenario => ({
			covers: "getOrganization",
			method: "GET",
			path,
			name: `${path} is no address of an organization`,
			kind: "refused",
			before: withAcme,
			status: 404,
			contains: ["route_not_found"],
		}),
	),
];

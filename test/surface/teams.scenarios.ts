/** `/v1/teams` and `/v1/team-access`, as far as one request goes; teams.test.ts has the rest. */
import { gateScenarios, type Scenario } from "./scenario.ts";

const path = "/v1/teams";
const access = "/v1/team-access";
const json = (value: unknown): string => JSON.stringify(value);
const owners = `${path}/team-owners`;
const nobodys = `${access}/tws-0123456789abcdef`;
const body = json({ name: "platform" });

/** Reading needs no right: it shows what the caller sees. */
const open = [
	{ covers: "listTeams", method: "GET", path },
	{ covers: "listTeamAccess", method: "GET", path: access },
	{ covers: "getTeam", method: "GET", path: owners },
	{ covers: "listTeamMembers", method: "GET", path: `${owners}/members` },
];

const gated = [{ covers: "createTeam", method: "POST", path, body }];

/** What the caller does not see is not there, whatever is asked of it. */
const hidden = [
	{ covers: "updateTeam", method: "PATCH", path: owners, body: json({ description: "all" }) },
	{ covers: "deleteTeam", method: "DELETE", path: owners },
	{
		covers: "addTeamMembers",
		method: "POST",
		path: `${owners}/members`,
		body: json({ members: ["ann@example.com"] }),
	},
	{
		covers: "removeTeamMember",
		method: "DELETE",
		path: `${owners}/members/ann%40example.com`,
	},
	{
		covers: "createTeamAccess",
		method: "POST",
		path: access,
		body: json({ team: "team-owners", unit: "app/prod", level: "read" }),
	},
	{ covers: "getTeamAccess", method: "GET", path: nobodys },
	{ covers: "updateTeamAccess", method: "PATCH", path: nobodys, body: "{}" },
	{ covers: "deleteTeamAccess", method: "DELETE", path: nobodys },
];

const refusals: readonly (readonly [string, string, unknown, number, string])[] = [
	["a name with a slash", path, { name: "a/b" }, 400, "invalid_request"],
	["no name", path, {}, 400, "invalid_request"],
	["the name of the owners", path, { name: "owners" }, 409, "conflict"],
	[
		"an access that there is none of",
		path,
		{ name: "a", organization_access: ["fly"] },
		400,
		"invalid_request",
	],
	["an access to nothing", access, { team: "team-owners", level: "read" }, 400, "invalid_request"],
	[
		"an access to two things",
		access,
		{ team: "team-owners", level: "read", unit: "app/prod", project: "prj-default" },
		400,
		"invalid_request",
	],
	[
		"a level that there is none of",
		access,
		{ team: "team-owners", level: "fly", unit: "app/prod" },
		400,
		"invalid_request",
	],
	[
		"details of a level that has its own",
		access,
		{ team: "team-owners", level: "read", unit: "app/prod", unit_access: { runs: "plan" } },
		400,
		"invalid_request",
	],
	[
		"details that there are none of",
		access,
		{ team: "team-owners", level: "custom", unit: "app/prod", unit_access: { flying: true } },
		400,
		"invalid_request",
	],
	[
		"details of the units of a project for a unit",
		access,
		{ team: "team-owners", level: "custom", unit: "app/prod", unit_access: { create: true } },
		400,
		"invalid_request",
	],
	[
		"details of a project for a unit",
		access,
		{ team: "t", level: "custom", unit: "app/prod", project_access: { teams: "manage" } },
		400,
		"invalid_request",
	],
	[
		"a unit that is not there",
		access,
		{ team: "team-owners", level: "read", unit: "app/none" },
		404,
		"unit_not_found",
	],
	[
		"a project that is not there",
		access,
		{ team: "team-owners", level: "read", project: "prj-none" },
		404,
		"not_found",
	],
	[
		"a team that is not there",
		access,
		{ team: "team-none", level: "read", unit: "app/prod" },
		404,
		"not_found",
	],
	[
		"an access of the owners",
		access,
		{ team: "team-owners", level: "read", unit: "app/prod" },
		409,
		"conflict",
	],
	[
		"a member whose name has a space",
		`${owners}/members`,
		{ members: ["CANARY one"] },
		400,
		"invalid_request",
	],
	[
		"more members than fit",
		`${owners}/members`,
		{ members: Array.from({ length: 1001 }, (_, at) => `p${at}@example.com`) },
		413,
		"too_large",
	],
];

export const teamScenarios: readonly Scenario[] = [
	...open.flatMap(gateScenarios).filter(({ kind }) => kind !== "forbidden"),
	...gated.flatMap(gateScenarios),
	...hidden.flatMap(gateScenarios).map((scenario): Scenario => {
		if (scenario.kind !== "forbidden") return scenario;
		return { ...scenario, status: 404, contains: ["not_found"] };
	}),
	...refusals.map(
		([what, at, given, status, code]): Scenario => ({
			name: `refuses ${what}`,
			covers: at === path ? "createTeam" : at === access ? "createTeamAccess" : "addTeamMembers",
			kind: "refused",
			method: "POST",
			path: at,
			body: json(given),
			status,
			contains: [`"error":"${code}"`],
			lacks: ["CANARY"],
		}),
	),
	{
		name: "only the owners are there at first",
		covers: "listTeams",
		kind: "ok",
		method: "GET",
		path,
		status: 200,
		contains: ['"id":"team-owners"', '"count":1'],
	},
	{
		name: "a secret team is not shown to strangers",
		covers: "listTeams",
		kind: "forbidden",
		method: "GET",
		path,
		before: ({ send }) => send("POST", path, { headers: { "x-request-id": "seed" }, body }),
		status: 200,
		contains: ['"count":0'],
		lacks: ["platform"],
	},
	{
		name: "makes a team",
		covers: "createTeam",
		kind: "ok",
		method: "POST",
		path,
		body: json({
			...{ name: "platform", sso_team_id: "eng", visibility: "organization" },
			organization_access: ["read-workspaces"],
		}),
		status: 201,
		contains: [
			...['"name":"platform"', '"sso_team_id":"eng"', '"visibility":"organization"'],
			...['"organization_access":["read-workspaces"]', '"members_count":0'],
		],
	},
	{
		name: "shows the owners",
		covers: "getTeam",
		kind: "ok",
		method: "GET",
		path: owners,
		status: 200,
		contains: ["manage-workspaces"],
	},
	{
		name: "shows strangers not even the owners",
		covers: "getTeam",
		kind: "forbidden",
		method: "GET",
		path: owners,
		status: 404,
		contains: ["not_found"],
	},
	{
		name: "changes what is said of the owners",
		covers: "updateTeam",
		kind: "ok",
		method: "PATCH",
		path: owners,
		body: json({ description: "all" }),
		status: 200,
		contains: ['"description":"all"'],
	},
	{
		name: "the owners keep their name",
		covers: "updateTeam",
		kind: "refused",
		method: "PATCH",
		path: owners,
		body: json({ name: "others" }),
		status: 409,
		contains: ['"conflict"'],
	},
	{
		name: "the owners stay",
		covers: "deleteTeam",
		kind: "refused",
		method: "DELETE",
		path: owners,
		status: 409,
		contains: ['"conflict"'],
	},
	{
		name: "lists no members as an empty list",
		covers: "listTeamMembers",
		kind: "ok",
		method: "GET",
		path: `${owners}/members`,
		status: 200,
		exactBody: '{"members":[],"count":0}',
	},
	{
		name: "does not tell strangers who is in a team",
		covers: "listTeamMembers",
		kind: "forbidden",
		method: "GET",
		path: `${owners}/members`,
		before: ({ send }) =>
			send("POST", `${owners}/members`, {
				headers: { "x-request-id": "seed" },
				body: json({ members: ["ann@example.com"] }),
			}),
		status: 404,
		contains: ["not_found"],
		lacks: ["ann@example.com"],
	},
	{
		name: "adds members",
		covers: "addTeamMembers",
		kind: "ok",
		method: "POST",
		path: `${owners}/members`,
		body: json({ members: ["Ann@Example.com", "service:deployer"] }),
		status: 200,
		contains: ['"email":"ann@example.com"', '"subject":"service:deployer"', '"count":2'],
	},
	{
		name: "takes out whoever is not in it",
		covers: "removeTeamMember",
		kind: "ok",
		method: "DELETE",
		path: `${owners}/members/ann%40example.com`,
		status: 204,
	},
	{
		name: "lists no accesses as an empty list",
		covers: "listTeamAccess",
		kind: "ok",
		method: "GET",
		path: `${access}?unit=app/prod`,
		status: 200,
		exactBody: '{"team_access":[],"count":0}',
	},
	{
		name: "does not tell who may do what in a unit that one may not read",
		covers: "listTeamAccess",
		kind: "forbidden",
		method: "GET",
		path: `${access}?unit=app/prod`,
		status: 404,
		contains: ["unit_not_found"],
	},
];

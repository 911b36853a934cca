/** `/v1/projects`. */
import { gateScenarios, type Scenario } from "./scenario.ts";

const path = "/v1/projects";
const one = `${path}/prj-default`;
const json = (value: unknown): string => JSON.stringify(value);
const body = json({ name: "shop" });

const open = [
	{ covers: "listProjects", method: "GET", path },
	{ covers: "getProject", method: "GET", path: one },
];

const gated = [
	{ covers: "createProject", method: "POST", path, body },
	{ covers: "updateProject", method: "PATCH", path: one, body },
	{ covers: "deleteProject", method: "DELETE", path: one },
];

export const projectScenarios: readonly Scenario[] = [
	...open.flatMap(gateScenarios).filter(({ kind }) => kind !== "forbidden"),
	...gated.flatMap(gateScenarios),
	...open.map(
		(call): Scenario => ({
			...{ ...call, kind: "ok", status: 200 },
			name: `${call.method} ${call.path} shows the default project`,
			contains: ['"id":"prj-default"', '"default":true', '"created":null'],
		}),
	),
	...open.map(
		(call): Scenario => ({
			...{ ...call, kind: "forbidden", status: call.path === path ? 200 : 404 },
			name: `${call.method} ${call.path} shows strangers nothing`,
			lacks: ["prj-default"],
		}),
	),
	{
		name: "makes a project",
		covers: "createProject",
		kind: "ok",
		method: "POST",
		path,
		body: json({ name: "shop", description: "ours", labels: { tier: "1" } }),
		status: 201,
		contains: ['"name":"shop"', '"description":"ours"', '"tier":"1"', '"default":false'],
	},
	...(
		[
			["a name with a slash", { name: "a/bc" }, 400, "invalid_request"],
			["no name", {}, 400, "invalid_request"],
			["a name that is taken", { name: "Default Project" }, 409, "conflict"],
		] as const
	).map(
		([what, given, status, code]): Scenario => ({
			name: `refuses ${what}`,
			covers: "createProject",
			kind: "refused",
			method: "POST",
			path,
			body: json(given),
			status,
			contains: [`"error":"${code}"`],
		}),
	),
	{
		name: "changes a project's name",
		covers: "updateProject",
		kind: "ok",
		method: "PATCH",
		path: one,
		body,
		status: 200,
		contains: ['"name":"shop"', '"description":""'],
	},
	{
		name: "the default project stays",
		covers: "deleteProject",
		kind: "refused",
		method: "DELETE",
		path: one,
		status: 409,
		contains: ['"conflict"'],
	},
];

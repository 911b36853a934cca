/** `/v1/variable-sets`, as far as one request goes; variable-sets.test.ts has the rest. */
import { gateScenarios, type Scenario } from "./scenario.ts";

const path = "/v1/variable-sets";
const json = (value: unknown): string => JSON.stringify(value);
const nobodys = `${path}/varset-0123456789abcdef`;

/** Without the right to read it a set is not there, whatever is asked of it. */
function hidden(scenarios: readonly Scenario[]): Scenario[] {
	return scenarios.map((scenario) =>
		scenario.kind === "forbidden"
			? { ...scenario, status: 404, contains: ['"error":"not_found"'] }
			: scenario,
	);
}

const ofSet = [
	{ covers: "getVariableSet", method: "GET", path: nobodys },
	{ covers: "updateVariableSet", method: "PATCH", path: nobodys, body: "{}" },
	{ covers: "deleteVariableSet", method: "DELETE", path: nobodys },
	{ covers: "listSetVariables", method: "GET", path: `${nobodys}/variables` },
	{
		covers: "createSetVariable",
		method: "POST",
		path: `${nobodys}/variables`,
		body: '{"key":"a"}',
	},
	{
		covers: "updateSetVariable",
		method: "PATCH",
		path: `${nobodys}/variables/var-0123456789abcdef`,
		body: "{}",
	},
	{
		covers: "deleteSetVariable",
		method: "DELETE",
		path: `${nobodys}/variables/var-0123456789abcdef`,
	},
];

export const variableSetScenarios: readonly Scenario[] = [
	{
		name: "makes a variable set",
		covers: "createVariableSet",
		kind: "ok",
		method: "POST",
		path,
		body: json({ name: "shared", units: ["app/prod"], priority: true }),
		status: 201,
		contains: ['"units":["app/prod"]', '"priority":true', '"global":false', '"project":null'],
	},
	...(
		[
			["a name with a slash", { name: "a/b" }, 400, "invalid_request"],
			["a project that is not there", { name: "a", projects: ["prj-none"] }, 404, "not_found"],
			["a unit that can be none", { name: "a", units: ["a//b"] }, 400, "invalid_unit_id"],
			[
				"a set of a project that applies elsewhere",
				{ name: "a", project: "prj-x" },
				404,
				"not_found",
			],
		] as const
	).map(
		([what, body, status, code]): Scenario => ({
			name: `refuses ${what}`,
			covers: "createVariableSet",
			kind: "refused",
			method: "POST",
			path,
			body: json(body),
			status,
			contains: [`"error":"${code}"`],
		}),
	),
	{
		name: "lists no sets as an empty list",
		covers: "listVariableSets",
		kind: "ok",
		method: "GET",
		path,
		status: 200,
		exactBody: '{"variable_sets":[],"count":0}',
	},
	{
		name: "shows no set to whoever may read none",
		covers: "listVariableSets",
		kind: "forbidden",
		method: "GET",
		path,
		before: ({ send }) =>
			send("POST", path, { headers: { "x-request-id": "seed" }, body: '{"name":"shared"}' }),
		status: 200,
		exactBody: '{"variable_sets":[],"count":0}',
	},
	...gateScenarios({ covers: "createVariableSet", method: "POST", path, body: '{"name":"a"}' }),
	...gateScenarios({ covers: "listVariableSets", method: "GET", path }).filter(
		({ kind }) => kind !== "forbidden",
	),
	...hidden(ofSet.flatMap(gateScenarios)),
];

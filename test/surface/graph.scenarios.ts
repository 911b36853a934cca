/** The graph of units over `/v1`. */
import { expect } from "bun:test";
import { dependency, stateText } from "../support/graph-states.ts";
import { gateScenarios, type Scenario } from "./scenario.ts";
import { lockInfo, type TestApp } from "./test-app.ts";

const backend = "/v1/backend/";

async function put(app: TestApp, unit: string, text: string, lockId?: string): Promise<void> {
	const query = lockId === undefined ? "" : `?ID=${lockId}`;
	const response = await app.send("POST", `${backend}${unit}${query}`, { body: text });
	expect(response.status).toBe(200);
}

let serial = 0;

async function apply(app: TestApp, unit: string, outputs: Record<string, unknown>): Promise<void> {
	const ID = `apply-${++serial}`;
	const body = JSON.stringify({ ...lockInfo, ID });
	expect((await app.send("LOCK", `${backend}${unit}`, { body })).status).toBe(200);
	await put(app, unit, stateText(serial, unit, { outputs }), ID);
	expect((await app.send("UNLOCK", `${backend}${unit}`, { body })).status).toBe(200);
}

/** a → b → c are declared and applied; then a changes. */
async function chained(app: TestApp): Promise<void> {
	await app.send("GET", "/v1/status");
	await app.send("POST", "/v1/units", { body: '{"id":"__opentaco_system"}' });
	const resources = [dependency("ab", "a", "t", "b"), dependency("bc", "b", "t", "c")];
	await put(app, "__opentaco_system", stateText(1, "system", { resources }));
	for (const unit of ["a", "b", "c"]) await apply(app, unit, { t: 1, secret: "CANARY-value" });
	await apply(app, "a", { t: 2, secret: "CANARY-value" });
}

const ok = { kind: "ok", method: "GET", status: 200, before: chained, lacks: ["CANARY"] } as const;

const nothing = { kind: "forbidden", method: "GET", status: 200 } as const;

export const graphScenarios: readonly Scenario[] = [
	...gateScenarios({ covers: "getUnitStatus", method: "GET", path: "/v1/units/app__prod/status" }),
	...gateScenarios({
		covers: "acknowledgeUpstream",
		method: "POST",
		path: "/v1/units/app__prod/acknowledge",
	}),
	{
		...ok,
		name: "takes what is upstream as taken in, without an apply",
		covers: "acknowledgeUpstream",
		method: "POST",
		path: "/v1/units/b/acknowledge",
		contains: ['"unit_id":"b","status":"green"', '"incoming_pending":0'],
	},
	...["listStatuses", "getGraph", "getApplyOrder", "getBlast"].map(
		(covers, index): Scenario => ({
			name: `${covers} without a credential`,
			covers,
			kind: "unauthenticated",
			method: "GET",
			path: ["/v1/status", "/v1/graph", "/v1/graph/order", "/v1/graph/blast?unit=a"][index] ?? "",
			status: 401,
		}),
	),
	{
		...ok,
		name: "tells that a unit is red, and why",
		covers: "getUnitStatus",
		path: "/v1/units/b/status",
		contains: [
			'"status":"red"',
			'"incoming_pending":1',
			'"code":"output_changed","unit_id":"a","output":"t"',
			'"from_unit_id":"a","from_output":"t","to_unit_id":"b","to_input":null,"status":"pending"',
			'"external":0',
		],
	},
	{
		...ok,
		name: "tells that a unit is yellow, and because of which",
		covers: "getUnitStatus",
		path: "/v1/units/c/status",
		contains: ['"status":"yellow"', '"code":"upstream_red","unit_id":"b"', '"incoming_ok":1'],
	},
	{
		...ok,
		name: "lists the statuses of units by prefix in one answer",
		covers: "listStatuses",
		path: "/v1/status?prefix=b",
		contains: ['"count":1', '"unit_id":"b","status":"red"', '"red":1'],
		lacks: ["edge_id", "CANARY"],
	},
	{
		...ok,
		name: "lists statuses with their edges",
		covers: "listStatuses",
		path: "/v1/status?edges=true",
		contains: ["edge_id", '"outgoing":[{'],
	},
	{
		...ok,
		name: "gives the graph as JSON",
		covers: "getGraph",
		path: "/v1/graph",
		contains: [
			'"cycles":[]',
			'"unit_id":"c","status":"yellow","exists":true',
			'"sources":["declared"]',
		],
	},
	{
		...ok,
		name: "gives the declared edges alone",
		covers: "getGraph",
		path: "/v1/graph?source=declared",
		contains: ['"sources":["declared"]'],
	},
	{
		...ok,
		name: "gives the graph as DOT",
		covers: "getGraph",
		path: "/v1/graph?format=dot",
		contains: ['digraph "units" {', '"a" -> "b" [label="t", color="red"];'],
		responseHeaders: { "content-type": "text/vnd.graphviz;charset=utf-8" },
	},
	{
		name: "refuses another format and does not repeat it",
		covers: "getGraph",
		kind: "refused",
		method: "GET",
		path: "/v1/graph?format=CANARY",
		status: 400,
		contains: ["invalid_request", "json or dot"],
		lacks: ["CANARY"],
	},
	{
		...ok,
		name: "orders what is stale",
		covers: "getApplyOrder",
		path: "/v1/graph/order?of=stale",
		contains: [
			'{"unit_id":"b","status":"red","wave":1,"in_cycle":false},{"unit_id":"c","status":"yellow","wave":2',
			'"count":2',
		],
	},
	{
		...ok,
		name: "orders from one unit on",
		covers: "getApplyOrder",
		path: "/v1/graph/order?from=b",
		contains: ['"count":2', '"unit_id":"b"', '"unit_id":"c"'],
		lacks: ['"unit_id":"a"'],
	},
	{
		...ok,
		name: "tells what an output reaches",
		covers: "getBlast",
		path: "/v1/graph/blast?unit=a&output=t",
		contains: ['"count":2', '"wave":1,"in_cycle":false,"outputs":["t"]', '"outputs":[]'],
	},
	{
		...ok,
		name: "tells that nothing uses an output",
		covers: "getBlast",
		path: "/v1/graph/blast?unit=a&output=secret",
		contains: ['"count":0'],
	},
	{
		name: "refuses a blast of no unit",
		covers: "getBlast",
		kind: "refused",
		method: "GET",
		path: "/v1/graph/blast",
		status: 400,
		contains: ["invalid_request"],
	},
	{
		...nothing,
		name: "shows nobody's statuses to who may read none",
		covers: "listStatuses",
		path: "/v1/status",
		exactBody: '{"units":[],"count":0,"counts":{"green":0,"yellow":0,"red":0,"unknown":0}}',
	},
	{
		...nothing,
		name: "shows an empty graph to who may read none",
		covers: "getGraph",
		path: "/v1/graph",
		exactBody: '{"units":[],"edges":[],"cycles":[],"faulty":[],"truncated":false}',
	},
	{
		...nothing,
		name: "orders nothing for who may read none",
		covers: "getApplyOrder",
		path: "/v1/graph/order",
		exactBody: '{"units":[],"count":0,"cycles":[]}',
	},
	{
		...nothing,
		name: "tells nothing of a unit that the caller may not read",
		covers: "getBlast",
		path: "/v1/graph/blast?unit=app/prod",
		status: 404,
		contains: ["unit_not_found"],
	},
];

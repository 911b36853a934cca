/** The graph of units: what is stale, in which order to apply, and what a change reaches. */
import {
	ApplyOrder,
	BlastView,
	GraphView,
	StatusList,
	UnitStatusView,
} from "../../../api/graph.ts";
import { DomainError } from "../../../core/errors.ts";
import { parseUnitPath, type UnitId } from "../../../core/unit/unit-id.ts";
import {
	countsOf,
	dotOf,
	pictureView,
	placeView,
	standingView,
	statusListJson,
	statusView,
} from "./graph-views.ts";
import type { CollectionOperation, Operation, QueryParameter, UnitOperation } from "./operation.ts";
import { readFlag } from "./operation.ts";

const prefix: QueryParameter = {
	name: "prefix",
	description: "Only ids that start with this text",
	schema: { type: "string" },
};

function unitIn(query: URLSearchParams, name: string): UnitId | null {
	const text = query.get(name);
	return text === null || text === "" ? null : parseUnitPath(encodeURI(text));
}

function choiceIn<const T extends string>(
	query: URLSearchParams,
	name: string,
	choices: readonly [T, ...T[]],
): T {
	const text = query.get(name);
	if (text === null || text === "") return choices[0];
	const found = choices.find((choice) => choice === text);
	if (found !== undefined) return found;
	throw new DomainError("invalid_request", `the parameter \`${name}\` is none of its values`, {
		hint: `it may be ${choices.join(" or ")}`,
	});
}

const getUnitStatus: UnitOperation = {
	scope: "unit",
	id: "getUnitStatus",
	method: "GET",
	path: "/v1/units/:id/status",
	tag: "Graph",
	summary: "Whether the unit needs to be applied again, and why",
	success: { status: 200, schema: UnitStatusView },
	failures: [404],
	async handle({ caller, id, deps }) {
		return Response.json(statusView(await deps.core.graph.unitStatus(caller, id)));
	},
};

const acknowledgeUpstream: UnitOperation = {
	scope: "unit",
	id: "acknowledgeUpstream",
	method: "POST",
	path: "/v1/units/:id/acknowledge",
	tag: "Graph",
	summary: "Take what the units upstream have now as taken in, without an apply",
	success: { status: 200, schema: UnitStatusView },
	failures: [404, 409],
	async handle({ caller, id, deps }) {
		return Response.json(statusView(await deps.core.graph.acknowledge(caller, id)));
	},
};

const listStatuses: CollectionOperation = {
	scope: "collection",
	id: "listStatuses",
	method: "GET",
	path: "/v1/status",
	tag: "Graph",
	summary: "The status of every unit that the caller may read, in order of their ids",
	query: [
		prefix,
		{
			name: "edges",
			description: "With the edges of each unit",
			schema: { type: "boolean", default: false },
		},
	],
	success: { status: 200, schema: StatusList },
	failures: [],
	async handle({ caller, context, deps }) {
		const { query } = context;
		const withEdges = readFlag(query, "edges");
		const reports = await deps.core.graph.statuses(caller, query.get("prefix") ?? "");
		if (!withEdges) {
			return new Response(statusListJson(reports), {
				headers: { "content-type": "application/json;charset=utf-8" },
			});
		}
		const list: StatusList = {
			units: reports.map((report) => standingView(report, true)),
			count: reports.length,
			counts: countsOf(reports),
		};
		return Response.json(list);
	},
};

const getGraph: CollectionOperation = {
	scope: "collection",
	id: "getGraph",
	method: "GET",
	path: "/v1/graph",
	tag: "Graph",
	summary: "Units and the edges between them, as far as the caller may read both ends",
	query: [
		prefix,
		{
			name: "format",
			description: "`dot` for Graphviz",
			schema: { type: "string", enum: ["json", "dot"], default: "json" },
		},
		{
			name: "source",
			description: "`declared`: only edges that the system unit declares, and their units",
			schema: { type: "string", enum: ["all", "declared"], default: "all" },
		},
	],
	success: { status: 200, schema: GraphView },
	failures: [400],
	async handle({ caller, context, deps }) {
		const { query } = context;
		const format = choiceIn(query, "format", ["json", "dot"]);
		const isDeclaredOnly = choiceIn(query, "source", ["all", "declared"]) === "declared";
		const { graph } = deps.core;
		const picture = await graph.picture(caller, query.get("prefix") ?? "", isDeclaredOnly);
		if (format === "json") return Response.json(pictureView(picture));
		return new Response(dotOf(picture), {
			headers: { "content-type": "text/vnd.graphviz;charset=utf-8" },
		});
	},
};

const getApplyOrder: CollectionOperation = {
	scope: "collection",
	id: "getApplyOrder",
	method: "GET",
	path: "/v1/graph/order",
	tag: "Graph",
	summary: "In which order to apply: each unit after those that it depends on",
	query: [
		prefix,
		{
			name: "of",
			description: "`stale`: only what is red or yellow",
			schema: { type: "string", enum: ["all", "stale"], default: "all" },
		},
		{
			name: "from",
			description: "Only this unit and what lies below it",
			schema: { type: "string" },
		},
	],
	success: { status: 200, schema: ApplyOrder },
	failures: [400, 404],
	async handle({ caller, context, deps }) {
		const { query } = context;
		const found = await deps.core.graph.order(caller, {
			isStaleOnly: choiceIn(query, "of", ["all", "stale"]) === "stale",
			from: unitIn(query, "from"),
			prefix: query.get("prefix") ?? "",
		});
		const order: ApplyOrder = {
			units: found.units.map(placeView),
			count: found.units.length,
			cycles: found.cycles.map((cycle) => [...cycle]),
		};
		return Response.json(order);
	},
};

const getBlast: CollectionOperation = {
	scope: "collection",
	id: "getBlast",
	method: "GET",
	path: "/v1/graph/blast",
	tag: "Graph",
	summary: "What a change of a unit, or of one of its outputs, reaches",
	query: [
		{ name: "unit", description: "The unit's id; required", schema: { type: "string" } },
		{ name: "output", description: "Only what uses this output", schema: { type: "string" } },
	],
	success: { status: 200, schema: BlastView },
	failures: [400, 404],
	async handle({ caller, context, deps }) {
		const id = unitIn(context.query, "unit");
		if (id === null) {
			throw new DomainError("invalid_request", "the parameter `unit` is missing");
		}
		context.unitId = id;
		const output = context.query.get("output");
		const found = await deps.core.graph.blast(caller, id, output === "" ? null : output);
		const blast: BlastView = {
			unit_id: found.unit,
			output: found.output,
			output_exists: found.outputExists,
			units: found.units.map((unit) => ({ ...placeView(unit), outputs: [...unit.outputs] })),
			count: found.units.length,
			cycles: found.cycles.map((cycle) => [...cycle]),
		};
		return Response.json(blast);
	},
};

export const graphOperations: readonly Operation[] = [
	getUnitStatus,
	acknowledgeUpstream,
	listStatuses,
	getGraph,
	getApplyOrder,
	getBlast,
];

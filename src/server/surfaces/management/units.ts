/** Units as things: create, list, get, label, delete, undelete; and what the server is. */
import {
	CreateUnit,
	ServerInfo,
	UnitCreated,
	UnitList,
	UnitView,
	UpdateUnit,
} from "../../../api/units.ts";
import { buildInfo } from "../../../build-info.ts";
import { DomainError } from "../../../core/errors.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import { parseUnitId } from "../../../core/unit/unit-id.ts";
import { generationTag, ifGeneration } from "../../shared/preconditions.ts";
import type { CollectionOperation, Operation, QueryParameter, UnitOperation } from "./operation.ts";
import { readCount, readFlag, readJson } from "./operation.ts";
import { unitListJson, unitView } from "./views.ts";

const ifMatch: QueryParameter = {
	name: "If-Match",
	description: "The unit's ETag: act only if nothing has changed since",
	schema: { type: "string" },
};

const flag = { type: "boolean", default: false };

function unitResponse(unit: UnitSummary): Response {
	return Response.json(unitView(unit), { headers: { etag: generationTag(unit.generation) } });
}

const createUnit: CollectionOperation = {
	scope: "collection",
	id: "createUnit",
	method: "POST",
	path: "/v1/units",
	tag: "Units",
	summary: "Create a unit, without state",
	body: { schema: CreateUnit },
	success: { status: 201, schema: UnitCreated },
	failures: [400, 409],
	async handle({ request, caller, context, deps }) {
		const input = await readJson(request, CreateUnit);
		const id = parseUnitId(input.id);
		context.unitId = id;
		const unit = await deps.core.units.create(caller, id, { labels: input.labels ?? {} });
		const created: UnitCreated = { id: unit.id, created: unit.created };
		return Response.json(created, {
			status: 201,
			headers: { etag: generationTag(unit.generation) },
		});
	},
};

function readLabels(query: URLSearchParams): Record<string, string> {
	const labels: Record<string, string> = Object.create(null);
	for (const text of query.getAll("label")) {
		const at = text.indexOf("=");
		if (at < 1) {
			throw new DomainError("invalid_request", "the parameter `label` must be `key=value`");
		}
		labels[text.slice(0, at)] = text.slice(at + 1);
	}
	return labels;
}

const listUnits: CollectionOperation = {
	scope: "collection",
	id: "listUnits",
	method: "GET",
	path: "/v1/units",
	tag: "Units",
	summary: "List the units that the caller may read, in order of their ids",
	query: [
		{
			name: "prefix",
			description: "Only ids that start with this text",
			schema: { type: "string" },
		},
		{
			name: "label",
			description: "Only units with this label, as `key=value`; may be repeated",
			schema: { type: "array", items: { type: "string" } },
		},
		{ name: "deleted", description: "Deleted units instead of living ones", schema: flag },
		{
			name: "limit",
			description: "At most this many; all without it",
			schema: { type: "integer", minimum: 1 },
		},
		{
			name: "cursor",
			description: "The `next` of the page before",
			schema: { type: "string" },
		},
	],
	success: { status: 200, schema: UnitList },
	failures: [400],
	async handle({ caller, context, deps }) {
		const { query } = context;
		const limit = readCount(query, "limit");
		const cursor = query.get("cursor");
		const page = await deps.core.units.list(caller, {
			prefix: query.get("prefix") ?? "",
			labels: readLabels(query),
			deleted: readFlag(query, "deleted"),
			...(limit === undefined ? {} : { limit }),
			...(cursor === null || cursor === "" ? {} : { cursor }),
		});
		return new Response(unitListJson(page.units, page.next), {
			headers: { "content-type": "application/json;charset=utf-8" },
		});
	},
};

const getUnit: UnitOperation = {
	scope: "unit",
	id: "getUnit",
	method: "GET",
	path: "/v1/units/:id",
	tag: "Units",
	summary: "One unit; the ETag names its generation",
	success: { status: 200, schema: UnitView },
	failures: [404],
	async handle({ caller, id, deps }) {
		return unitResponse(await deps.core.units.get(caller, id));
	},
};

const updateUnit: UnitOperation = {
	scope: "unit",
	id: "updateUnit",
	method: "PATCH",
	path: "/v1/units/:id",
	tag: "Units",
	summary: "Replace the unit's labels",
	headers: [ifMatch],
	body: { schema: UpdateUnit },
	success: { status: 200, schema: UnitView },
	failures: [400, 404, 412],
	async handle({ request, caller, id, deps }) {
		const { labels } = await readJson(request, UpdateUnit);
		const generation = ifGeneration(request);
		return unitResponse(
			await deps.core.units.update(caller, id, {
				labels,
				...(generation === undefined ? {} : { ifGeneration: generation }),
			}),
		);
	},
};

const deleteUnit: UnitOperation = {
	scope: "unit",
	id: "deleteUnit",
	method: "DELETE",
	path: "/v1/units/:id",
	tag: "Units",
	summary: "Delete the unit; `undelete` brings it back",
	query: [{ name: "force", description: "Also when it is locked", schema: flag }],
	headers: [ifMatch],
	success: { status: 204, schema: null },
	failures: [404, 409, 412],
	async handle({ request, caller, context, id, deps }) {
		const generation = ifGeneration(request);
		await deps.core.units.delete(caller, id, {
			force: readFlag(context.query, "force"),
			...(generation === undefined ? {} : { ifGeneration: generation }),
		});
		return new Response(null, { status: 204 });
	},
};

const undeleteUnit: UnitOperation = {
	scope: "unit",
	id: "undeleteUnit",
	method: "POST",
	path: "/v1/units/:id/undelete",
	tag: "Units",
	summary: "Bring a deleted unit back, with its state and history",
	success: { status: 200, schema: UnitView },
	failures: [404],
	async handle({ caller, id, deps }) {
		return unitResponse(await deps.core.units.undelete(caller, id));
	},
};

const features = [
	"versions",
	"restore",
	"undelete",
	"labels",
	"force-unlock",
	"etags",
	"http-backend",
	"graph",
] as const;

const getInfo: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "getInfo",
	method: "GET",
	path: "/v1/info",
	tag: "Server",
	summary: "What this server is",
	success: { status: 200, schema: ServerInfo },
	failures: [],
	async handle({ deps }) {
		const info: ServerInfo = {
			version: buildInfo.version,
			storage: { type: deps.storage.kind, durable: deps.storage.isDurable },
			features: [...features],
			system_unit: deps.core.graph.systemUnit,
		};
		return Response.json(info);
	},
};

export const unitOperations: readonly Operation[] = [
	createUnit,
	listUnits,
	getUnit,
	updateUnit,
	deleteUnit,
	undeleteUnit,
	getInfo,
];

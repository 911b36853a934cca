/** Workspaces: made, read, listed, changed and deleted. A workspace is a unit under another name. */
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import { decodeUnitSegment, isReserved, type UnitId } from "../../../core/unit/unit-id.ts";
import { initialSettings, settingsIn } from "../../../core/workspace/settings.ts";
import {
	type GivenResource,
	list,
	nothing,
	one,
	pageIn,
	relatedId,
	resourceIn,
} from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { localId, unitNamed, unitOfWorkspaceId, workspaceName } from "./ids.ts";
import { checkTagged, labelsIn, tagFilterIn } from "./tags.ts";
import { workspaceView } from "./workspace-view.ts";

/** The unit that the route names, by the workspace's id or by its name. */
export function unitOf(exchange: Exchange): UnitId {
	const { params, context } = exchange;
	const id =
		params.workspace === undefined
			? unitNamed(param(exchange, "name"))
			: unitOfWorkspaceId(params.workspace);
	context.unitId = id;
	return id;
}

async function show(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	return one(
		await workspaceView(exchange, await deps.core.workspaces.get(caller, unitOf(exchange))),
	);
}

async function projectIn(
	{ deps, organization }: Exchange,
	given: GivenResource,
): Promise<string | undefined> {
	const id = relatedId(given, "project");
	if (id === null) return undefined;
	return (await deps.core.projects.get(localId(organization, id))).id;
}

async function create(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const given = await resourceIn(exchange.request, "workspaces");
	const { name } = given.attributes;
	if (typeof name !== "string" || name.includes("/")) {
		throw new DomainError("invalid_request", "the workspace's name is missing or holds a slash", {
			hint: "write the unit `myapp/prod` as `myapp__prod`",
		});
	}
	const id = decodeUnitSegment(name);
	if (isReserved(id)) {
		throw new DomainError("invalid_request", "this name belongs to the platform");
	}
	context.unitId = id;
	const projectId = await projectIn(exchange, given);
	const workspace = await deps.core.workspaces.create(caller, id, {
		labels: labelsIn(given),
		settings: { ...initialSettings, ...settingsIn(given.attributes) },
		...(projectId === undefined ? {} : { projectId }),
	});
	return one(await workspaceView(exchange, workspace), 201);
}

async function update(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	const given = await resourceIn(exchange.request, "workspaces");
	const { name } = given.attributes;
	if (name !== undefined && name !== workspaceName(id)) {
		throw new DomainError("invalid_request", "a workspace keeps its name", {
			hint: "make another one and move the state there with `terraform state pull` and `push`",
		});
	}
	const projectId = await projectIn(exchange, given);
	const workspace = await deps.core.workspaces.update(caller, id, {
		settings: settingsIn(given.attributes),
		...(projectId === undefined ? {} : { projectId }),
	});
	return one(await workspaceView(exchange, workspace));
}

/** `*-prod`, `prod-*`, `*mid*` or an exact name. */
function wildcard(pattern: string): RegExp {
	if (Buffer.byteLength(pattern) > limits.patternBytesMax) {
		throw new DomainError("invalid_request", "the pattern is too long");
	}
	const parts = pattern.replace(/\*+/g, "*").split("*", limits.patternStarsMax + 1);
	return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join(".*")}$`, "i");
}

function wantsIn(query: URLSearchParams): (unit: UnitSummary) => boolean {
	const part = (query.get("search[name]") ?? "").toLowerCase();
	const pattern = query.get("search[wildcard-name]");
	const form = pattern === null || pattern === "" ? null : wildcard(pattern);
	const tagged = tagFilterIn(query);
	return ({ id, labels }) => {
		const name = workspaceName(id);
		return (
			name.toLowerCase().includes(part) &&
			(form === null || form.test(name)) &&
			checkTagged(tagged, labels)
		);
	};
}

async function listAll(exchange: Exchange): Promise<Response> {
	const { caller, deps, context, organization } = exchange;
	const page = pageIn(context.query);
	const project = context.query.get("filter[project][id]");
	const { workspaces, total } = await deps.core.workspaces.list(caller, {
		wants: wantsIn(context.query),
		projectId: project === null ? null : localId(organization, project),
		isDescending: context.query.get("sort") === "-name",
		pageNumber: page.number,
		pageSize: page.size,
	});
	const views = workspaces.map((workspace) => workspaceView(exchange, workspace));
	return list(await Promise.all(views), page, total);
}

async function remove(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	await deps.core.units.delete(caller, unitOf(exchange), { force: false });
	return nothing();
}

/**
 * Deletes a workspace whose state manages nothing any more. The serial of what was looked at must
 * still be current: an apply may be under way elsewhere.
 */
async function safeDelete(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	const { unit } = await deps.core.workspaces.get(caller, id);
	if (await deps.core.outputs.hasResources(caller, id)) {
		throw new DomainError(
			"state_conflict",
			"the workspace is not safe to delete: its state has resources",
			{
				hint: "destroy them first, or delete the workspace with `-force`",
			},
		);
	}
	const ifGeneration = unit.isAdopted ? { ifGeneration: unit.generation } : {};
	await deps.core.units.delete(caller, id, { force: false, ...ifGeneration });
	return nothing();
}

/** Variables are not kept yet; a client that asks for them before an import must get a list. */
async function noVariables(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	await deps.core.workspaces.get(caller, unitOf(exchange));
	return list([], pageIn(context.query), 0);
}

const byName = "/organizations/:organization/workspaces/:name";
const byId = "/workspaces/:workspace";
const collection = "/organizations/:organization/workspaces";

export const workspaceRoutes: readonly Route[] = [
	{ method: "GET", path: collection, operation: "listWorkspaces", handle: listAll },
	{ method: "POST", path: collection, operation: "createWorkspace", handle: create },
	...[byName, byId].flatMap((path): Route[] => [
		{ method: "GET", path, operation: "showWorkspace", handle: show },
		{ method: "PATCH", path, operation: "updateWorkspace", handle: update },
		{ method: "DELETE", path, operation: "deleteWorkspace", handle: remove },
		{
			method: "POST",
			path: `${path}/actions/safe-delete`,
			operation: "safeDeleteWorkspace",
			handle: safeDelete,
		},
	]),
	...["vars", "all-vars"].map(
		(word): Route => ({
			method: "GET",
			path: `${byId}/${word}`,
			operation: "listVariables",
			handle: noVariables,
		}),
	),
];

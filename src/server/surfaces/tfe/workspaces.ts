/** Workspaces: made, read, listed, changed and deleted. A workspace is a unit under another name. */
import { DomainError } from "../../../core/errors.ts";
import { decodeUnitSegment, type UnitId } from "../../../core/unit/unit-id.ts";
import type { Workspace, WorkspaceChange } from "../../../core/workspace/service.ts";
import { settingsIn, type WorkspaceSettings } from "../../../core/workspace/settings.ts";
import { type GivenResource, isRelated, nothing, one, relatedId, resourceIn } from "./document.ts";
import type { Exchange, Route } from "./exchange.ts";
import { localId, workspaceName } from "./ids.ts";
import { includesIn } from "./query.ts";
import { labelsIn } from "./tag-bindings.ts";
import { unitOf } from "./unit-of.ts";
import { ownVariables } from "./variables.ts";
import { distinct, withIncludes, workspaceIncludes } from "./workspace-includes.ts";
import { listWorkspaces } from "./workspace-list.ts";

async function shown(exchange: Exchange, workspace: Workspace, status = 200): Promise<Response> {
	const wanted = includesIn(exchange.context.query, workspaceIncludes);
	const [{ view, included }, variables] = await Promise.all([
		withIncludes(exchange, workspace, wanted),
		ownVariables(exchange, workspace.unit.id),
	]);
	const vars = { data: variables.map(({ id, type }) => ({ id, type })) };
	const relationships = { ...view.relationships, vars };
	return one({ ...view, relationships }, status, distinct(included));
}

async function show(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	return await shown(exchange, await deps.core.workspaces.get(caller, unitOf(exchange)));
}

/** The project that the document puts the workspace into; nothing when it names none. */
function projectIn(
	{ organization }: Exchange,
	given: GivenResource,
): Pick<WorkspaceChange, "projectId"> {
	const id = relatedId(given, "project");
	return id === null ? {} : { projectId: localId(organization, id) };
}

function idIn({ attributes }: GivenResource): UnitId {
	const { name } = attributes;
	if (typeof name !== "string" || name.includes("/")) {
		throw new DomainError("invalid_request", "the workspace's name is missing or holds a slash", {
			hint: "write the unit `myapp/prod` as `myapp__prod`",
		});
	}
	return decodeUnitSegment(name);
}

/** What the organization says of workspaces that do not say it themselves. */
async function standardSettings({ deps }: Exchange): Promise<WorkspaceSettings> {
	const mode = (await deps.core.organizationSettings.read())["default-execution-mode"];
	return typeof mode !== "string" || mode === "local" ? {} : { "execution-mode": mode };
}

async function create(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const given = await resourceIn(exchange.request, "workspaces");
	const id = idIn(given);
	context.unitId = id;
	const labels = labelsIn(given);
	const workspace = await deps.core.workspaces.create(caller, id, {
		labels: () => labels,
		settings: { ...(await standardSettings(exchange)), ...settingsIn(given.attributes) },
		...projectIn(exchange, given),
	});
	return await shown(exchange, workspace, 201);
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
	const labels = labelsIn(given);
	const isRelabelled = isRelated(given, "tag-bindings") || isRelated(given, "tags");
	const workspace = await deps.core.workspaces.update(caller, id, {
		settings: settingsIn(given.attributes),
		...projectIn(exchange, given),
		...(isRelabelled ? { labels: () => labels } : {}),
	});
	return await shown(exchange, workspace);
}

/**
 * Deletes a workspace whatever its state manages, and locked or not, for whoever may also break the
 * lock: the API's other way is the safe one. `taco unit undelete` brings it back.
 */
async function remove(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	const force = await deps.core.parts.gate.may(caller, "unit.force-unlock", id);
	await deps.core.units.delete(caller, id, { force });
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

const byName = "/organizations/:organization/workspaces/:name";
const byId = "/workspaces/:workspace";
const collection = "/organizations/:organization/workspaces";

export const workspaceRoutes: readonly Route[] = [
	{ method: "GET", path: collection, operation: "listWorkspaces", handle: listWorkspaces },
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
];

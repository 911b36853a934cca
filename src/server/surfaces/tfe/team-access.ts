/** What teams may do in workspaces and projects. */
import { DomainError } from "../../../core/errors.ts";
import { type AccessDetails, projectAccess, workspaceAccess } from "../../../core/team/access.ts";
import type { ProjectGrant, WorkspaceGrant } from "../../../core/team/model.ts";
import {
	type GivenResource,
	nothing,
	one,
	paged,
	type Resource,
	relatedId,
	resourceIn,
} from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import { fullId, localId } from "./ids.ts";
import { inScopeOf } from "./scope.ts";
import { unitOfId, workspaceId } from "./unit-of.ts";

function workspaceView(exchange: Exchange, grant: WorkspaceGrant): Resource {
	const { organization } = exchange;
	const id = fullId(organization, grant.id);
	return {
		id,
		type: "team-workspaces",
		attributes: { access: grant.level, ...grant.workspace },
		relationships: {
			team: { data: { id: fullId(organization, grant.team), type: "teams" } },
			workspace: { data: { id: workspaceId(exchange, grant.unit), type: "workspaces" } },
		},
		links: { self: `/api/v2/team-workspaces/${id}` },
	};
}

function projectView({ organization }: Exchange, grant: ProjectGrant): Resource {
	const id = fullId(organization, grant.id);
	return {
		id,
		type: "team-projects",
		attributes: {
			access: grant.level,
			"project-access": grant.project,
			"workspace-access": grant.workspace,
		},
		relationships: {
			team: { data: { id: fullId(organization, grant.team), type: "teams" } },
			project: { data: { id: fullId(organization, grant.projectId), type: "projects" } },
		},
		links: { self: `/api/v2/team-projects/${id}` },
	};
}

/** The relation's id. Fails with `invalid_request` when it is not there. */
function related(given: GivenResource, name: string): string {
	const id = relatedId(given, name);
	if (id !== null) return id;
	throw new DomainError("invalid_request", `the document does not say which ${name} is meant`);
}

/** The same as it is inside of the organization. Fails with `not_found` for another one's. */
function localRelated(exchange: Exchange, given: GivenResource, name: string): string {
	return localId(exchange.organization, related(given, name));
}

function localFilter(exchange: Exchange, id: string | null): string | null {
	return id === null ? null : localId(exchange.organization, id);
}

async function listWorkspaces(given: Exchange): Promise<Response> {
	const { query } = given.context;
	const workspace = query.get("filter[workspace][id]");
	const team = query.get("filter[team][id]");
	return await inScopeOf(given, workspace ?? team ?? "", async (exchange) => {
		const found = await exchange.deps.core.teamGrants.workspaces(exchange.caller, {
			unit: workspace === null ? null : await unitOfId(exchange, workspace),
			team: localFilter(exchange, team),
		});
		return paged(
			found.map((grant) => workspaceView(exchange, grant)),
			query,
		);
	});
}

async function addToWorkspace(given: Exchange): Promise<Response> {
	const body = await resourceIn(given.request, "team-workspaces");
	return await inScopeOf(given, relatedId(body, "team") ?? "", async (exchange) => {
		const unit = await unitOfId(exchange, related(body, "workspace"));
		exchange.context.unitId = unit;
		const team = localRelated(exchange, body, "team");
		const access = workspaceAccess(body.attributes.access, body.attributes);
		const { teamGrants, workspaces } = exchange.deps.core;
		await workspaces.get(exchange.caller, unit);
		const made = await teamGrants.addToWorkspace(exchange.caller, unit, team, access);
		return one(workspaceView(exchange, made), 201);
	});
}

async function showWorkspace(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	return one(
		workspaceView(
			exchange,
			await deps.core.teamGrants.workspace(caller, param(exchange, "access")),
		),
	);
}

async function changeWorkspace(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = param(exchange, "access");
	const { attributes } = await resourceIn(exchange.request, "team-workspaces");
	const before = await deps.core.teamGrants.workspace(caller, id);
	const level = attributes.access ?? before.level;
	const kept = level === "custom" ? before.workspace : {};
	const access = workspaceAccess(level, { ...kept, ...attributes });
	const grant = await deps.core.teamGrants.changeWorkspace(caller, id, access);
	return one(workspaceView(exchange, grant));
}

async function removeFromWorkspace(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	await deps.core.teamGrants.removeFromWorkspace(caller, param(exchange, "access"));
	return nothing();
}

async function listProjects(given: Exchange): Promise<Response> {
	const { query } = given.context;
	const project = query.get("filter[project][id]");
	const team = query.get("filter[team][id]");
	return await inScopeOf(given, project ?? team ?? "", async (exchange) => {
		const found = await exchange.deps.core.teamGrants.projects(exchange.caller, {
			project: localFilter(exchange, project),
			team: localFilter(exchange, team),
		});
		return paged(
			found.map((grant) => projectView(exchange, grant)),
			query,
		);
	});
}

function detailsIn({ attributes }: GivenResource, name: string): Readonly<Record<string, unknown>> {
	const given = attributes[name];
	if (given === undefined || given === null) return {};
	if (typeof given === "object" && !Array.isArray(given)) return given as AccessDetails;
	throw new DomainError("invalid_request", `the attribute ${name} is not acceptable`);
}

async function addToProject(given: Exchange): Promise<Response> {
	const body = await resourceIn(given.request, "team-projects");
	return await inScopeOf(given, relatedId(body, "team") ?? "", async (exchange) => {
		const { caller, deps } = exchange;
		const project = await deps.core.projects.getFor(
			caller,
			localRelated(exchange, body, "project"),
		);
		const access = projectAccess(
			body.attributes.access,
			detailsIn(body, "project-access"),
			detailsIn(body, "workspace-access"),
		);
		const team = localRelated(exchange, body, "team");
		const made = await deps.core.teamGrants.addToProject(caller, project.id, team, access);
		return one(projectView(exchange, made), 201);
	});
}

async function showProject(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	return one(
		projectView(exchange, await deps.core.teamGrants.project(caller, param(exchange, "access"))),
	);
}

async function changeProject(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = param(exchange, "access");
	const body = await resourceIn(exchange.request, "team-projects");
	const before = await deps.core.teamGrants.project(caller, id);
	const access = projectAccess(
		body.attributes.access ?? before.level,
		{ ...before.project, ...detailsIn(body, "project-access") },
		{ ...before.workspace, ...detailsIn(body, "workspace-access") },
	);
	return one(projectView(exchange, await deps.core.teamGrants.changeProject(caller, id, access)));
}

async function removeFromProject(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	await deps.core.teamGrants.removeFromProject(caller, param(exchange, "access"));
	return nothing();
}

const workspaces = "/team-workspaces";
const projects = "/team-projects";

export const teamAccessRoutes: readonly Route[] = [
	{ method: "GET", path: workspaces, operation: "listTeamWorkspaces", handle: listWorkspaces },
	{ method: "POST", path: workspaces, operation: "addTeamWorkspace", handle: addToWorkspace },
	...(
		[
			{ method: "GET", operation: "showTeamWorkspace", handle: showWorkspace },
			{ method: "PATCH", operation: "updateTeamWorkspace", handle: changeWorkspace },
			{ method: "DELETE", operation: "removeTeamWorkspace", handle: removeFromWorkspace },
		] as const
	).map((route): Route => ({ ...route, path: `${workspaces}/:access` })),
	{ method: "GET", path: projects, operation: "listTeamProjects", handle: listProjects },
	{ method: "POST", path: projects, operation: "addTeamProject", handle: addToProject },
	...(
		[
			{ method: "GET", operation: "showTeamProject", handle: showProject },
			{ method: "PATCH", operation: "updateTeamProject", handle: changeProject },
			{ method: "DELETE", operation: "removeTeamProject", handle: removeFromProject },
		] as const
	).map((route): Route => ({ ...route, path: `${projects}/:access` })),
];

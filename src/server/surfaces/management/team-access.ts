/** `/v1/team-access`: what teams may do in units and projects. */
import {
	CreateTeamAccess,
	TeamAccessList,
	TeamAccessView as TeamAccessSchema,
	type TeamAccessView,
	teamDetails,
	UpdateTeamAccess,
} from "../../../api/teams.ts";
import { DomainError } from "../../../core/errors.ts";
import { type AccessDetails, projectAccess, workspaceAccess } from "../../../core/team/access.ts";
import type { ProjectGrant, WorkspaceGrant } from "../../../core/team/model.ts";
import { parseUnitId } from "../../../core/unit/unit-id.ts";
import type { CollectionExchange, CollectionOperation, QueryParameter } from "./operation.ts";
import { readJson } from "./operation.ts";

const tag = "Teams";
const path = "/v1/team-access";
const onePath = `${path}/:access`;

/** The core calls them as the TFE API does. */
function inCore(details: object = {}): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(details).map(([name, value]) => [name.replaceAll("_", "-"), value]),
	);
}

function onWire(details: AccessDetails): Record<string, string | boolean> {
	return Object.fromEntries(
		Object.entries(details).map(([name, value]) => [name.replaceAll("-", "_"), value]),
	);
}

function accessView(grant: WorkspaceGrant | ProjectGrant): TeamAccessView {
	const { id, team, level, workspace } = grant;
	const isProject = "projectId" in grant;
	return {
		...{ id, team },
		unit: isProject ? null : grant.unit,
		project: isProject ? grant.projectId : null,
		level,
		unit_access: onWire(workspace),
		project_access: isProject ? onWire(grant.project) : null,
	};
}

function refuseDetails(message: string, known: readonly string[]): never {
	const hint = known.length === 0 ? "leave it out" : `the details are ${known.join(", ")}`;
	throw new DomainError("invalid_request", message, { hint });
}

/** What would count for nothing is refused. */
function checkDetails(level: string, place: "unit" | "project", given: UpdateTeamAccess): void {
	const { unit_access: inUnit, project_access: inProject } = given;
	if (level !== "custom" && (inUnit !== undefined || inProject !== undefined)) {
		refuseDetails("only a custom access has details: unit_access and project_access", []);
	}
	if (place === "unit" && inProject !== undefined) {
		refuseDetails("project_access belongs to an access to a project", []);
	}
	const known = Object.keys(place === "unit" ? teamDetails.unit : teamDetails.unitsOfProject);
	if (Object.keys(inUnit ?? {}).some((name) => !known.includes(name))) {
		refuseDetails(`one of unit_access is no detail of an access to a ${place}`, known);
	}
}

const isOfProject = (id: string): boolean => id.startsWith("tprj-");

async function found({
	caller,
	deps,
	params,
}: CollectionExchange): Promise<WorkspaceGrant | ProjectGrant> {
	const { access: id = "" } = params;
	const { teamGrants } = deps.core;
	return isOfProject(id)
		? await teamGrants.project(caller, id)
		: await teamGrants.workspace(caller, id);
}

const filters: readonly QueryParameter[] = [
	{ name: "team", description: "Only this team's: its id", schema: { type: "string" } },
	{ name: "unit", description: "Only accesses to this unit", schema: { type: "string" } },
	{ name: "project", description: "Only to this project: its id", schema: { type: "string" } },
];

const listAccess: CollectionOperation = {
	scope: "collection",
	id: "listTeamAccess",
	method: "GET",
	path,
	tag,
	summary: "Accesses of the teams that the caller sees, to units that it may read and to projects",
	query: filters,
	success: { status: 200, schema: TeamAccessList },
	failures: [400, 404],
	async handle({ caller, deps, context }) {
		const [team, unitText, project] = ["team", "unit", "project"].map((name) =>
			context.query.get(name),
		) as [string | null, string | null, string | null];
		const unit = unitText === null ? null : parseUnitId(unitText);
		const { teamGrants } = deps.core;
		const [ofUnits, ofProjects] = await Promise.all([
			project === null || unit !== null ? teamGrants.workspaces(caller, { unit, team }) : [],
			unit === null || project !== null ? teamGrants.projects(caller, { project, team }) : [],
		]);
		const all = [...ofUnits, ...ofProjects].map(accessView);
		const list: TeamAccessList = { team_access: all, count: all.length };
		return Response.json(list);
	},
};

async function give(exchange: CollectionExchange, given: CreateTeamAccess) {
	const { caller, deps, context } = exchange;
	const { team, unit: unitText, project, level } = given;
	if ((unitText === undefined) === (project === undefined)) {
		throw new DomainError("invalid_request", "an access is to a unit or to a project", {
			hint: "name one of them",
		});
	}
	checkDetails(level, unitText === undefined ? "project" : "unit", given);
	const { teamGrants, workspaces, projects } = deps.core;
	if (unitText === undefined) {
		const { id } = await projects.getFor(caller, project ?? "");
		const [own, inside] = [inCore(given.project_access), inCore(given.unit_access)];
		return await teamGrants.addToProject(caller, id, team, projectAccess(level, own, inside));
	}
	const unit = parseUnitId(unitText);
	context.unitId = unit;
	const access = workspaceAccess(level, inCore(given.unit_access));
	await workspaces.get(caller, unit);
	return await teamGrants.addToWorkspace(caller, unit, team, access);
}

const createAccess: CollectionOperation = {
	scope: "collection",
	id: "createTeamAccess",
	method: "POST",
	path,
	tag,
	summary: "Give a team access to a unit or a project, once for each; needs unit.share there",
	body: { schema: CreateTeamAccess },
	success: { status: 201, schema: TeamAccessSchema },
	failures: [400, 404, 409, 413],
	async handle(exchange) {
		const given = await readJson(exchange.request, CreateTeamAccess);
		return Response.json(accessView(await give(exchange, given)), { status: 201 });
	},
};

const getAccess: CollectionOperation = {
	scope: "collection",
	id: "getTeamAccess",
	method: "GET",
	path: onePath,
	tag,
	summary: "One access of a team",
	success: { status: 200, schema: TeamAccessSchema },
	failures: [404],
	async handle(exchange) {
		return Response.json(accessView(await found(exchange)));
	},
};

const updateAccess: CollectionOperation = {
	scope: "collection",
	id: "updateTeamAccess",
	method: "PATCH",
	path: onePath,
	tag,
	summary: "Change an access of a team; details that are not named stay",
	body: { schema: UpdateTeamAccess },
	success: { status: 200, schema: TeamAccessSchema },
	failures: [400, 404],
	async handle(exchange) {
		const { caller, deps, request } = exchange;
		const given = await readJson(request, UpdateTeamAccess);
		const before = await found(exchange);
		const level = given.level ?? before.level;
		checkDetails(level, "projectId" in before ? "project" : "unit", given);
		const kept = level === "custom" ? before.workspace : {};
		const inside = { ...kept, ...inCore(given.unit_access) };
		const { teamGrants } = deps.core;
		if (!("projectId" in before)) {
			const access = workspaceAccess(level, inside);
			return Response.json(accessView(await teamGrants.changeWorkspace(caller, before.id, access)));
		}
		const own = { ...before.project, ...inCore(given.project_access) };
		const access = projectAccess(level, own, inside);
		return Response.json(accessView(await teamGrants.changeProject(caller, before.id, access)));
	},
};

const deleteAccess: CollectionOperation = {
	scope: "collection",
	id: "deleteTeamAccess",
	method: "DELETE",
	path: onePath,
	tag,
	summary: "Take an access away",
	success: { status: 204, schema: null },
	failures: [404],
	async handle({ caller, deps, params }) {
		const { access: id = "" } = params;
		const { teamGrants } = deps.core;
		if (isOfProject(id)) await teamGrants.removeFromProject(caller, id);
		else await teamGrants.removeFromWorkspace(caller, id);
		return new Response(null, { status: 204 });
	},
};

export const teamAccessOperations: readonly CollectionOperation[] = [
	listAccess,
	createAccess,
	getAccess,
	updateAccess,
	deleteAccess,
];

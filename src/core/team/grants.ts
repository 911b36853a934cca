/** What teams may do in workspaces and projects: given, changed and taken. */
import { newId } from "../organization/id.ts";
import type { Caller } from "../principal.ts";
import type { Gate, Grant } from "../rbac/grant.ts";
import { projectQuestion } from "../rbac/resource.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { type ProjectAccess, rulesForWorkspace, type WorkspaceAccess } from "./access.ts";
import { withProjectGrant, withWorkspaceGrant } from "./changes.ts";
import type { ProjectGrant, TeamsDocument, WorkspaceGrant } from "./model.ts";
import {
	changeTeams,
	grantNotFound,
	isSeen,
	personHere,
	readTeams,
	type TeamsDeps,
	teamRights,
} from "./shared.ts";

/** The receipt for a project's accesses. Fails with `forbidden`. */
async function authorizeProject(gate: Gate, caller: Caller, project: string): Promise<Grant> {
	const { resource, traits } = projectQuestion(project);
	return await gate.authorize(caller, "unit.share", resource, traits);
}

/** Gives teams access. Changing needs unit.share on the unit or in the project. */
export class TeamGrants {
	readonly #deps: TeamsDeps;

	constructor(deps: TeamsDeps) {
		this.#deps = deps;
	}

	/** Those of teams that the caller sees, in units that the caller may read. Fails as Register.read. */
	async workspaces(
		caller: Caller,
		filter: { readonly unit: UnitId | null; readonly team: string | null },
	): Promise<readonly WorkspaceGrant[]> {
		const { unit, team } = filter;
		if (unit !== null && !(await this.#mayRead(caller, unit))) {
			await this.#deps.gate.authorize(caller, "unit.read", unit);
		}
		const seen = await this.#seen(caller);
		const wanted = seen.document.workspaces.filter(
			(one) =>
				(unit === null || one.unit === unit) &&
				(team === null || one.team === team) &&
				seen.teams.has(one.team),
		);
		return unit === null ? await this.#readable(caller, wanted) : wanted;
	}

	/** Fails with `not_found`, or as Register.read. */
	async workspace(caller: Caller, id: string): Promise<WorkspaceGrant> {
		const { document, teams } = await this.#seen(caller);
		const found = document.workspaces.filter((one) => one.id === id && teams.has(one.team));
		const [readable] = await this.#readable(caller, found);
		if (readable === undefined) throw grantNotFound();
		return readable;
	}

	/** Fails with `unit_not_found`, `forbidden`, `not_found`, `conflict`, or as Register.update. */
	async addToWorkspace(
		caller: Caller,
		unit: UnitId,
		team: string,
		access: WorkspaceAccess,
	): Promise<WorkspaceGrant> {
		const receipt = await this.#deps.gate.authorize(caller, "unit.share", unit);
		const id = newId("tws", this.#deps.organization, this.#deps.random);
		const grant: WorkspaceGrant = { id, team, unit, ...access };
		// An id that no rule can name is refused here, not when somebody asks for their rights.
		rulesForWorkspace(unit, access);
		const what = { operation: "team.access.add", detail: `${team} ${unit}: ${access.level}` };
		return await changeTeams(this.#deps, receipt, what, (document) => ({
			after: withWorkspaceGrant(document, grant),
			result: grant,
		}));
	}

	/** Fails with `not_found`, `forbidden`, or as Register.update. */
	async changeWorkspace(
		caller: Caller,
		id: string,
		access: WorkspaceAccess,
	): Promise<WorkspaceGrant> {
		const known = await this.workspace(caller, id);
		const receipt = await this.#deps.gate.authorize(caller, "unit.share", known.unit);
		const what = {
			operation: "team.access.update",
			detail: `${known.team} ${known.unit}: ${access.level}`,
		};
		return await changeTeams(this.#deps, receipt, what, (document) => {
			if (!document.workspaces.some((one) => one.id === id)) throw grantNotFound();
			const grant = { ...known, ...access };
			return { after: withWorkspaceGrant(document, grant), result: grant };
		});
	}

	/** Fails with `not_found`, `forbidden`, or as Register.update. */
	async removeFromWorkspace(caller: Caller, id: string): Promise<void> {
		const { team, unit } = await this.workspace(caller, id);
		const receipt = await this.#deps.gate.authorize(caller, "unit.share", unit);
		const what = { operation: "team.access.remove", detail: `${team} ${unit}` };
		await changeTeams(this.#deps, receipt, what, (document) => {
			const workspaces = document.workspaces.filter((one) => one.id !== id);
			if (workspaces.length === document.workspaces.length) throw grantNotFound();
			return { after: { ...document, workspaces }, result: undefined };
		});
	}

	/** Those of teams that the caller sees. Fails as Register.read. */
	async projects(
		caller: Caller,
		filter: { readonly project: string | null; readonly team: string | null },
	): Promise<readonly ProjectGrant[]> {
		const { document, teams } = await this.#seen(caller);
		return document.projects.filter(
			(one) =>
				(filter.project === null || one.projectId === filter.project) &&
				(filter.team === null || one.team === filter.team) &&
				teams.has(one.team),
		);
	}

	/** Fails with `not_found`, or as Register.read. */
	async project(caller: Caller, id: string): Promise<ProjectGrant> {
		const all = await this.projects(caller, { project: null, team: null });
		const found = all.find((one) => one.id === id);
		if (found === undefined) throw grantNotFound();
		return found;
	}

	/** Fails with `forbidden`, `not_found`, `conflict`, or as Register.update. */
	async addToProject(
		caller: Caller,
		projectId: string,
		team: string,
		access: ProjectAccess,
	): Promise<ProjectGrant> {
		const receipt = await authorizeProject(this.#deps.gate, caller, projectId);
		const id = newId("tprj", this.#deps.organization, this.#deps.random);
		const grant: ProjectGrant = { id, team, projectId, ...access };
		const what = { operation: "team.access.add", detail: `${team} ${projectId}: ${access.level}` };
		return await changeTeams(this.#deps, receipt, what, (document) => ({
			after: withProjectGrant(document, grant),
			result: grant,
		}));
	}

	/** Fails with `not_found`, `forbidden`, or as Register.update. */
	async changeProject(caller: Caller, id: string, access: ProjectAccess): Promise<ProjectGrant> {
		const known = await this.project(caller, id);
		const receipt = await authorizeProject(this.#deps.gate, caller, known.projectId);
		const what = {
			operation: "team.access.update",
			detail: `${known.team} ${known.projectId}: ${access.level}`,
		};
		return await changeTeams(this.#deps, receipt, what, (document) => {
			if (!document.projects.some((one) => one.id === id)) throw grantNotFound();
			const grant = { ...known, ...access };
			return { after: withProjectGrant(document, grant), result: grant };
		});
	}

	/** Fails with `not_found`, `forbidden`, or as Register.update. */
	async removeFromProject(caller: Caller, id: string): Promise<void> {
		const { team, projectId } = await this.project(caller, id);
		const receipt = await authorizeProject(this.#deps.gate, caller, projectId);
		const what = { operation: "team.access.remove", detail: `${team} ${projectId}` };
		await changeTeams(this.#deps, receipt, what, (document) => {
			const projects = document.projects.filter((one) => one.id !== id);
			if (projects.length === document.projects.length) throw grantNotFound();
			return { after: { ...document, projects }, result: undefined };
		});
	}

	/** The projects in which teams may do something. Fails as Register.read. */
	async namedProjects(): Promise<readonly string[]> {
		return (await readTeams(this.#deps)).projects.map(({ projectId }) => projectId);
	}

	/** Takes away what teams may do in projects that are gone. Fails as Register.update. */
	async forgetProjects(grant: Grant, ids: ReadonlySet<string>): Promise<void> {
		const what = { operation: "team.access.remove", detail: [...ids].join(" ") };
		await changeTeams(this.#deps, grant, what, (document) => {
			const projects = document.projects.filter(({ projectId }) => !ids.has(projectId));
			const isSame = projects.length === document.projects.length;
			return { after: isSame ? document : { ...document, projects }, result: undefined };
		});
	}

	async #seen(
		caller: Caller,
	): Promise<{ readonly document: TeamsDocument; readonly teams: ReadonlySet<string> }> {
		const [document, rights] = await Promise.all([
			readTeams(this.#deps),
			teamRights(this.#deps, caller),
		]);
		const person = personHere(this.#deps, caller);
		const seen = document.teams.filter((team) => isSeen(document, person, team, rights));
		return { document, teams: new Set(seen.map(({ id }) => id)) };
	}

	async #readable(
		caller: Caller,
		grants: readonly WorkspaceGrant[],
	): Promise<readonly WorkspaceGrant[]> {
		const kept: WorkspaceGrant[] = [];
		for (const grant of grants) {
			if (await this.#mayRead(caller, grant.unit)) kept.push(grant);
		}
		return kept;
	}

	/** Whoever sees the workspace at all, such as the organization's token. */
	async #mayRead(caller: Caller, unit: UnitId): Promise<boolean> {
		const { gate } = this.#deps;
		const mayUnit = await gate.may(caller, "unit.read", unit);
		return mayUnit || (await gate.may(caller, "unit.read-variables", unit));
	}
}

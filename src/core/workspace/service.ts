/**
 * Workspaces: units as the cloud backend sees them. A workspace is a unit; its tags are the unit's
 * labels; its settings and its project stand in the unit's record, so that one head says everything
 * and a list needs no further reading.
 */
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Action } from "../rbac/action.ts";
import type { Gate } from "../rbac/grant.ts";
import type { UnitSettings } from "../unit/changes.ts";
import { unitNotFound } from "../unit/not-found.ts";
import type { Labels, UnitService } from "../unit/service.ts";
import type { UnitSummary } from "../unit/summary.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { defaultProject, type Project, type ProjectService } from "./projects.ts";
import { allSettings, changedSettings, hasOwnMode, type WorkspaceSettings } from "./settings.ts";

export interface Workspace {
	readonly unit: UnitSummary;
	/** All of them. */
	readonly settings: WorkspaceSettings;
	/** Whether the execution mode is its own; otherwise it is the project's. */
	readonly hasOwnMode: boolean;
	readonly project: Project;
}

/** What the caller may do with a workspace. */
export interface WorkspaceRights {
	readonly mayRead: boolean;
	readonly mayReadOutputs: boolean;
	readonly mayWrite: boolean;
	readonly mayConfigure: boolean;
	readonly mayShare: boolean;
	readonly mayLock: boolean;
	readonly mayForceUnlock: boolean;
	readonly mayDelete: boolean;
	readonly mayReadVariables: boolean;
	readonly mayWriteVariables: boolean;
}

export type WorkspaceOrder = "name" | "latest-change-at";

export interface WorkspaceFilter {
	/** Whether the workspace is wanted, by its unit and its project. */
	readonly wants: (unit: UnitSummary, project: Project) => boolean;
	readonly order: WorkspaceOrder;
	readonly isDescending: boolean;
	/** From 1. */
	readonly pageNumber: number;
	readonly pageSize: number;
}

export interface WorkspacePage {
	readonly workspaces: readonly Workspace[];
	readonly total: number;
}

export interface WorkspaceServiceDeps {
	readonly units: UnitService;
	readonly projects: ProjectService;
	readonly gate: Gate;
}

export interface WorkspaceChange {
	/** All labels afterwards. */
	readonly labels?: (before: Labels) => Labels;
	readonly settings?: WorkspaceSettings;
	readonly projectId?: string;
}

/** Creates, reads, lists and changes workspaces. */
export class WorkspaceService {
	readonly #deps: WorkspaceServiceDeps;

	constructor(deps: WorkspaceServiceDeps) {
		this.#deps = deps;
	}

	/**
	 * One workspace, for callers who may read the unit or at least its outputs or its variables.
	 * Fails with `unit_not_found`, or as UnitService.get.
	 */
	async get(caller: Caller, id: UnitId): Promise<Workspace> {
		const { units, gate } = this.#deps;
		const mayRead = await gate.may(caller, "unit.read", id);
		const parts = ["unit.read-outputs", "unit.read-variables"] as const;
		const mayPart = async () =>
			(await Promise.all(parts.map((part) => gate.may(caller, part, id)))).includes(true);
		if (!mayRead && !(await mayPart())) {
			await gate.authorize(caller, "unit.read", id);
			throw unitNotFound();
		}
		const reader = mayRead ? caller : { ...caller, principal: systemPrincipal };
		const [unit, projects] = await Promise.all([
			units.get(reader, id),
			this.#deps.projects.listCached(),
		]);
		return await this.#complete(unit, projects);
	}

	/** What the caller may do with it. Fails as the gate. */
	async rights(caller: Caller, unit: Pick<UnitSummary, "id" | "traits">): Promise<WorkspaceRights> {
		const may = (action: Action) => this.#deps.gate.may(caller, action, unit.id, unit.traits);
		const mayRead = await may("unit.read");
		return {
			mayRead,
			mayReadOutputs: mayRead || (await may("unit.read-outputs")),
			mayWrite: await may("unit.write"),
			mayConfigure: await may("unit.configure"),
			mayShare: await may("unit.share"),
			mayLock: await may("unit.lock"),
			mayForceUnlock: await may("unit.force-unlock"),
			mayDelete: await may("unit.delete"),
			mayReadVariables: await may("unit.read-variables"),
			mayWriteVariables: await may("unit.write-variables"),
		};
	}

	/** Creates the unit with its settings. Fails as UnitService.create, or with `not_found`. */
	async create(caller: Caller, id: UnitId, input: WorkspaceChange): Promise<Workspace> {
		await this.#checkProject(input);
		const nothing = { labels: {}, project: defaultProject.id, settings: {} };
		const { units } = this.#deps;
		return await this.#complete(await units.create(caller, id, changed(nothing, input)));
	}

	/**
	 * Changes labels, settings and project, all at once. Fails as UnitService.change, or with
	 * `not_found` for a project that does not exist.
	 */
	async update(caller: Caller, id: UnitId, change: WorkspaceChange): Promise<Workspace> {
		await this.#checkProject(change);
		const { units } = this.#deps;
		return await this.#complete(
			await units.change(caller, id, (before) => changed(before, change)),
		);
	}

	/**
	 * A page of the workspaces that the caller may read, or some of whose outputs. Answered from the
	 * index of units: this server's changes are in it at once, others' within seconds. Fails with
	 * `storage_unavailable`.
	 */
	async list(caller: Caller, filter: WorkspaceFilter): Promise<WorkspacePage> {
		const [{ units }, byOutputs, projects] = await Promise.all([
			this.#deps.units.list(caller, { prefix: "", labels: {}, deleted: false }),
			this.#deps.units.listByParts(caller),
			this.#deps.projects.listCached(),
		]);
		const byId = new Map(projects.map((project) => [project.id, project]));
		const projectOf = (unit: UnitSummary) => byId.get(unit.project) ?? defaultProject;
		const isWanted = (unit: UnitSummary) => filter.wants(unit, projectOf(unit));
		// Their labels are not to be seen, so they are not to be found by them.
		const others = byOutputs.filter((unit) => isWanted({ ...unit, labels: {} }));
		const wanted = [...units.filter(isWanted), ...others];
		if (others.length > 0) wanted.sort((a, b) => (a.id < b.id ? -1 : 1));
		if (filter.order === "latest-change-at") {
			wanted.sort((a, b) => (a.updated === b.updated ? 0 : a.updated < b.updated ? -1 : 1));
		}
		if (filter.isDescending) wanted.reverse();
		const first = (filter.pageNumber - 1) * filter.pageSize;
		return {
			workspaces: wanted
				.slice(first, first + filter.pageSize)
				.map((unit) => workspaceOf(unit, projectOf(unit))),
			total: wanted.length,
		};
	}

	async #checkProject({ projectId }: WorkspaceChange): Promise<void> {
		if (projectId !== undefined) await this.#deps.projects.get(projectId);
	}

	async #complete(unit: UnitSummary, known?: readonly Project[]): Promise<Workspace> {
		const { projects } = this.#deps;
		const isIt = (project: Project) => project.id === unit.project;
		const cached = known ?? (await projects.listCached());
		// A project that is not known yet may have been made on another server just now.
		const project = cached.find(isIt) ?? (await projects.list()).find(isIt);
		return workspaceOf(unit, project ?? defaultProject);
	}
}

const destroyAfter = "auto-destroy-activity-duration";

/** A workspace whose project was deleted meanwhile is shown in the default one. */
function workspaceOf(unit: UnitSummary, project: Project): Workspace {
	const all = allSettings(unit.settings);
	const isOwn = hasOwnMode(unit.settings);
	const mode =
		isOwn || project.executionMode === null ? {} : { "execution-mode": project.executionMode };
	const hasOwnEnd = all[destroyAfter] !== null || all["inherits-project-auto-destroy"] !== true;
	const end = hasOwnEnd ? {} : { [destroyAfter]: project.autoDestroyAfter };
	return { unit, settings: { ...all, ...mode, ...end }, hasOwnMode: isOwn, project };
}

function changed(before: UnitSettings, change: WorkspaceChange): UnitSettings {
	return {
		labels: change.labels?.(before.labels) ?? before.labels,
		project: change.projectId ?? before.project,
		settings: changedSettings(before.settings, change.settings ?? {}),
	};
}

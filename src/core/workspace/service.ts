/**
 * Workspaces: units as the cloud backend sees them. A workspace is a unit; its tags are the unit's
 * labels and its project the unit's; its settings lie in a register of its own.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Action } from "../rbac/action.ts";
import type { Gate } from "../rbac/grant.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import { unitNotFound } from "../unit/not-found.ts";
import type { Labels, UnitService } from "../unit/service.ts";
import type { UnitSummary } from "../unit/summary.ts";
import { encodeUnitId, type UnitId } from "../unit/unit-id.ts";
import { initialSettings, type WorkspaceSettings } from "./settings.ts";

/** What the register of a workspace holds. */
interface StoredWorkspace {
	/** Creation of the unit that it is about: a unit that was created anew starts from scratch. */
	readonly unitCreated: string;
	readonly settings: WorkspaceSettings;
}

export interface Workspace {
	readonly unit: UnitSummary;
	readonly settings: WorkspaceSettings;
	readonly projectId: string;
}

/** What the caller may do with a workspace. */
export interface WorkspaceRights {
	readonly mayRead: boolean;
	readonly mayReadOutputs: boolean;
	readonly mayWrite: boolean;
	readonly mayLock: boolean;
	readonly mayForceUnlock: boolean;
	readonly mayDelete: boolean;
	readonly mayReadVariables: boolean;
	readonly mayWriteVariables: boolean;
}

export interface WorkspaceFilter {
	/** Whether the unit is wanted, by what the index of units knows of it. */
	readonly wants: (unit: UnitSummary) => boolean;
	readonly projectId: string | null;
	readonly isDescending: boolean;
	/** From 1. */
	readonly pageNumber: number;
	readonly pageSize: number;
}

export interface WorkspacePage {
	readonly workspaces: readonly Workspace[];
	readonly total: number;
}

export interface WorkspaceServiceDeps extends RegisterDeps {
	readonly units: UnitService;
	readonly gate: Gate;
}

export interface WorkspaceChange {
	readonly settings?: WorkspaceSettings;
	readonly projectId?: string;
}

/** Creates, reads, lists and changes workspaces. */
export class WorkspaceService {
	readonly #deps: WorkspaceServiceDeps;
	readonly #registers = new Map<UnitId, Register<StoredWorkspace>>();

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
		const [unit, stored] = await Promise.all([
			units.get(mayRead ? caller : { ...caller, principal: systemPrincipal }, id),
			this.#register(id).read(),
		]);
		return workspaceOf(unit, stored.value);
	}

	/** What the caller may do with it. Fails as the gate. */
	async rights(caller: Caller, unit: Pick<UnitSummary, "id" | "traits">): Promise<WorkspaceRights> {
		const may = (action: Action) => this.#deps.gate.may(caller, action, unit.id, unit.traits);
		const mayRead = await may("unit.read");
		return {
			mayRead,
			mayReadOutputs: mayRead || (await may("unit.read-outputs")),
			mayWrite: await may("unit.write"),
			mayLock: await may("unit.lock"),
			mayForceUnlock: await may("unit.force-unlock"),
			mayDelete: await may("unit.delete"),
			mayReadVariables: await may("unit.read-variables"),
			mayWriteVariables: await may("unit.write-variables"),
		};
	}

	/** Creates the unit, then keeps the settings. Fails as UnitService.create and Register.update. */
	async create(
		caller: Caller,
		id: UnitId,
		input: { readonly labels: Labels } & WorkspaceChange,
	): Promise<Workspace> {
		const { labels, projectId } = input;
		const place = projectId === undefined ? {} : { project: projectId };
		const unit = await this.#deps.units.create(caller, id, { labels, ...place });
		return await this.#change(caller, unit, input.settings ?? {});
	}

	/** Changes settings and project. Fails with `unit_not_found`, `forbidden`, or as Register.update. */
	async update(caller: Caller, id: UnitId, change: WorkspaceChange): Promise<Workspace> {
		const { unit } = await this.get(caller, id);
		const { projectId = unit.project, settings = {} } = change;
		const isMoving = projectId !== unit.project;
		const moved = isMoving ? await this.#deps.units.move(caller, id, projectId) : unit;
		return await this.#change(caller, moved, settings);
	}

	async #change(caller: Caller, unit: UnitSummary, change: WorkspaceSettings): Promise<Workspace> {
		const grant = await this.#deps.gate.authorize(caller, "unit.write", unit.id);
		return await this.#register(unit.id).update<Workspace>(grant, (value) => {
			const before = workspaceOf(unit, value);
			const settings = { ...before.settings, ...change };
			const isSame = Object.entries(change).every(
				([name, setting]) => before.settings[name] === setting,
			);
			if (isSame) return { answer: before };
			return {
				operation: "workspace.update",
				detail: unit.id,
				value: { unitCreated: unit.created, settings },
				result: { ...before, settings },
			};
		});
	}

	/**
	 * A page of the workspaces that the caller may read, in order of their names. Settings are at
	 * most a few seconds old. Fails with `storage_unavailable`.
	 */
	async list(caller: Caller, filter: WorkspaceFilter): Promise<WorkspacePage> {
		const { units } = await this.#deps.units.list(caller, {
			prefix: "",
			labels: {},
			deleted: false,
		});
		const { projectId, pageSize } = filter;
		const wanted = units.filter(
			(unit) => (projectId === null || unit.project === projectId) && filter.wants(unit),
		);
		if (filter.isDescending) wanted.reverse();
		const first = (filter.pageNumber - 1) * pageSize;
		const page = wanted.slice(first, first + pageSize);
		return { workspaces: await this.#withSettings(page), total: wanted.length };
	}

	async #withSettings(units: readonly UnitSummary[]): Promise<Workspace[]> {
		const found: Workspace[] = [];
		for (let at = 0; at < units.length; at += limits.workspaceReadsAtOnce) {
			const some = units.slice(at, at + limits.workspaceReadsAtOnce);
			const read = some.map(async (unit) => {
				const stored = await this.#register(unit.id).readCached(limits.workspaceSettingsFreshMs);
				return workspaceOf(unit, stored.value);
			});
			found.push(...(await Promise.all(read)));
		}
		return found;
	}

	#register(id: UnitId): Register<StoredWorkspace> {
		const known = this.#registers.get(id);
		if (known !== undefined) return known;
		const made = new Register<StoredWorkspace>(
			this.#deps,
			`workspace-${encodeUnitId(id)}`,
			parseStored,
		);
		this.#registers.set(id, made);
		for (const oldest of this.#registers.keys()) {
			if (this.#registers.size <= limits.workspaceRegistersCachedMax) break;
			this.#registers.delete(oldest);
		}
		return made;
	}
}

function workspaceOf(unit: UnitSummary, stored: StoredWorkspace | null): Workspace {
	const kept = stored?.unitCreated === unit.created ? stored.settings : {};
	return { unit, settings: { ...initialSettings, ...kept }, projectId: unit.project };
}

function parseStored(value: unknown): StoredWorkspace {
	const stored = value as Partial<StoredWorkspace> | null;
	if (typeof stored?.unitCreated !== "string" || typeof stored.settings !== "object") {
		throw new DomainError("storage_corrupt", "the settings of a workspace are not readable");
	}
	return stored as StoredWorkspace;
}

/** Pure changes of what a unit is. Each returns a new state; none decides whether it is allowed. */
import { limits } from "../limits.ts";
import type { Labels } from "./labels.ts";
import type { Lock, UnitState, Version, WorkspaceRecord } from "./record.ts";

/** A unit that was just created and has no state. */
export function newUnit(
	at: string,
	labels: Labels = {},
	workspace: WorkspaceRecord = {},
): UnitState {
	return {
		labels,
		...(isNothing(workspace) ? {} : { workspace }),
		created: at,
		updated: at,
		deleted: null,
		life: 1,
		adopting: false,
		lock: null,
		released: [],
		current: null,
		versions: [],
		pages: [],
		versionCount: 0,
		bodiesFrom: 1,
		keptAside: [],
	};
}

/**
 * The unit created, again when it was deleted before: numbers go on and the history of the earlier
 * life is kept, so that nothing is lost by an automatic re-creation.
 */
export function created(
	before: UnitState | null,
	at: string,
	labels: Labels = {},
	workspace: WorkspaceRecord = {},
): UnitState {
	if (before === null) return newUnit(at, labels, workspace);
	return {
		...withSettings(before, { labels, workspace }),
		created: at,
		updated: at,
		deleted: null,
		life: before.life + 1,
		lock: null,
		current: null,
		keptAside: [],
	};
}

/** What a user says of a unit, beside its content. */
export interface UnitSettings {
	readonly labels: Labels;
	readonly workspace: WorkspaceRecord;
}

/** With these labels, and this of the cloud backend. */
export function withSettings(state: UnitState, settings: UnitSettings): UnitState {
	const { workspace: _, ...rest } = state;
	const { labels, workspace } = settings;
	return { ...rest, labels, ...(isNothing(workspace) ? {} : { workspace }) };
}

function isNothing(workspace: WorkspaceRecord): boolean {
	return Object.keys(workspace).length === 0;
}

/** With this lock. */
export function locked(state: UnitState, lock: Lock): UnitState {
	return { ...state, lock };
}

/** Without its lock, whose id is remembered: a late duplicate must not take it again (I10). */
export function unlocked(state: UnitState): UnitState {
	if (state.lock === null) return state;
	const released = [...state.released, state.lock.info.ID].slice(-limits.releasedLocksKept);
	return { ...state, lock: null, released };
}

/** With a further version, current unless it is kept aside; retention of `versionsKept` bodies. */
export function withVersion(
	state: UnitState,
	version: Version,
	options: { readonly isCurrent: boolean; readonly versionsKept: number },
): UnitState {
	const bodiesFrom =
		options.versionsKept === 0
			? state.bodiesFrom
			: Math.max(state.bodiesFrom, version.number - options.versionsKept + 1);
	return {
		...state,
		updated: options.isCurrent ? version.at : state.updated,
		current: options.isCurrent ? version.number : state.current,
		versions: [...state.versions, version],
		versionCount: version.number,
		bodiesFrom,
		keptAside: options.isCurrent
			? state.keptAside
			: [...state.keptAside, version.number].slice(-limits.versionsInHeadMax),
	};
}

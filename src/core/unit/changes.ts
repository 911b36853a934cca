/** Pure changes of what a unit is. Each returns a new state; none decides whether it is allowed. */
import { limits } from "../limits.ts";
import { withoutOverlay } from "./overlay.ts";
import { defaultProjectId, type Lock, type UnitState, type Version } from "./record.ts";

/** A unit that was just created and has no state. */
export function newUnit(
	at: string,
	labels: Readonly<Record<string, string>> = {},
	project: string = defaultProjectId,
): UnitState {
	return {
		labels,
		...(project === defaultProjectId ? {} : { project }),
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
 * life is kept, so that nothing is lost by an automatic re-creation. Without `project` it stays in
 * the one it was in.
 */
export function created(
	before: UnitState | null,
	at: string,
	labels: Readonly<Record<string, string>> = {},
	project: string = before?.project ?? defaultProjectId,
): UnitState {
	if (before === null) return newUnit(at, labels, project);
	return {
		...inProject(before, project),
		labels,
		created: at,
		updated: at,
		deleted: null,
		life: before.life + 1,
		lock: null,
		current: null,
		keptAside: [],
	};
}

/** In this project. */
export function inProject(state: UnitState, project: string): UnitState {
	const { project: _before, ...rest } = state;
	return project === defaultProjectId ? rest : { ...rest, project };
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

/** Deleted: unlocked and hidden, with its whole history. */
export function deleted(state: UnitState, at: string): UnitState {
	return { ...withoutOverlay(unlocked(state)), deleted: at };
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
		...(options.isCurrent ? withoutOverlay(state) : state),
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

/** Pure changes of what a unit is. Each returns a new state; none decides whether it is allowed. */
import { limits } from "../limits.ts";
import type { Labels } from "../rbac/resource.ts";
import { withoutOverlay } from "./overlay.ts";
import {
	type Acknowledgement,
	defaultProjectId,
	type Lock,
	type SettingValue,
	type UnitState,
	type Version,
} from "./record.ts";

/** What people say of a unit, beside its content. */
export interface UnitSettings {
	readonly labels: Labels;
	/** The project's id. */
	readonly project: string;
	/** As a workspace: those that are not as for every unit. */
	readonly settings: Readonly<Record<string, SettingValue>>;
}

/** What people say of the unit. */
export function settingsOf(state: UnitState): UnitSettings {
	const { labels, project = defaultProjectId, settings = {} } = state;
	return { labels, project, settings };
}

/** With this said of it. */
export function withSettings(state: UnitState, said: UnitSettings): UnitState {
	const { labels, project, settings } = said;
	const { project: _project, settings: _settings, ...rest } = state;
	return {
		...rest,
		labels,
		...(project === defaultProjectId ? {} : { project }),
		...(Object.keys(settings).length === 0 ? {} : { settings }),
	};
}

const nothingSaid: UnitSettings = { labels: {}, project: defaultProjectId, settings: {} };

/** A unit that was just created and has no state. */
export function newUnit(at: string, said: UnitSettings = nothingSaid): UnitState {
	const unit: UnitState = {
		labels: {},
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
	return withSettings(unit, said);
}

/**
 * The unit created, again when it was deleted before: numbers go on and the history of the earlier
 * life is kept, so that nothing is lost by an automatic re-creation. When nothing is said of it, it
 * stays in the project it was in.
 */
export function created(before: UnitState | null, at: string, said?: UnitSettings): UnitState {
	if (before === null) return newUnit(at, said);
	const { project = defaultProjectId } = before;
	return {
		...withSettings(before, said ?? { ...nothingSaid, project }),
		created: at,
		updated: at,
		deleted: null,
		life: before.life + 1,
		lock: null,
		current: null,
		keptAside: [],
		...(before.acknowledged == null ? {} : { acknowledged: null }),
	};
}

/** With what a write has taken in; null forgets what was acknowledged before. */
export function acknowledging(state: UnitState, acknowledged: Acknowledgement | null): UnitState {
	if (acknowledged === null && state.acknowledged == null) return state;
	return { ...state, acknowledged };
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

/**
 * State versions that were announced and have not come yet, as this server remembers them. Nothing
 * is stored of them: what counts is the lock under which they may still come. So another server, or
 * this one after a restart, does not know them; then an upload finds its lock gone and is refused.
 */
import type { Core } from "../../../core/core.ts";
import { limits } from "../../../core/limits.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import { hexOfMd5, type StateVersionName } from "./ids.ts";

interface Pending {
	readonly lockId: string;
	readonly number: number;
	readonly md5: string;
	readonly said: SaidOfState;
}

/** What was announced of a state, beside its bytes. */
export interface SaidOfState {
	readonly serial: number | null;
	readonly lineage: string | null;
}

const byCore = new WeakMap<Core, Map<string, Pending>>();

function pendingOf(core: Core): Map<string, Pending> {
	const known = byCore.get(core);
	if (known !== undefined) return known;
	const made = new Map<string, Pending>();
	byCore.set(core, made);
	return made;
}

/** Remembers what was announced last under the lock. */
export function notePending(
	core: Core,
	{ unit, number, md5 }: StateVersionName,
	lockId: string,
	{ serial, lineage }: SaidOfState,
): void {
	const all = pendingOf(core);
	all.delete(unit);
	all.set(unit, { lockId, number, md5, said: { serial, lineage } });
	for (const oldest of all.keys()) {
		if (all.size <= limits.pendingUploadsMax) break;
		all.delete(oldest);
	}
}

/** What was announced of the version, as far as this server knows. */
export function announcedAs(core: Core, { unit, number, md5 }: StateVersionName): SaidOfState {
	const pending = pendingOf(core).get(unit);
	const isIt = pending?.number === number && pending.md5 === md5;
	return isIt ? pending.said : { serial: null, lineage: null };
}

/**
 * Whether the version that was announced last under the unit's lock is still to come. A version
 * that another server took in meanwhile shows in the unit's head.
 */
export function isPending(core: Core, { id, lock, current }: UnitSummary): boolean {
	const all = pendingOf(core);
	const pending = all.get(id);
	if (pending === undefined) return false;
	const isHere =
		current !== null && (current.number >= pending.number || hexOfMd5(current.md5) === pending.md5);
	if (lock?.info.ID === pending.lockId && !isHere) return true;
	all.delete(id);
	return false;
}

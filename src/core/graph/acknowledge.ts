/**
 * Acknowledging by hand: somebody says that a unit is up to date with what its upstream units have
 * now, although nothing was written. An apply that changes nothing writes no state, so a change that
 * does not matter would stay pending otherwise. One record, like every mutation, and never under a
 * lock: a run that is under way says itself what it has taken in.
 */
import { DomainError } from "../errors.ts";
import { lockedError } from "../lock/rules.ts";
import type { Grant } from "../rbac/grant.ts";
import { acknowledging } from "../unit/changes.ts";
import { unitNotFound } from "../unit/not-found.ts";
import type { Acknowledgement, UpstreamVersion } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";

/**
 * Records that the unit's state is up to date with these versions; what was acknowledged before
 * writes nothing, and nothing is taken back by a number that is behind.
 * Fails with `unit_not_found`, `no_state`, `locked`, or as UnitLog.act.
 */
export async function acknowledgeByHand(
	log: UnitLog,
	grant: Grant,
	id: UnitId,
	upstream: readonly UpstreamVersion[],
	at: string,
): Promise<void> {
	await log.act<void>(grant, id, (state) => {
		if (state === null || state.deleted !== null) throw unitNotFound();
		if (state.current === null) {
			throw new DomainError("no_state", "the unit has no state that could be up to date", {
				hint: "apply it first",
			});
		}
		if (state.lock !== null) throw lockedError(state.lock);
		const before = new Map(state.acknowledged?.upstream ?? []);
		const isNew = upstream.some(([unit, version]) => version > (before.get(unit) ?? -1));
		if (!isNew) return { answer: undefined };
		const acknowledged: Acknowledgement = {
			at,
			version: state.current,
			upstream: upstream.map(([unit, version]) => [
				unit,
				Math.max(version, before.get(unit) ?? version),
			]),
			isByHand: true,
		};
		return {
			operation: "acknowledge",
			state: acknowledging(state, acknowledged),
			result: () => undefined,
		};
	});
}

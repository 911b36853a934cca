/** Locking: one lock per unit, whichever surface it is taken on. No expiry; breaking is a human's act. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { CoreMetrics } from "../ports/metrics.ts";
import type { Caller } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { created, locked, unlocked } from "../unit/changes.ts";
import { unitNotFound } from "../unit/not-found.ts";
import type { Lock, LockInfo, UnitState, UpstreamVersion } from "../unit/record.ts";
import { isReserved, type UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import { decideLock, decideUnlock } from "./rules.ts";

export interface LockServiceDeps {
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly metrics: CoreMetrics;
	readonly isAutoCreating: boolean;
	/**
	 * What the unit's declared upstream units have, as this server knows it now; undefined when it
	 * knows too little. A promise where it must ask the store. Decides nothing: a number that is
	 * behind only keeps an edge pending.
	 */
	readonly upstreamOf?: (id: UnitId) => Upstream | Promise<Upstream>;
}

type Upstream = readonly UpstreamVersion[] | undefined;

/** Takes, releases and breaks locks. */
export class LockService {
	readonly #deps: LockServiceDeps;

	constructor(deps: LockServiceDeps) {
		this.#deps = deps;
	}

	/**
	 * Takes the unit's lock. The same id by the same principal again succeeds with the stored lock (I6).
	 * With `autoCreate` a missing unit is created by the same record.
	 * Fails with `locked` (details.lock is the holder), `lock_mismatch`, `unit_not_found`,
	 * `invalid_request`, or as UnitLog.act.
	 */
	async lock(
		caller: Caller,
		id: UnitId,
		info: LockInfo,
		options: { readonly autoCreate: boolean },
	): Promise<Lock> {
		checkLockInfo(info);
		const { log, gate, clock, metrics } = this.#deps;
		const grant = await gate.authorize(caller, "unit.lock", id);
		const mayCreate =
			options.autoCreate &&
			this.#deps.isAutoCreating &&
			!isReserved(id) &&
			(await gate.may(caller, "unit.write", id));
		const since = new Date(clock.now()).toISOString();
		// Before the lock is taken: what changes later is not what the holder has read.
		const upstream = await this.#upstreamOf(id);
		try {
			return await log.act(grant, id, (state, generation) => {
				const base = existing(state, mayCreate, since);
				const decided = decideLock(base, info.ID, caller);
				if (decided !== "take") return { answer: decided };
				const lock: Lock = {
					info,
					principal: caller.principal.id,
					loginId: caller.principal.loginId,
					surface: caller.surface,
					since,
					generation: generation + 1,
					...(upstream === undefined || upstream.length === 0 ? {} : { upstream }),
				};
				return { operation: "lock", state: locked(base, lock), result: () => lock };
			});
		} catch (error) {
			if (error instanceof DomainError && error.code === "locked") metrics.lockConflict();
			throw error;
		}
	}

	async #upstreamOf(id: UnitId): Promise<Upstream> {
		const upstream = this.#deps.upstreamOf?.(id);
		if (!(upstream instanceof Promise)) return upstream;
		// The head is read meanwhile: what follows needs it anyway.
		return (await Promise.all([upstream, this.#deps.log.warm(id)]))[0];
	}

	/**
	 * Releases the lock that the caller holds under `lockId`. A lock that was released before is a
	 * success (I6). Fails with `lock_mismatch`, `unit_not_found`, or as UnitLog.act.
	 */
	async unlock(caller: Caller, id: UnitId, lockId: string): Promise<void> {
		const { log, gate } = this.#deps;
		const grant = await gate.authorize(caller, "unit.lock", id);
		await log.act<void>(grant, id, (state) => {
			if (state === null || state.deleted !== null) throw unitNotFound();
			if (decideUnlock(state, lockId, caller) === "released") return { answer: undefined };
			return { operation: "unlock", state: unlocked(state), result: () => undefined };
		});
	}

	/**
	 * Breaks the lock, whoever holds it; the holder is fenced from then on (I10). Gives the broken
	 * lock, or null when none was held. With `expectedLockId`, only that lock is broken.
	 * Fails with `lock_mismatch`, `unit_not_found`, `forbidden`, or as UnitLog.act.
	 */
	async forceUnlock(caller: Caller, id: UnitId, expectedLockId?: string): Promise<Lock | null> {
		const { log, gate } = this.#deps;
		const grant = await gate.authorize(caller, "unit.force-unlock", id);
		return await log.act<Lock | null>(grant, id, (state) => {
			if (state === null || state.deleted !== null) throw unitNotFound();
			const lock = state.lock;
			if (lock === null) return { answer: null };
			if (expectedLockId !== undefined && lock.info.ID !== expectedLockId) {
				throw new DomainError(
					"lock_mismatch",
					"another lock than the one that was named is in place",
					{
						hint: "look at the holder again before you break the lock",
						details: { lock },
					},
				);
			}
			return { operation: "force-unlock", state: unlocked(state), result: () => lock };
		});
	}
}

function existing(state: UnitState | null, mayCreate: boolean, at: string): UnitState {
	if (state !== null && state.deleted === null) return state;
	if (mayCreate) return created(state, at);
	throw unitNotFound();
}

function checkLockInfo(info: LockInfo): void {
	const bytes = Buffer.byteLength(JSON.stringify(info));
	if (typeof info.ID !== "string" || info.ID === "") {
		throw new DomainError("invalid_request", "the lock has no id", {
			hint: "send the field `ID` (or `id`) as a text that is not empty",
		});
	}
	if (Buffer.byteLength(info.ID) > limits.lockFieldBytesMax || bytes > limits.lockInfoBytesMax) {
		throw new DomainError("too_large", "the lock's description is too large", {
			details: { limitBytes: limits.lockInfoBytesMax },
		});
	}
}

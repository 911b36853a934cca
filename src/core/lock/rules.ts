/** Who may lock, write and unlock: pure, and the same for every surface. Upholds I1, I2 and I10. */
import { safeText } from "../../lib/safe-text.ts";
import { DomainError } from "../errors.ts";
import type { Caller } from "../principal.ts";
import type { Lock, UnitState } from "../unit/record.ts";

const surfaceNames = {
	management: "the management API",
	"http-backend": "the HTTP backend",
	s3: "the S3 endpoint",
	tfe: "the cloud backend",
	system: "the server itself",
	outside: "a client outside of this server",
} as const;

/** The holder in words: `alice@laptop as admin, since 2026-01-02T03:04:05Z, over the HTTP backend`. */
export function describeHolder(lock: Lock): string {
	const who = lock.info.Who;
	const isNamed = typeof who === "string" && who !== "" && who !== lock.principal;
	const name = isNamed ? `${who} as ${lock.principal}` : lock.principal;
	// Clients print this on terminals; whoever locks chooses the name.
	return `held by ${safeText(name)}, since ${lock.since}, over ${surfaceNames[lock.surface]}`;
}

/** The error for a caller whom this lock stops. */
export function lockedError(lock: Lock): DomainError {
	return new DomainError("locked", `the unit is locked: ${describeHolder(lock)}`, {
		hint: "wait for the holder, or break the lock with `taco unit force-unlock`",
		details: { lock },
	});
}

/** True when the caller holds this lock under this id. Knowing another's lock id is not holding it. */
export function isHeldBy(lock: Lock, lockId: string, caller: Caller): boolean {
	return lock.info.ID === lockId && lock.principal === caller.principal.id;
}

/**
 * What a lock request means on this unit: `take` it, or it `is held` by the caller already (a
 * repeated request). Fails with `locked`, or with `lock_mismatch` for an id that was released
 * before: such a request is a late duplicate of one that was answered, and would leave a lock that
 * nobody holds.
 */
export function decideLock(state: UnitState, lockId: string, caller: Caller): "take" | Lock {
	if (state.lock !== null) {
		if (isHeldBy(state.lock, lockId, caller)) return state.lock;
		throw lockedError(state.lock);
	}
	if (state.released.includes(lockId)) {
		throw new DomainError("lock_mismatch", "a lock with this id was already released", {
			hint: "take a new lock with an id of its own",
		});
	}
	return "take";
}

/**
 * The claim of a client that cannot name its lock (S3 has no place for it): whatever lock the same
 * login took on the same surface.
 */
export const lockOfLogin: unique symbol = Symbol.for("opentaco: the lock of the caller's login");

/** The lock that a writer claims: its id, the one of its login, or null for none. */
export type LockClaim = string | typeof lockOfLogin | null;

/**
 * True when the caller's own login took this lock on the surface that the caller uses now. A login
 * outlives the credentials that are derived from it, so a renewal in the middle of an apply does
 * not matter; a lock that was taken on another surface never matches.
 */
export function isOfLogin(lock: Lock, caller: Caller): boolean {
	return (
		lock.surface === caller.surface &&
		lock.principal === caller.principal.id &&
		lock.loginId === caller.principal.loginId
	);
}

/**
 * Whether the caller may write: it holds the lock that it names, or it names none and none is held.
 * A claimed lock that is not held is a conflict: it was broken, and its holder must not write (I10).
 * With `lockOfLogin` the lock must be the login's own, if one is held.
 */
export function checkWriteLock(state: UnitState | null, lockId: LockClaim, caller: Caller): void {
	const lock = state?.lock ?? null;
	if (lockId === lockOfLogin) {
		if (lock === null || isOfLogin(lock, caller)) return;
		throw lockedError(lock);
	}
	if (lock === null) {
		if (lockId === null) return;
		throw new DomainError("lock_mismatch", "the unit is not locked with the lock that was named", {
			hint: "the lock was released or broken; read the state again and take a new lock",
		});
	}
	if (lockId === null || lock.info.ID !== lockId) throw lockedError(lock);
	if (!isHeldBy(lock, lockId, caller)) {
		throw new DomainError(
			"lock_mismatch",
			`the lock belongs to somebody else: ${describeHolder(lock)}`,
			{
				hint: "only the holder may write under it",
				details: { lock },
			},
		);
	}
}

/**
 * What an unlock request means: `release` the lock, or it was `released` before (a repeated
 * request). Fails with `lock_mismatch` for any other id, and for another principal's lock.
 */
export function decideUnlock(
	state: UnitState,
	lockId: string,
	caller: Caller,
): "release" | "released" {
	if (state.lock === null) {
		if (state.released.includes(lockId)) return "released";
		throw new DomainError("lock_mismatch", "the unit is not locked", {
			hint: "there is nothing to release",
		});
	}
	if (isHeldBy(state.lock, lockId, caller)) return "release";
	// The id may have been released and the unit locked by somebody else since.
	if (state.lock.info.ID !== lockId && state.released.includes(lockId)) return "released";
	throw new DomainError(
		"lock_mismatch",
		state.lock.info.ID === lockId
			? `the lock belongs to somebody else: ${describeHolder(state.lock)}`
			: `another lock is in place: ${describeHolder(state.lock)}`,
		{
			hint: "only the holder may release it; breaking it needs the force-unlock permission",
			details: { lock: state.lock },
		},
	);
}

/** Lock operations whose holder means to replace the state whatever its serial and lineage are. */
const forcingOperations: ReadonlySet<unknown> = new Set([
	"state-push",
	"migration destination state",
]);

/** True when the held lock itself says that a regression is meant (decision 16: still a right of its own). */
export function isForcingLock(lock: Lock | null): boolean {
	return lock !== null && forcingOperations.has(lock.info.Operation);
}

/** True when the unit is free and this id was held and released before. */
export function isHeldByNobody(state: UnitState, lockId: string): boolean {
	return state.lock === null && state.released.includes(lockId);
}

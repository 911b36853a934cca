/**
 * The lock of a workspace. The protocol of the cloud backend names no lock: whoever locked may
 * write and unlock. So the lock's id begins with what is the same for one login on one unit, and
 * ends with what is different each time, since an id that was released cannot be taken again (I10).
 */
import { createHash } from "node:crypto";
import { DomainError } from "../errors.ts";
import { lockedError } from "../lock/rules.ts";
import type { Caller } from "../principal.ts";
import type { Lock } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";

const mark = "cloud";
const hashCharacters = 16;

/** How the ids of all locks begin that this login takes on this unit. */
export function lockIdPrefix(caller: Caller, id: UnitId): string {
	const { id: principal, loginId } = caller.principal;
	const hash = createHash("sha256").update(JSON.stringify([id, principal, loginId]));
	return `${mark}-${hash.digest("hex").slice(0, hashCharacters)}-`;
}

/** Whether the caller's login took the lock over the cloud backend. */
export function isOwnLock(lock: Lock, caller: Caller, id: UnitId): boolean {
	return (
		lock.surface === "tfe" &&
		lock.principal === caller.principal.id &&
		lock.info.ID.startsWith(lockIdPrefix(caller, id))
	);
}

/**
 * The lock id under which the caller may write. A write without a lock is refused: nothing in this
 * protocol would tell a holder whose lock was broken from one who never had any (I10).
 * Fails with `locked` or `lock_mismatch`.
 */
export function ownLockId(lock: Lock | null, caller: Caller, id: UnitId): string {
	if (lock === null) {
		throw new DomainError("lock_mismatch", "the workspace is not locked", {
			hint: "its lock was broken, or never taken: lock the workspace before you write its state; `-lock=false` is not taken here",
		});
	}
	if (!isOwnLock(lock, caller, id)) throw lockedError(lock);
	return lock.info.ID;
}

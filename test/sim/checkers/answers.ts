/**
 * Every answer was true at some moment between the request and the reply: I7, and the part of I1
 * and I5 that no record shows, such as "locked by somebody else".
 */
import { presentationsOf } from "../../../src/core/unit/overlay.ts";
import { currentVersion, type UnitState, writtenVersion } from "../../../src/core/unit/record.ts";
import type { Attempt, AttemptResult, Violation } from "../history.ts";
import { type Chain, headsDuring } from "./chain.ts";

/** Codes that a client may get without anybody having done anything wrong. */
const ordinaryFailures: ReadonlySet<string> = new Set([
	"storage_unavailable",
	"contention",
	"body_cut_off",
	"version_not_found",
	"state_conflict",
]);

export function checkAnswers(chain: Chain, attempts: readonly Attempt[]): Violation[] {
	const found: Violation[] = [];
	for (const attempt of attempts) {
		if (attempt.unit !== chain.unit || attempt.end === null) continue;
		if (attempt.outcome === "unknown" || ordinaryFailures.has(attempt.code)) continue;
		const states = headsDuring(chain, attempt).map((head) => head?.record.state ?? null);
		const heads = headsDuring(chain, attempt);
		const isTrue =
			attempt.outcome === "ok" && attempt.result !== null
				? heads.some((head, i) =>
						isTrueAnswer(attempt, attempt.result as AttemptResult, states[i] ?? null, {
							generation: head?.generation ?? 0,
							isOwn: head?.record.requestId === attempt.id,
						}),
					)
				: states.some((state) => isTrueRefusal(attempt, state));
		if (isTrue) continue;
		const invariant = attempt.kind === "read" || attempt.kind === "get" ? "I7" : "I1";
		const answer = attempt.outcome === "ok" ? JSON.stringify(attempt.result) : attempt.code;
		const shown = heads.map((head) => head?.generation ?? 0).join(", ");
		found.push({
			invariant: answer === "storage_corrupt" ? "I8" : invariant,
			what: `${chain.unit}: ${attempt.kind} ${attempt.id} (op ${attempt.op}, ${attempt.server}) answered ${answer}, which was true at none of the heads ${shown}${attempt.code === "crash" ? `: ${(attempt.error as Error)?.stack}` : ""}`,
		});
	}
	return found;
}

function isTrueAnswer(
	attempt: Attempt,
	result: AttemptResult,
	state: UnitState | null,
	head: { readonly generation: number; readonly isOwn: boolean },
): boolean {
	const lock = state?.lock ?? null;
	switch (attempt.kind) {
		case "lock":
			return lock?.info.ID === attempt.lockId && lock?.principal === attempt.principal;
		case "unlock":
			return (
				state !== null &&
				lock?.info.ID !== attempt.lockId &&
				state.released.includes(attempt.lockId ?? "")
			);
		case "force-unlock":
			return result.lockId === null ? state !== null && lock === null : head.isOwn;
		case "write":
			return state !== null && isContent(state, attempt.sha256);
		case "read":
			if (result.generation === null) return state === null;
			return (
				state !== null &&
				state.deleted === null &&
				currentVersion(state)?.sha256 === result.sha256 &&
				currentVersion(state)?.generation === result.generation
			);
		case "get":
			if (result.generation === 0) return state === null || state.adopting;
			return head.generation === result.generation;
		case "update":
			// What is the same afterwards writes nothing.
			return head.isOwn || (state?.deleted === null && head.generation === result.generation);
		case "delete":
			return state?.deleted != null;
		case "undelete":
			return state !== null && state.deleted === null;
		default:
			return head.isOwn;
	}
}

/** Whether the current version was written so, or is or was shown so. */
function isContent(state: UnitState, sha256: string | null): boolean {
	const written = writtenVersion(state);
	return (
		written !== undefined &&
		[written, ...presentationsOf(state, written.number)].some((one) => one.sha256 === sha256)
	);
}

function isTrueRefusal(attempt: Attempt, state: UnitState | null): boolean {
	const lock = state?.lock ?? null;
	const isLiving = state !== null && state.deleted === null;
	switch (attempt.code) {
		case "locked":
			return (
				lock !== null && (lock.info.ID !== attempt.lockId || lock.principal !== attempt.principal)
			);
		case "lock_mismatch":
			if (attempt.kind === "lock") return state?.released.includes(attempt.lockId ?? "") ?? false;
			return lock?.info.ID !== attempt.lockId || lock?.principal !== attempt.principal;
		case "unit_not_found":
			return !isLiving;
		case "no_state":
			return isLiving && state.current === null;
		case "unit_exists":
			return isLiving;
		default:
			return false;
	}
}

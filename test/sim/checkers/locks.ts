/** Locks in the log: I1, I2, I10, and that a released lock never comes back. */
import { limits } from "../../../src/core/limits.ts";
import type { Attempt, Violation } from "../history.ts";
import type { Chain } from "./chain.ts";

export function checkLocks(chain: Chain, attempts: ReadonlyMap<string, Attempt>): Violation[] {
	const found: Violation[] = [];
	const say = (invariant: string, what: string) =>
		found.push({ invariant, what: `${chain.unit}: ${what}` });
	const released: string[] = [];
	const broken = new Set<string>();
	for (const [index, { record, generation }] of chain.entries.entries()) {
		const before = chain.entries[index - 1]?.record.state ?? null;
		const held = before?.lock?.info.ID ?? null;
		const holds = record.state.lock?.info.ID ?? null;
		const attempt = attempts.get(record.requestId);
		const { operation } = record;
		if (held !== null && holds !== held) {
			if (holds !== null) say("I1", `${generation}: lock ${held} became ${holds}`);
			if (!["unlock", "force-unlock", "delete"].includes(operation)) {
				say("I1", `${generation}: lock ${held} went with a ${operation}`);
			}
		}
		if (held === null && holds !== null && operation !== "lock" && operation !== "adopt") {
			say("I1", `${generation}: lock ${holds} came with a ${operation}`);
		}
		if (operation === "lock") {
			if (held !== null) say("I1", `${generation}: locked while ${held} was held`);
			if (holds !== null && released.slice(-limits.releasedLocksKept).includes(holds)) {
				say("I10", `${generation}: lock ${holds} came back after its release`);
			}
		}
		if (["write", "restore", "unlock"].includes(operation) && attempt !== undefined) {
			const claimed = attempt.lockId;
			const isByLogin = attempt.surface === "s3" && operation === "write";
			const lock = before?.lock ?? null;
			if (isByLogin && lock !== null) {
				if (lock.surface !== "s3" || lock.principal !== attempt.principal) {
					say(
						"I2",
						`${generation}: ${operation} over S3 under ${held} of another login or surface`,
					);
				}
			} else if (claimed !== held) {
				say("I2", `${generation}: ${operation} under ${claimed} while ${held} was held`);
			}
			const holder = before?.lock?.principal;
			if (claimed !== null && holder !== attempt.principal) {
				say("I2", `${generation}: ${operation} by ${attempt.principal} under ${holder}'s lock`);
			}
			if (claimed !== null && broken.has(claimed)) {
				say("I10", `${generation}: ${operation} under ${claimed}, which was broken`);
			}
		}
		if (held !== null && holds === null) released.push(held);
		if (operation === "force-unlock" && held !== null) broken.add(held);
	}
	return found;
}

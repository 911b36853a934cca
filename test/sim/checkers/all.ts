/** All checkers over one run. */
import type { Violation } from "../history.ts";
import type { Run } from "../run-seed.ts";
import { checkAnswers } from "./answers.ts";
import { checkBodies } from "./bodies.ts";
import { chainOf, checkChain } from "./chain.ts";
import { checkLocks } from "./locks.ts";
import { checkOverlays } from "./overlays.ts";
import { checkProjections } from "./projections.ts";
import { checkWrites } from "./writes.ts";

export function checkAll(run: Run): Violation[] {
	const attempts = new Map(run.attempts.map((attempt) => [attempt.id, attempt]));
	const chains = run.units.map((unit) => chainOf(unit, run.history));
	const found: Violation[] = [];
	for (const chain of chains) {
		found.push(
			...checkChain(chain, run.history),
			...checkLocks(chain, attempts),
			...checkWrites(chain, attempts),
			...checkAnswers(chain, run.attempts),
			...checkProjections(chain, run.bucket, run.hasForeign),
			...checkOverlays(chain, run.history),
		);
	}
	found.push(...checkBodies(chains, run.history));
	for (const attempt of run.attempts) {
		if (attempt.end === null && !run.killed.has(attempt.server)) {
			found.push({
				invariant: "I15",
				what: `${attempt.kind} ${attempt.id} at ${attempt.server} was never answered`,
			});
		}
	}
	return found;
}

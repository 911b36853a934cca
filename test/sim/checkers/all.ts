/** All checkers over one run. */
import type { Violation } from "../history.ts";
import type { Run } from "../run-seed.ts";
import { type BucketView, byScope, localName, strangersIn, viewFor } from "../scopes.ts";
import { checkAnswers } from "./answers.ts";
import { checkBodies } from "./bodies.ts";
import { chainOf, checkChain } from "./chain.ts";
import { checkLocks } from "./locks.ts";
import { checkOverlays } from "./overlays.ts";
import { checkProjections } from "./projections.ts";
import { checkWrites } from "./writes.ts";

/** The run as one organization has it. */
type ScopedRun = Omit<Run, "bucket"> & { readonly bucket: BucketView };

export function checkAll(run: Run): Violation[] {
	const strangers = strangersIn(run.bucket).map((what) => ({ invariant: "scopes", what }));
	const scopes = byScope(run.units);
	if (scopes.length === 1) return [...strangers, ...checkScope(run)];
	const found = scopes.flatMap((units) => checkScope(scopeOf(run, units)));
	return [...strangers, ...found];
}

function scopeOf(run: Run, units: readonly string[]): ScopedRun {
	const bucket = viewFor(units[0] ?? "", run.bucket);
	const attempts = run.attempts
		.filter(({ unit }) => units.includes(unit))
		.map((attempt) => ({ ...attempt, unit: localName(attempt.unit) }));
	return { ...run, bucket, history: bucket.history, attempts, units: units.map(localName) };
}

function checkScope(run: ScopedRun): Violation[] {
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

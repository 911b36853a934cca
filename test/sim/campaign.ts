/** Many seeds in a row, their sum, and the smallest set of faults with which a seed still fails. */
import type { Code } from "./code.ts";
import type { FaultNote } from "./faults.ts";
import { type RunReport, runSeed } from "./run-seed.ts";
import type { Focus } from "./swarm.ts";

export interface Tally {
	seeds: number;
	events: number;
	calls: number;
	faults: number;
	attempts: number;
}

export interface Campaign {
	readonly tally: Tally;
	/** The first run that broke an invariant, or null. */
	readonly failed: { readonly report: RunReport; readonly focus: Focus } | null;
}

export const newTally = (): Tally => ({ seeds: 0, events: 0, calls: 0, faults: 0, attempts: 0 });

/** The seeds of a root, each with the focus that runs it. */
export function* seedsOf(root: string, foci: readonly Focus[]): Generator<[string, Focus]> {
	for (let i = 0; ; i++) yield [`${root}-${i}`, foci[i % foci.length] as Focus];
}

/** Runs seeds until one fails, `seedsMax` are through, or `mayGoOn` says no. */
export async function campaign(
	code: Code,
	root: string,
	foci: readonly Focus[],
	seedsMax: number,
	mayGoOn: () => boolean = () => true,
): Promise<Campaign> {
	const tally = newTally();
	for (const [seed, focus] of seedsOf(root, foci)) {
		if (tally.seeds >= seedsMax || !mayGoOn()) break;
		const report = await runSeed(code, seed, { focus });
		tally.seeds++;
		tally.events += report.events;
		tally.calls += report.calls;
		tally.faults += report.faults.length;
		tally.attempts += report.attempts;
		if (report.violations.length > 0) return { tally, failed: { report, focus } };
	}
	return { tally, failed: null };
}

/** Leaves out faults, in halves and then one by one, as long as the seed still fails. */
export async function shrink(
	code: Code,
	seed: string,
	focus: Focus,
	runsMax = 300,
): Promise<{ readonly faults: readonly FaultNote[]; readonly report: RunReport }> {
	let report = await runSeed(code, seed, { focus });
	let without = new Set<string>();
	let runs = 0;
	let step = Math.ceil(report.faults.length / 2);
	while (step >= 1 && runs < runsMax) {
		let hasShrunk = false;
		for (let from = 0; from < report.faults.length && runs < runsMax; ) {
			const dropped = report.faults.slice(from, from + step).map((fault) => fault.id);
			const tried = new Set([...without, ...dropped]);
			const again = await runSeed(code, seed, { focus, without: tried });
			runs++;
			if (again.violations.length > 0 && again.faults.length < report.faults.length) {
				without = tried;
				report = again;
				hasShrunk = true;
			} else {
				from += step;
			}
		}
		if (step === 1 && !hasShrunk) break;
		step = step === 1 ? 1 : Math.ceil(step / 2);
	}
	return { faults: report.faults, report };
}

/**
 * The real core under faults. `bun run sim` runs more and fresh seeds; these are the same each
 * time, so that a failure here is a change of the code and not of the weather.
 */
import { describe, expect, test } from "bun:test";
import { campaign } from "./campaign.ts";
import { loadCode } from "./code.ts";
import { runSeed } from "./run-seed.ts";
import type { Focus } from "./swarm.ts";

const root = process.env.OPENTACO_TEST_SEED ?? "suite";
const code = await loadCode();

const plans: readonly [Focus, number][] = [
	["everything", 70],
	["outcomes", 50],
	["pruning", 35],
	["projection", 25],
	["adoption", 25],
	["sleepers", 10],
	["calm", 10],
	["overlay", 40],
	["organization", 15],
];

describe(`simulation, root seed ${root}`, () => {
	test.each(plans)(
		"%s: no invariant is broken in %d seeds",
		async (focus, seeds) => {
			const { tally, failed } = await campaign(code, `${root}-${focus}`, [focus], seeds);
			console.log(
				`${focus}: ${tally.seeds} seeds, ${tally.attempts} requests, ${tally.calls} store calls, ${tally.faults} faults`,
			);
			if (failed !== null) {
				const what = failed.report.violations.map((one) => `${one.invariant} ${one.what}`);
				throw new Error(
					`bun run sim -- --seed ${failed.report.seed} --focus ${focus}\n${what.join("\n")}`,
				);
			}
			expect(tally.seeds).toBe(seeds);
		},
		300_000,
	);

	test("the same seed gives the same run, another one another", async () => {
		const [one, again, other] = [
			await runSeed(code, "same", { focus: "outcomes" }),
			await runSeed(code, "same", { focus: "outcomes" }),
			await runSeed(code, "other", { focus: "outcomes" }),
		];
		expect(again.traceHash).toBe(one.traceHash);
		expect(again.events).toBe(one.events);
		expect(other.traceHash).not.toBe(one.traceHash);
		expect(one.faults.length).toBeGreaterThan(0);
	});
});

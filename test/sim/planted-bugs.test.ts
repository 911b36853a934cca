/** The simulation finds what it is there to find: every planted bug, within so many seeds. */
import { describe, expect, test } from "bun:test";
import { campaign } from "./campaign.ts";
import { loadCode } from "./code.ts";
import { plantedBugs } from "./planted-bugs.ts";
import { replaceOnce, withPlanted } from "./planted-code.ts";
import { runSeed } from "./run-seed.ts";

const code = await loadCode();
const root = process.env.OPENTACO_TEST_SEED ?? "planted";

describe(`planted bugs, root seed ${root}`, () => {
	test.each(plantedBugs.map((bug) => [bug.name, bug] as const))(
		"is found: %s",
		async (_name, bug) => {
			const { failed, tally } = await withPlanted(bug.edits, (planted) =>
				campaign(planted, root, [bug.focus], bug.seedsMax),
			);
			if (failed === null) throw new Error(`not found in ${tally.seeds} seeds`);
			const first = failed.report.violations[0];
			console.log(
				`${bug.name}: seed ${failed.report.seed}, number ${tally.seeds} of at most ${bug.seedsMax}: ${first?.invariant}`,
			);
			expect(tally.seeds).toBeLessThanOrEqual(bug.seedsMax);
			const without = await runSeed(code, failed.report.seed, { focus: bug.focus });
			expect(without.violations).toEqual([]);
		},
		300_000,
	);

	test("a bug that cannot be planted as described is noticed", () => {
		const edit = { file: "a.ts", find: "x", replace: "y" };
		expect(replaceOnce("axb", edit)).toBe("ayb");
		expect(() => replaceOnce("axbx", edit)).toThrow("2 times");
		expect(() => replaceOnce("ab", edit)).toThrow("0 times");
	});
});

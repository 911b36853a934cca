import { expect, test } from "bun:test";
import { readSummary, sum } from "../../../scripts/run-tests.ts";

test("the counts are those that bun test prints last", () => {
	const printed = [
		"a.test.ts:",
		'expected " 99 pass" and got',
		" 99 pass",
		"",
		" 12 pass",
		" 2 skip",
		" 1 todo",
		" 3 fail",
		" 1 error",
		" 40 expect() calls",
		"Ran 18 tests across 3 files. [44.00ms]",
		"",
	].join("\n");
	expect(readSummary(printed)).toEqual({ passed: 12, failed: 3, skipped: 3 });
});

test("a runner that prints nothing has counted nothing", () => {
	expect(readSummary("")).toEqual({ passed: 0, failed: 0, skipped: 0 });
});

test("tallies add up", () => {
	const one = { passed: 1, failed: 2, skipped: 3 };
	expect(sum([one, one])).toEqual({ passed: 2, failed: 4, skipped: 6 });
	expect(sum([])).toEqual({ passed: 0, failed: 0, skipped: 0 });
});

/** Outputs as clients get them: exact where JavaScript's numbers are not. */
import { expect, test } from "bun:test";
import { outputsOf } from "../../../../src/core/outputs/output.ts";
import type { IndexedOutput } from "../../../../src/core/state-index/index-facts.ts";

function indexed(name: string, valueText: string, typeText: string | null): IndexedOutput {
	return { name, valueText, typeText, isSensitive: false };
}

test("numbers that are not what was written are known", () => {
	const numbers = {
		exact: "1.5",
		round: "1.50",
		big: "123456789012345678901",
		fine: "0.12345678901234568",
	};
	const found = outputsOf(
		Object.entries(numbers).map(([name, number]) => indexed(name, `{"n":[${number}]}`, '"number"')),
	);
	expect(found.filter(({ isImprecise }) => isImprecise).map(({ name }) => name)).toEqual(["big"]);
	expect(found.map(({ valueText }) => valueText)).toContain('{"n":[123456789012345678901]}');
});

test("an output without a value is none", () => {
	const found = outputsOf([indexed("none", "null", '"string"'), indexed("empty", '""', null)]);
	expect(found.map(({ name, type }) => [name, type])).toEqual([["empty", undefined]]);
});

test("numbers as long as a state may hold take no longer than their length", () => {
	const zeros = "0".repeat(1_000_000);
	const found = outputsOf([
		indexed("long", `0.${zeros}1`, null),
		indexed("whole", `1.${zeros}`, null),
	]);
	expect(found.map(({ isImprecise }) => isImprecise)).toEqual([true, false]);
});

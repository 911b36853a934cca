/** Random ids and keys, and how the tests of ids look at a refusal. */
import fc from "fast-check";
import { DomainError } from "../../src/core/errors.ts";
import {
	parseUnitId,
	systemUnitId,
	type UnitId,
	unitIdOfKey,
} from "../../src/core/unit/unit-id.ts";

export const seed = Number(process.env.OPENTACO_TEST_SEED ?? Date.now() & 0x7fffffff);
console.info(`unit id seed ${seed} (OPENTACO_TEST_SEED repeats it)`);

export function check(property: fc.IRawProperty<unknown>, numRuns = 2000): void {
	fc.assert(property, { seed, numRuns });
}

export function refusal(act: () => unknown): DomainError {
	try {
		act();
	} catch (error) {
		if (error instanceof DomainError && error.code === "invalid_unit_id") {
			return error;
		}
		throw error;
	}
	throw new Error("accepted");
}

export function accepted(act: () => UnitId): string | null {
	try {
		return act();
	} catch (error) {
		if (error instanceof DomainError && error.code === "invalid_unit_id") {
			return null;
		}
		throw error;
	}
}

/** Raw paths rich in everything that the escape has to think about. */
const piece = fc.oneof(
	fc.constantFrom(
		..."aZ09_._./-",
		"__",
		"_.",
		"_.2E",
		"_.e",
		"_.k",
		".lock",
		".tflock",
		"terraform.tfstate",
		"__opentaco",
		"__opentaco_system",
		" ",
		":",
		"\n",
		"\ufeff",
		"\u00e9",
	),
	fc.string({ unit: "binary", maxLength: 3 }),
);
export const rawText = fc
	.array(piece, { minLength: 1, maxLength: 12 })
	.map((pieces) => pieces.join(""))
	.filter((text) => !text.includes("\0"));
export const rawKey = fc.oneof(
	rawText,
	rawText.map((path) => `${path}/terraform.tfstate`),
);

const naturalSegment = fc
	.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,12}$/)
	.filter(
		(segment) => !/__|_$|^terraform\.tfstate|\.(tf)?lock$|_\.[0-9A-F]{2}|_\.k$/.test(segment),
	);
export const naturalId = fc
	.array(naturalSegment, { minLength: 1, maxLength: 6 })
	.map((segments) => segments.join("/"));
export const anyId: fc.Arbitrary<UnitId> = fc.oneof(
	naturalId.map(parseUnitId),
	rawKey.map(unitIdOfKey).filter((id): id is UnitId => id !== null),
	fc.constant(systemUnitId),
);

import { describe, expect, test } from "bun:test";
import { base58 } from "../../../src/lib/base58.ts";
import { canonicalText, parseExactJson } from "../../../src/lib/exact-json.ts";
import { forSeeds, type Seeded } from "../../support/seeded.ts";

const canonical = (text: string): string => canonicalText(parseExactJson(text, 100));

describe("numbers", () => {
	const same: readonly (readonly string[])[] = [
		["0", "-0", "0.0", "0e5", "-0.000e-7"],
		["10", "1e1", "10.0", "0.1e2", "100e-1", "1E+1"],
		["-1.5", "-15e-1", "-1.50", "-0.15E1"],
		["9007199254740993", "9007199254740993.0", "9.007199254740993e15"],
		["12345678901234567890123456789", "1.2345678901234567890123456789e28"],
		["1e-400", "0.1e-399"],
	];
	for (const spellings of same) {
		test(`${spellings.join(" = ")}`, () => {
			expect(new Set(spellings.map(canonical)).size).toBe(1);
		});
	}

	test("differ as soon as one digit differs, however long they are", () => {
		const texts = [
			...["9007199254740992", "9007199254740993", "9007199254740992.0000000000000000001"],
			...["1e400", "1e401", "0.1", "0.10000000000000000555", "1", "-1", "10", "100"],
		];
		expect(new Set(texts.map(canonical)).size).toBe(texts.length);
		expect(canonical('"1"')).not.toBe(canonical("1"));
	});

	test("take no longer for many zeros or a vast exponent", () => {
		expect(canonical(`1${"0".repeat(100_000)}`)).toBe("1e100000");
		expect(canonical(`${"9".repeat(100_000)}`)).toBe("9".repeat(100_000));
		expect(canonical("1e999999999999999999999")).toContain("999999999999999999999");
	});
});

describe("texts and structure", () => {
	test("escapes are what they stand for; order of keys is not meaning, order of elements is", () => {
		expect(canonical('"\\u0041\\/\\u00e9"')).toBe(canonical('"A/é"'));
		expect(canonical('{"b":1,"a":[1,2]}')).toBe(canonical(' { "a" : [ 1.0 , 2 ] , "b" : 1 } '));
		expect(canonical("[1,2]")).not.toBe(canonical("[2,1]"));
		expect(canonical('{"a":1,"a":2}')).toBe('{"a":2}');
		expect(canonical('{"\\ud83d\\ude00":1,"\\uffee":2}')).toBe('{"\uffee":2,"😀":1}');
		expect(canonical('{"__proto__":1}')).toBe('{"__proto__":1}');
	});

	test("what is no JSON is refused, and so is what is too deep", () => {
		for (const text of [
			"",
			"{",
			"[1,]",
			"01",
			"+1",
			"1.",
			"nul",
			'{"a"}',
			'"\n"',
			"1 2",
			"[1 2]",
		]) {
			expect(() => canonical(text)).toThrow(SyntaxError);
		}
		expect(() => canonical("[".repeat(102) + "]".repeat(102))).toThrow(SyntaxError);
	});
});

const seed = Number(process.env.OPENTACO_TEST_SEED ?? Date.now() & 0x7fffffff);
console.info(`exact json seed ${seed} (OPENTACO_TEST_SEED repeats it)`);

function randomValue(random: Seeded, depth = 0): unknown {
	const letter = () => 32 + random.below(0x2ff);
	const several = <T>(make: () => T) => Array.from({ length: random.below(4) }, make);
	switch (random.below(depth > 3 ? 4 : 6)) {
		case 0:
			return random.below(2) === 0;
		case 1:
			return null;
		case 2:
			return (random.below(2_000_001) - 1_000_000) / 10 ** random.below(6);
		case 3:
			return String.fromCodePoint(...several(letter));
		case 4:
			return several(() => randomValue(random, depth + 1));
		default:
			return Object.fromEntries(
				several(() => [`k${random.below(9)}`, randomValue(random, depth + 1)] as const),
			);
	}
}

/** The same value with its keys in another order and with spaces. */
function respelled(given: unknown): string {
	if (Array.isArray(given)) return `[ ${given.map(respelled).join(" ,")}]`;
	if (typeof given !== "object" || given === null) return ` ${JSON.stringify(given)} `;
	const members = Object.entries(given).reverse();
	return `{${members.map(([key, one]) => `${JSON.stringify(key)} :${respelled(one)}`).join(",\n")} }`;
}

test("any value has one text, which means the same", () => {
	forSeeds(
		2000,
		(random) => {
			const given = randomValue(random);
			const text = canonical(JSON.stringify(given));
			expect(canonical(respelled(given))).toBe(text);
			expect(canonical(text)).toBe(text);
			expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(given)));
		},
		seed,
	);
});

test("base58 is Bitcoin's", () => {
	const of = (text: string) => base58(Buffer.from(text));
	expect(of("Hello World!")).toBe("2NEpo7TZRRrLZSi2U");
	expect(base58(new Uint8Array([0, 0, 40, 127, 180, 205]))).toBe("11233QC4");
	expect(of("")).toBe("");
});

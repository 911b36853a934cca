/** A sample state, random and broken ones, and how the tests look at what the scanner makes of them. */
import fc from "fast-check";
import { DomainError } from "../../src/core/errors.ts";
import { checkState, type StateFacts, StateScanner } from "../../src/core/state/tfstate.ts";

export const seed = Number(process.env.OPENTACO_TEST_SEED ?? Date.now() & 0x7fffffff);
console.info(`tfstate seed ${seed} (OPENTACO_TEST_SEED repeats it)`);

export function check(property: fc.IRawProperty<unknown>, numRuns = 2000): void {
	fc.assert(property, { seed, numRuns });
}

export const sample = `{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 41,
  "lineage": "3f1c9b1e-0b7e-4f38-9a51-6e4f0d3f1a2b",
  "outputs": {
    "big": { "value": 123456789012345678901234567890, "type": "number" },
    "exact": { "value": 1.10, "type": "number" },
    "text": { "value": "caf\u00e9 \u{1f32e} \\u00e9 \\ud83c\\udf2e \\" \\\\ \\/ \\n", "type": "string" }
  },
  "resources": [
    { "mode": "managed", "serial": 7, "lineage": null, "instances": [{}, [], [-0, 0.5e-10, true, false, null]] }
  ],
  "check_results": null
}
`;

export function bytesOf(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

export function factsOf(text: string): StateFacts {
	return checkState(bytesOf(text));
}

export function refusal(act: () => unknown): DomainError {
	try {
		act();
	} catch (error) {
		if (error instanceof DomainError && error.code === "invalid_state") {
			return error;
		}
		throw error;
	}
	throw new Error("accepted");
}

/** The facts, or the message of the refusal. */
export function outcome(act: () => StateFacts): StateFacts | string {
	try {
		return act();
	} catch (error) {
		if (error instanceof DomainError && error.code === "invalid_state") {
			return error.message;
		}
		throw error;
	}
}

export function inPieces(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
	const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
	const pieces: Uint8Array[] = [];
	let from = 0;
	for (const cut of [...at, bytes.length]) {
		// A copy, so that a piece that the scanner should have let go of cannot still be read.
		pieces.push(Uint8Array.from(bytes.subarray(from, cut)));
		from = cut;
	}
	return pieces;
}

export function scanPieces(pieces: readonly Uint8Array[]): StateFacts {
	const scanner = new StateScanner();
	for (const piece of pieces) {
		scanner.push(piece);
		piece.fill(0);
	}
	return scanner.finish();
}

const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What JSON.parse makes of the bytes; undefined when it refuses. */
export function parsed(bytes: Uint8Array): unknown {
	try {
		return JSON.parse(strictText.decode(bytes));
	} catch {
		return undefined;
	}
}

export const notJson = /not valid JSON|cut off|no JSON object|byte order mark|HTML|empty: there/;

export const prefix = '{"version":4,"serial":1,"lineage":"a","x":';
export const randomJson = fc.oneof(
	fc.json({ stringUnit: "binary" }),
	fc.jsonValue({ stringUnit: "grapheme" }).map((value) => JSON.stringify(value, null, "\t ")),
);
const tokens = fc.constantFrom<(string | number[])[]>(
	..."{}[]:,",
	'"a"',
	'"',
	"\\",
	"\\u12",
	"\\ud800",
	"\\n",
	"\\x",
	"0",
	"-",
	"-0",
	"1",
	"12.5",
	".",
	"e",
	"E+",
	"1e400",
	"true",
	"false",
	"null",
	"nul",
	" ",
	"\r\n\t",
	"\x01",
	"\x0b",
	"\x7f",
	"\u2028",
	"\ufeff",
	"\u{10ffff}",
	[0x80],
	[0xff],
	[0xc0, 0xaf],
	[0xc1, 0xbf],
	[0xe0, 0x80, 0xaf],
	[0xe0, 0xa0, 0x80],
	[0xed, 0xa0, 0x80],
	[0xed, 0x9f, 0xbf],
	[0xf0, 0x8f, 0xbf, 0xbf],
	[0xf0, 0x90, 0x80, 0x80],
	[0xf4, 0x90, 0x80, 0x80],
	[0xf5, 0x80, 0x80, 0x80],
	[0xe2, 0x82],
	[0xc3],
);
export function joined(parts: readonly (string | number[])[]): Uint8Array {
	return Buffer.concat(
		parts.map((part) => (typeof part === "string" ? bytesOf(part) : Uint8Array.from(part))),
	);
}
export const soup = fc.oneof(
	fc.array(tokens, { maxLength: 12 }).map(joined),
	fc.array(tokens, { maxLength: 8 }).map((parts) => joined(['"', ...parts, '"'])),
	fc.array(tokens, { maxLength: 6 }).map((parts) => joined(["[", ...parts, "]"])),
);
export const change = fc.record({
	at: fc.nat(),
	remove: fc.nat({ max: 3 }),
	insert: fc.oneof(
		tokens.map((token) => joined([token])),
		fc.uint8Array({ maxLength: 2 }),
	),
});
export function changed(
	bytes: Uint8Array,
	changes: readonly { at: number; remove: number; insert: Uint8Array }[],
): Uint8Array {
	let out = bytes;
	for (const { at, remove, insert } of changes) {
		const from = at % (out.length + 1);
		out = Buffer.concat([out.subarray(0, from), insert, out.subarray(from + remove)]);
	}
	return out;
}
export const cuts = fc.array(fc.nat(), { maxLength: 20 });

/** Texts are what they are, however often and in whatever order they come. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { TextPool } from "../../../../src/core/state-index/text-pool.ts";

const seed = Number(process.env.OPENTACO_TEST_SEED ?? Date.now() & 0x7fffffff);
console.info(`text pool seed ${seed} (OPENTACO_TEST_SEED repeats it)`);

test("a pooled text is the text of its bytes", () => {
	const text = fc.string({
		unit: fc.constantFrom("a", "b", '"', "\\", "é", "😀", "\n"),
		maxLength: 40,
	});
	fc.assert(
		fc.property(fc.array(text, { maxLength: 60 }), (texts) => {
			const pool = new TextPool();
			const buffer = new Uint8Array(1000);
			for (const one of [...texts, ...texts]) {
				// One buffer for all, as the scanner has it.
				const raw = Buffer.from(JSON.stringify(one).slice(1, -1));
				buffer.set(raw);
				expect(pool.of(buffer.subarray(0, raw.length))).toBe(one);
			}
		}),
		{ seed },
	);
});

/** Outputs come out of a state's bytes however these are cut, and wherever the outputs stand. */
import { describe, expect, test } from "bun:test";
import { OutputsScanner, ResourcesScanner } from "../../../../src/core/outputs/extract.ts";

const outputs =
	'{ "b": {"value": "}, \\"outputs\\": {", "type": "string"}, "a": {"value": [1, {"x": null}], "type": ["tuple", ["number", ["object", {"x": "string"}]]], "sensitive": true}, "none": {"value": null, "type": "string"} }';

const states: Readonly<Record<string, string>> = {
	first: `{"outputs": ${outputs} , "version": 4, "resources": []}`,
	last: `{"version": 4, "resources": [{"outputs": {"no": {"value": 1}}}], "outputs": ${outputs} }\n`,
	middle: `{"version": 4,\n  "outputs": ${outputs},\n  "resources": [ ]\n}`,
};

function scan<T>(
	scanner: { push(chunk: Uint8Array): void; finish(): T },
	text: string,
	size: number,
): T {
	const bytes = Buffer.from(text);
	for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
	return scanner.finish();
}

for (const [place, state] of Object.entries(states)) {
	describe(`outputs that stand ${place}`, () => {
		for (const size of [1, 2, 7, 64, 10_000]) {
			test(`in pieces of ${size}`, () => {
				const found = scan(new OutputsScanner(), state, size);
				expect(found.map(({ name }) => name)).toEqual(["a", "b"]);
				expect(found[0]).toMatchObject({ isSensitive: true, value: [1, { x: null }] });
				expect(found[1]).toMatchObject({ isSensitive: false, value: '}, "outputs": {' });
				expect(scan(new ResourcesScanner(), state, size)).toBe(place === "last");
			});
		}
	});
}

test("a state without outputs has none", () => {
	expect(scan(new OutputsScanner(), '{"version": 4}', 3)).toEqual([]);
	expect(scan(new OutputsScanner(), '{"outputs": {}, "version": 4}', 3)).toEqual([]);
	expect(scan(new OutputsScanner(), '{"outputs": null}', 3)).toEqual([]);
});

test("numbers that are not what was written are known", () => {
	const numbers = {
		exact: "1.5",
		round: "1.50",
		big: "123456789012345678901",
		fine: "0.12345678901234568",
	};
	const text = Object.entries(numbers).map(
		([name, number]) => `"${name}":{"value":{"n":[${number}]},"type":"number"}`,
	);
	const found = scan(new OutputsScanner(), `{"outputs":{${text.join(",")}}}`, 10);
	expect(found.filter(({ isImprecise }) => isImprecise).map(({ name }) => name)).toEqual(["big"]);
});

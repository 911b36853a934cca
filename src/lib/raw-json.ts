/**
 * JSON whose numbers are written again as they were read. A number that JavaScript would write in
 * another way, because it has more digits than 53 bits hold or a zero at its end, is kept as its text.
 */

/** A number as its text. */
export interface RawNumber {
	readonly rawJSON: string;
}

interface RawJson {
	rawJSON(text: string): RawNumber;
	isRawJSON(value: unknown): value is RawNumber;
}

// Of the proposal `JSON.parse source text access`, which the runtime has and its types do not yet.
const raw = JSON as unknown as RawJson;

/** Whether the value is a number that is kept as its text. */
export function isRawNumber(value: unknown): value is RawNumber {
	return raw.isRawJSON(value);
}

/** As JSON.parse; JSON.stringify writes the numbers as they stood. @throws SyntaxError. */
export function parseRawNumbers(text: string): unknown {
	type Context = { readonly source?: string };
	const revive = (_key: string, value: unknown, context?: Context): unknown => {
		const source = context?.source;
		if (typeof value !== "number" || source === undefined || source === String(value)) return value;
		return raw.rawJSON(source);
	};
	return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

/** An output as clients get it, made of what the index holds. */
import type { IndexedOutput } from "../state-index/index-facts.ts";

export interface Output {
	readonly name: string;
	readonly value: unknown;
	/** Terraform's own notation: `"string"`, `["list","string"]`, `["object",{…}]` … */
	readonly type: unknown;
	readonly isSensitive: boolean;
	/** A number in it is not the one that stands in the state: JavaScript's have 53 bits. */
	readonly isImprecise: boolean;
	/** The JSON text of the value, as it stands in the state. */
	readonly valueText: string;
	/** That of the type; null when the state has none. */
	readonly typeText: string | null;
}

/** Those that have a value, in their order. */
export function outputsOf(indexed: readonly IndexedOutput[]): Output[] {
	return indexed.flatMap(({ name, valueText, typeText, isSensitive }): Output[] => {
		const value: unknown = JSON.parse(valueText);
		if (value === null) return [];
		return [
			{
				name,
				value,
				type: typeText === null ? undefined : (JSON.parse(typeText) as unknown),
				isSensitive,
				isImprecise: isImprecise(valueText),
				valueText,
				typeText,
			},
		];
	});
}

const longNumber = /[0-9.]{16}|[0-9][eE]/;

/** Whether a number in the text is not exactly what JavaScript makes of it. */
function isImprecise(text: string): boolean {
	if (!longNumber.test(text)) return false;
	let isInexact = false;
	type Context = { readonly source?: string };
	const revive = (_key: string, value: unknown, context?: Context): unknown => {
		isInexact ||=
			typeof value === "number" &&
			context?.source !== undefined &&
			plainDigits(context.source) !== plainDigits(String(value));
		return value;
	};
	JSON.parse(text, revive as (key: string, value: unknown) => unknown);
	return isInexact;
}

/** A number without what does not change it, so far as decimals without exponents go. */
function plainDigits(source: string): string {
	if (!/^-?[0-9]+\.[0-9]+$/.test(source)) return source;
	// Counted, not searched for: a search begins anew at each zero of a long number.
	let end = source.length;
	while (source[end - 1] === "0") end--;
	return source.slice(0, source[end - 1] === "." ? end - 1 : end);
}

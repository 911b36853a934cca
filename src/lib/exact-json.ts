/**
 * JSON without loss: numbers are kept as decimals of any size, never as floating point, so that two
 * texts have the same canonical form exactly when they mean the same value. Memory and time grow
 * linearly with the text.
 */
import { compareUtf8 } from "./utf8-order.ts";

/** A number, as digits times a power of ten: `-15e-1` for -1.5, `0` for every zero. */
export class ExactNumber {
	readonly canonical: string;

	constructor(canonical: string) {
		this.canonical = canonical;
	}
}

export type ExactObject = ReadonlyMap<string, ExactJson>;
export type ExactJson = string | boolean | null | ExactNumber | readonly ExactJson[] | ExactObject;

const stringForm = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const numberForm = /(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?/y;
const literalForm = /true|false|null/y;
const spaceForm = /[ \t\n\r]*/y;
const literals: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/**
 * Parses one JSON text. Of a repeated key the last value counts.
 * @throws SyntaxError for what is no JSON, or is nested deeper than `depthMax`.
 */
export function parseExactJson(text: string, depthMax: number): ExactJson {
	const parser = new Parser(text, depthMax);
	const value = parser.value(0);
	parser.end();
	return value;
}

class Parser {
	readonly #text: string;
	readonly #depthMax: number;
	#at = 0;

	constructor(text: string, depthMax: number) {
		this.#text = text;
		this.#depthMax = depthMax;
	}

	value(depth: number): ExactJson {
		if (depth > this.#depthMax) throw new SyntaxError("the JSON is nested too deeply");
		this.#skipSpace();
		const first = this.#text[this.#at];
		if (first === "{") return this.#object(depth);
		if (first === "[") return this.#array(depth);
		if (first === '"') return this.#string();
		const literal = this.#match(literalForm);
		if (literal !== null) return literals[literal[0]] ?? null;
		const number = this.#match(numberForm);
		if (number === null) throw malformed();
		const [, sign = "", whole = "", fraction = "", exponent = "0"] = number;
		return new ExactNumber(canonicalNumber(sign, whole, fraction, exponent));
	}

	end(): void {
		this.#skipSpace();
		if (this.#at !== this.#text.length) throw malformed();
	}

	#object(depth: number): ExactObject {
		this.#at++;
		const members = new Map<string, ExactJson>();
		for (let isFirst = true; !this.#isClosed("}", isFirst); isFirst = false) {
			this.#skipSpace();
			const key = this.#string();
			this.#skipSpace();
			this.#expect(":");
			members.set(key, this.value(depth + 1));
		}
		return members;
	}

	#array(depth: number): ExactJson[] {
		this.#at++;
		const elements: ExactJson[] = [];
		for (let isFirst = true; !this.#isClosed("]", isFirst); isFirst = false) {
			elements.push(this.value(depth + 1));
		}
		return elements;
	}

	/** Passes the closing bracket, or the comma before a further item. */
	#isClosed(bracket: string, isFirst: boolean): boolean {
		this.#skipSpace();
		if (this.#text[this.#at] === bracket) {
			this.#at++;
			return true;
		}
		if (!isFirst) this.#expect(",");
		return false;
	}

	#string(): string {
		const found = this.#match(stringForm);
		if (found === null) throw malformed();
		return JSON.parse(found[0]) as string;
	}

	#expect(mark: string): void {
		if (this.#text[this.#at] !== mark) throw malformed();
		this.#at++;
	}

	#skipSpace(): void {
		this.#match(spaceForm);
	}

	#match(form: RegExp): RegExpExecArray | null {
		form.lastIndex = this.#at;
		const found = form.exec(this.#text);
		if (found !== null) this.#at = form.lastIndex;
		return found;
	}
}

function malformed(): SyntaxError {
	return new SyntaxError("the text is not JSON");
}

/** Exponents with more digits than this are no number that any program holds. */
const exponentDigitsMax = 15;

function canonicalNumber(sign: string, whole: string, fraction: string, exponent: string): string {
	const digits = (whole + fraction).replace(/^0+/, "");
	if (digits === "") return "0";
	let end = digits.length;
	while (digits.charCodeAt(end - 1) === 0x30) end--;
	const significant = digits.slice(0, end);
	const shift = digits.length - significant.length - fraction.length;
	if (exponent.replace(/^[+-]?0*/, "").length > exponentDigitsMax) {
		return `${sign}${significant}e${exponent.replace(/^\+/, "")}${shift < 0 ? "" : "+"}${shift}`;
	}
	const power = Number(exponent) + shift;
	return power === 0 ? `${sign}${significant}` : `${sign}${significant}e${power}`;
}

/**
 * The one text of a value: keys in order of their code points, no space, strings as JSON writes
 * them with the fewest escapes, numbers as `ExactNumber` says.
 */
export function canonicalText(value: ExactJson): string {
	const parts: string[] = [];
	write(value, parts);
	return parts.join("");
}

function write(value: ExactJson, parts: string[]): void {
	if (value instanceof ExactNumber) parts.push(value.canonical);
	else if (value instanceof Map) {
		const members = value as ExactObject;
		let mark = "{";
		for (const key of [...members.keys()].sort(compareUtf8)) {
			parts.push(mark, JSON.stringify(key), ":");
			write(members.get(key) ?? null, parts);
			mark = ",";
		}
		parts.push(mark === "{" ? "{}" : "}");
	} else if (Array.isArray(value)) {
		parts.push("[");
		for (const [index, element] of value.entries()) {
			if (index > 0) parts.push(",");
			write(element, parts);
		}
		parts.push("]");
	} else parts.push(JSON.stringify(value));
}

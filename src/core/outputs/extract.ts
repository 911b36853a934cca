/**
 * The outputs in a state's bytes. The scanner finds where they stand, whatever the size of the
 * state; only those bytes are held and parsed.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { JsonScanner } from "../state/json-scanner.ts";
import type { JsonKind, MemberReader } from "../state/member-reader.ts";

export interface Output {
	readonly name: string;
	readonly value: unknown;
	/** Terraform's own notation: `"string"`, `["list","string"]`, `["object",{…}]` … */
	readonly type: unknown;
	readonly isSensitive: boolean;
	/** A number in it is not the one that stands in the state: JavaScript's have 53 bits. */
	readonly isImprecise: boolean;
}

/** Finds one member of the top-level object. */
class MemberFinder implements MemberReader {
	start: number | null = null;
	end: number | null = null;
	readonly #name: string;
	readonly #kind: JsonKind;
	#isNamed = false;

	constructor(name: string, kind: JsonKind) {
		this.#name = name;
		this.#kind = kind;
	}

	key(raw: Uint8Array | null, offset: number): number {
		if (this.start !== null && this.end === null) this.end = offset;
		this.#isNamed = raw !== null && Buffer.from(raw).toString("latin1") === this.#name;
		return 0;
	}

	value(kind: JsonKind, _raw: Uint8Array | null, start: number): void {
		if (this.#isNamed && kind === this.#kind && this.start === null) this.start = start;
	}
}

/** Keeps the text of one member while the bytes pass by, with a little of what follows it. */
class MemberCapture {
	readonly finder: MemberFinder;
	readonly #json: JsonScanner;
	readonly #kept: Uint8Array[] = [];
	keptBytes = 0;

	constructor(name: string, kind: JsonKind) {
		this.finder = new MemberFinder(name, kind);
		this.#json = new JsonScanner(this.finder);
	}

	/** Keeps at most `bytesMax` in all, and counts the rest. */
	push(chunk: Uint8Array, bytesMax: number): void {
		const base = this.#json.offset;
		const wasDone = this.finder.end !== null;
		this.#json.push(chunk);
		const { start, end } = this.finder;
		if (start === null || wasDone) return;
		const from = Math.max(start - base, 0);
		const to = end === null ? chunk.length : Math.max(end - base, from);
		if (this.keptBytes < bytesMax) {
			this.#kept.push(chunk.slice(from, Math.min(to, from + bytesMax - this.keptBytes)));
		}
		this.keptBytes += to - from;
	}

	finish(): string {
		this.#json.finish();
		return Buffer.concat(this.#kept).toString("utf8");
	}
}

/** Reads the outputs while the state's bytes pass by. */
export class OutputsScanner {
	readonly #capture = new MemberCapture("outputs", "object");

	/** The next bytes. Fails with `invalid_state` or `too_large`. */
	push(chunk: Uint8Array): void {
		this.#capture.push(chunk, limits.outputsBytesMax);
		if (this.#capture.keptBytes <= limits.outputsBytesMax) return;
		throw new DomainError("too_large", "the outputs of the state are too large to be shown", {
			hint: "read the state itself",
			details: { limitBytes: limits.outputsBytesMax },
		});
	}

	/** The outputs in order of their names. Fails with `invalid_state` or `too_large`. */
	finish(): Output[] {
		let text = this.#capture.finish();
		const { start, end } = this.#capture.finder;
		if (start === null) return [];
		// Behind the object stand a comma and the next key's quote, or the end of the state's own object.
		if (end === null) text = text.slice(0, text.lastIndexOf("}"));
		return parseOutputs(text.slice(0, text.lastIndexOf("}") + 1));
	}
}

const resourcesHeadBytes = 64;

/** Whether a state has resources, while its bytes pass by; yes where that cannot be told. */
export class ResourcesScanner {
	readonly #capture = new MemberCapture("resources", "array");

	/** The next bytes. Fails with `invalid_state`. */
	push(chunk: Uint8Array): void {
		this.#capture.push(chunk, resourcesHeadBytes);
	}

	/** Fails with `invalid_state`. */
	finish(): boolean {
		const head = this.#capture.finish();
		return this.#capture.finder.start !== null && !/^\[\s*\]/.test(head);
	}
}

function parseOutputs(text: string): Output[] {
	const outputs: Output[] = [];
	for (const [name, given] of Object.entries(parsePlain(text))) {
		const output = given as { value?: unknown; type?: unknown; sensitive?: unknown } | null;
		if (typeof output !== "object" || output === null || output.value === null) continue;
		outputs.push({
			name,
			value: output.value,
			type: output.type,
			isSensitive: output.sensitive === true,
			isImprecise: false,
		});
	}
	const imprecise = impreciseIn(text);
	return outputs
		.map((output) => (imprecise.has(output.name) ? { ...output, isImprecise: true } : output))
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function parsePlain(text: string): Record<string, unknown> {
	return JSON.parse(text) as Record<string, unknown>;
}

const longNumber = /[0-9.]{16}|[0-9][eE]/;

/** The names of outputs that hold a number which is not exactly what was written. */
function impreciseIn(text: string): ReadonlySet<string> {
	if (!longNumber.test(text)) return new Set();
	const holders = new WeakSet<object>();
	const names = new Set<string>();
	type Context = { readonly source?: string };
	const revive = function (this: unknown, key: string, value: unknown, context?: Context): unknown {
		const isInexact =
			typeof value === "number" &&
			context?.source !== undefined &&
			plainDigits(context.source) !== plainDigits(String(value));
		const isHolder = typeof value === "object" && value !== null && holders.has(value);
		if ((isInexact || isHolder) && typeof this === "object" && this !== null) {
			holders.add(this);
			names.add(key);
		}
		return value;
	};
	const reviver = revive as (this: unknown, key: string, value: unknown) => unknown;
	const root = JSON.parse(text, reviver) as Record<string, unknown>;
	return new Set(
		Object.entries(root).flatMap(([name, output]) =>
			typeof output === "object" && output !== null && holders.has(output) ? [name] : [],
		),
	);
}

/** A number without what does not change it, so far as decimals without exponents go. */
function plainDigits(source: string): string {
	return /^-?[0-9]+\.[0-9]+$/.test(source) ? source.replace(/\.?0+$/, "") : source;
}

/** The outputs of a state, as the scanner finds them. */

import { compareUtf8 } from "../../lib/utf8-order.ts";
import { limits } from "../limits.ts";
import type { Capture, Captures } from "./captures.ts";
import type { IndexedOutput } from "./index-facts.ts";

interface FoundOutput {
	value: Capture | null;
	type: Capture | null;
	sensitive: Capture | null;
}

const members: ReadonlySet<string> = new Set(["value", "type", "sensitive"]);

/** Collects outputs. */
export class OutputCollector {
	readonly #captures: Captures;
	/** The last one of a name counts, as for Terraform. */
	readonly #found = new Map<string, FoundOutput>();
	#current: FoundOutput | null = null;
	#open: Capture | null = null;
	#keptBytes = 0;
	#isCut = false;

	constructor(captures: Captures) {
		this.#captures = captures;
	}

	/** An output begins; its name is null when it is too long to be shown. */
	begin(name: string | null): void {
		this.#current = null;
		if (name === null || this.#found.size >= limits.indexedOutputsMax) {
			this.#isCut = true;
			return;
		}
		this.#current = { value: null, type: null, sensitive: null };
		this.#found.set(name, this.#current);
	}

	/** A key of the output: what follows is kept from here on, if it is wanted. */
	key(key: string | null, offset: number): void {
		this.#open = null;
		if (this.#current === null || key === null || !members.has(key)) return;
		this.#open = this.#captures.begin(offset, limits.outputsBytesMax);
		this.#current[key as keyof FoundOutput] = this.#open;
	}

	/** The value of that key begins, and has ended when `end` is known. Gives whether it is kept. */
	member(start: number, end: number | null): boolean {
		if (this.#open === null) return false;
		this.#open.start = start;
		if (end !== null) this.endMember(end);
		return true;
	}

	/** The value has ended. */
	endMember(offset: number): void {
		const capture = this.#open;
		this.#open = null;
		if (capture === null) return;
		capture.end = offset;
		this.#keptBytes += capture.sizeBytes;
		if (this.#keptBytes > limits.outputsBytesMax) capture.drop();
	}

	/** The output has ended. */
	end(): void {
		this.#current = null;
	}

	/** All of them in order of their names, after the last byte. */
	finish(): { readonly outputs: readonly IndexedOutput[]; readonly isCut: boolean } {
		const outputs: IndexedOutput[] = [];
		for (const [name, { value, type, sensitive }] of this.#found) {
			if (value === null) continue;
			const [valueText, typeText] = [value.text, type === null ? null : type.text];
			if (valueText === null || (type !== null && typeText === null)) {
				this.#isCut = true;
				continue;
			}
			// What is not clearly `false` is kept from eyes.
			const isSensitive =
				sensitive !== null && sensitive.text !== "false" && sensitive.text !== "null";
			outputs.push({ name, valueText, typeText, isSensitive });
		}
		outputs.sort((a, b) => compareUtf8(a.name, b.name));
		return { outputs, isCut: this.#isCut };
	}
}

/** The indexes that were used last, by the SHA-256 of their states, bounded by their bytes. */
import { limits } from "../limits.ts";
import type { StateIndex } from "./index-facts.ts";

interface Entry {
	readonly index: StateIndex;
	readonly sizeBytes: number;
}

/** About what the texts take. */
function sizeOf(index: StateIndex): number {
	let sizeBytes = 500;
	for (const { name, valueText, typeText } of index.outputs) {
		sizeBytes += 100 + name.length + valueText.length + (typeText?.length ?? 0);
	}
	for (const { attributesText } of index.readings) sizeBytes += 300 + attributesText.length;
	return sizeBytes;
}

/** A bounded memory of indexes. */
export class IndexCache {
	readonly #entries = new Map<string, Entry>();
	#sizeBytes = 0;

	/** The index, which becomes the youngest. */
	get(sha256: string): StateIndex | undefined {
		const entry = this.#entries.get(sha256);
		if (entry === undefined) return undefined;
		this.#entries.delete(sha256);
		this.#entries.set(sha256, entry);
		return entry.index;
	}

	/** Keeps it unless it is too large; the oldest go when there are too many bytes. */
	set(sha256: string, index: StateIndex): void {
		const sizeBytes = sizeOf(index);
		if (sizeBytes > limits.indexesCachedBytesMax / 4 || this.#entries.has(sha256)) return;
		this.#entries.set(sha256, { index, sizeBytes });
		this.#sizeBytes += sizeBytes;
		for (const [oldest, entry] of this.#entries) {
			if (this.#sizeBytes <= limits.indexesCachedBytesMax) break;
			this.#entries.delete(oldest);
			this.#sizeBytes -= entry.sizeBytes;
		}
	}
}

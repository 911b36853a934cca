/** A store in this process's memory: for play, tests and the simulation. Gone when the process ends. */

import { limits } from "../core/limits.ts";
import {
	checkKey,
	checkLimit,
	checkPrefix,
	compareKeys,
	foldedPrefix,
} from "../core/ports/blob-key.ts";
import {
	type Absent,
	type BlobBytes,
	type BlobInfo,
	type BlobStore,
	type BlobStoreCapabilities,
	type BlobStream,
	type ListOptions,
	type ListPage,
	type PutIfAbsentResult,
	StoreError,
	type StoreOptions,
	type StreamBody,
} from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import { throwIfAborted } from "./abort.ts";
import { exactly } from "./exact-stream.ts";

interface Entry {
	readonly bytes: Uint8Array;
	readonly modified: number;
}

const chunkBytes = 64 * 1024;

/** Keeps copies: bytes given or returned may be changed by the caller afterwards. */
export class MemoryStore implements BlobStore {
	readonly capabilities: BlobStoreCapabilities = {
		kind: "memory",
		location: "memory",
		durable: false,
		hiddenRetries: false,
	};
	readonly #clock: Pick<Clock, "now">;
	readonly #entries = new Map<string, Entry>();
	/** The keys of `#entries` in the order of their bytes. */
	readonly #order: string[] = [];

	/** `clock` gives `date` and `modified`. */
	constructor(clock: Pick<Clock, "now">) {
		this.#clock = clock;
	}

	async get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		checkKey(key);
		throwIfAborted(options?.signal);
		const entry = this.#entries.get(key);
		const date = this.#clock.now();
		if (entry === undefined) return { found: false, date };
		if (entry.bytes.length > limits.wholeReadBytesMax) {
			throw new StoreError("corrupt", "the object is too large to be held");
		}
		return {
			found: true,
			bytes: entry.bytes.slice(),
			modified: entry.modified,
			date,
		};
	}

	async getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		checkKey(key);
		throwIfAborted(options?.signal);
		const entry = this.#entries.get(key);
		const date = this.#clock.now();
		if (entry === undefined) return { found: false, date };
		return {
			found: true,
			body: streamOf(entry.bytes, options?.signal),
			size: entry.bytes.length,
			modified: entry.modified,
			date,
		};
	}

	async putIfAbsent(
		key: string,
		bytes: Uint8Array,
		options?: StoreOptions,
	): Promise<PutIfAbsentResult> {
		checkKey(key);
		throwIfAborted(options?.signal);
		const created = !this.#entries.has(key);
		if (created) this.#set(key, new Uint8Array(bytes));
		return { created, date: this.#clock.now() };
	}

	async put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		checkKey(key);
		throwIfAborted(options?.signal);
		if (body instanceof Uint8Array) {
			this.#set(key, new Uint8Array(body));
		} else {
			const bytes = new Uint8Array(body.size);
			let offset = 0;
			for await (const chunk of exactly(body, options?.signal)) {
				bytes.set(chunk, offset);
				offset += chunk.length;
			}
			throwIfAborted(options?.signal);
			this.#set(key, bytes);
		}
		return { date: this.#clock.now() };
	}

	async delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		checkKey(key);
		throwIfAborted(options?.signal);
		if (this.#entries.delete(key)) this.#order.splice(this.#seek(key), 1);
		return { date: this.#clock.now() };
	}

	async list(options: ListOptions): Promise<ListPage> {
		checkPrefix(options.prefix);
		checkLimit(options.limit);
		throwIfAborted(options.signal);
		const { prefix, delimiter, after } = options;
		const blobs: BlobInfo[] = [];
		const prefixes: string[] = [];
		let last = "";
		let index = this.#seek(prefix);
		if (after !== undefined && compareKeys(after, prefix) >= 0) {
			index = this.#seek(after);
			if (this.#order[index] === after) index++;
		}
		while (index < this.#order.length) {
			const key = this.#order[index] as string;
			if (!key.startsWith(prefix)) break;
			const folded = delimiter === undefined ? null : foldedPrefix(key, prefix);
			const passed = folded !== null && after !== undefined && compareKeys(folded, after) <= 0;
			if (!passed) {
				if (blobs.length + prefixes.length === options.limit) {
					return { blobs, prefixes, next: last };
				}
				last = folded ?? key;
				if (folded === null) blobs.push(this.#info(key));
				else prefixes.push(folded);
			}
			index = folded === null ? index + 1 : this.#seekPast(folded, index);
		}
		return { blobs, prefixes };
	}

	async newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		checkPrefix(prefix);
		throwIfAborted(options?.signal);
		const key = this.#order[this.#seek(prefix)];
		return key?.startsWith(prefix) ? key : null;
	}

	async close(): Promise<void> {}

	#info(key: string): BlobInfo {
		const entry = this.#entries.get(key) as Entry;
		return { key, size: entry.bytes.length, modified: entry.modified };
	}

	/** `bytes` are the store's own, and no Buffer, whose `slice` copies nothing. */
	#set(key: string, bytes: Uint8Array): void {
		if (!this.#entries.has(key)) this.#order.splice(this.#seek(key), 0, key);
		this.#entries.set(key, { bytes, modified: this.#clock.now() });
	}

	/** Index of the first key that is not before `key`. */
	#seek(key: string): number {
		return this.#firstIndex(0, (other) => compareKeys(other, key) >= 0);
	}

	/** Index of the first key from `start` on that does not start with `prefix`. */
	#seekPast(prefix: string, start: number): number {
		return this.#firstIndex(start, (other) => !other.startsWith(prefix));
	}

	/** Binary search for the first index from `start` on at which `holds`, which is monotone there. */
	#firstIndex(start: number, holds: (key: string) => boolean): number {
		let low = start;
		let high = this.#order.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (holds(this.#order[middle] as string)) high = middle;
			else low = middle + 1;
		}
		return low;
	}
}

/** Streams copies of `bytes` in chunks; an abort ends it with StoreError("timeout"). */
function streamOf(bytes: Uint8Array, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
	let offset = 0;
	return new ReadableStream<Uint8Array>(
		{
			pull(controller) {
				if (signal?.aborted) {
					controller.error(
						new StoreError("timeout", "the read was given up", {
							notDone: true,
							cause: signal.reason,
						}),
					);
					return;
				}
				if (offset >= bytes.length) {
					controller.close();
					return;
				}
				controller.enqueue(bytes.slice(offset, offset + chunkBytes));
				offset += chunkBytes;
			},
		},
		{ highWaterMark: 0 },
	);
}

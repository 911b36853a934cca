/**
 * A decorator that has garbage collected while large bodies are read and written. Each chunk, and
 * what is made of it, is garbage soon, and the runtime, left alone, lets a good part of a large state
 * gather. The bytes of all bodies count together: a client may send a state in ten parts at once.
 */

import type {
	Absent,
	BlobBytes,
	BlobStore,
	BlobStream,
	ListOptions,
	ListPage,
	PutIfAbsentResult,
	StoreOptions,
	StreamBody,
} from "../core/ports/blob-store.ts";
import type { StoreLayer } from "./layer.ts";

export interface CollectionOptions {
	/** How many bytes of large bodies may pass between two collections. */
	readonly everyBytes: number;
	/** Smaller bodies are left as they are and do not count. */
	readonly bodyBytesMin: number;
	/** Whether bodies on their way in count: where the store below leaves their chunks as garbage. */
	readonly isCountingWrites: boolean;
}

class CollectingStore implements StoreLayer {
	readonly inner: BlobStore;
	readonly #collect: () => void;
	readonly #options: CollectionOptions;
	#uncollectedBytes = 0;

	constructor(inner: BlobStore, collect: () => void, options: CollectionOptions) {
		this.inner = inner;
		this.#collect = collect;
		this.#options = options;
	}

	get capabilities() {
		return this.inner.capabilities;
	}

	get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		return this.inner.get(key, options);
	}

	async getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		const read = await this.inner.getStream(key, options);
		return read.found ? { ...read, body: this.#watched(read.body, read.size) } : read;
	}

	putIfAbsent(key: string, bytes: Uint8Array, options?: StoreOptions): Promise<PutIfAbsentResult> {
		return this.inner.putIfAbsent(key, bytes, options);
	}

	put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		if (body instanceof Uint8Array || !this.#options.isCountingWrites) {
			return this.inner.put(key, body, options);
		}
		const { stream, size } = body;
		return this.inner.put(key, { stream: this.#watched(stream, size), size }, options);
	}

	delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		return this.inner.delete(key, options);
	}

	list(options: ListOptions): Promise<ListPage> {
		return this.inner.list(options);
	}

	newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		return this.inner.newest(prefix, options);
	}

	close(): Promise<void> {
		return this.inner.close();
	}

	/** The same bytes. */
	#watched(stream: ReadableStream<Uint8Array>, size: number): ReadableStream<Uint8Array> {
		const { bodyBytesMin, everyBytes } = this.#options;
		if (size < bodyBytesMin) return stream;
		const reader = stream.getReader();
		return new ReadableStream<Uint8Array>(
			{
				pull: async (controller) => {
					const { done, value } = await reader.read();
					if (done) {
						controller.close();
						return;
					}
					this.#uncollectedBytes += value.length;
					if (this.#uncollectedBytes >= everyBytes) {
						this.#uncollectedBytes = 0;
						this.#collect();
					}
					controller.enqueue(value);
				},
				cancel: (reason) => reader.cancel(reason),
			},
			{ highWaterMark: 0 },
		);
	}
}

/** The store with `collect` called each time that so many bytes of large bodies have passed. */
export function withCollection(
	inner: BlobStore,
	collect: () => void,
	options: CollectionOptions,
): StoreLayer {
	return new CollectingStore(inner, collect, options);
}

/**
 * A decorator that has garbage collected while large bodies are read. Each chunk, and what is made
 * of it, is garbage soon, and the runtime, left alone, lets a good part of a large state gather.
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

class CollectingStore implements StoreLayer {
	readonly inner: BlobStore;
	readonly #collect: () => void;
	readonly #everyBytes: number;

	constructor(inner: BlobStore, collect: () => void, everyBytes: number) {
		this.inner = inner;
		this.#collect = collect;
		this.#everyBytes = everyBytes;
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
		return this.inner.put(key, body, options);
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

	/** The same bytes. Small bodies are left as they are. */
	#watched(stream: ReadableStream<Uint8Array>, size: number): ReadableStream<Uint8Array> {
		if (size < this.#everyBytes) return stream;
		const reader = stream.getReader();
		let uncollectedBytes = 0;
		return new ReadableStream<Uint8Array>(
			{
				pull: async (controller) => {
					const { done, value } = await reader.read();
					if (done) {
						controller.close();
						return;
					}
					uncollectedBytes += value.length;
					if (uncollectedBytes >= this.#everyBytes) {
						uncollectedBytes = 0;
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

/** The store with `collect` called each time that so many bytes of one body were read. */
export function withCollection(
	inner: BlobStore,
	collect: () => void,
	everyBytes: number,
): StoreLayer {
	return new CollectingStore(inner, collect, everyBytes);
}

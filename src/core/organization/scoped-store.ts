/** A part of a store, as a store: every key lies below the prefix, and none outside can be named. */

import { checkKey, checkPrefix } from "../ports/blob-key.ts";
import type {
	Absent,
	BlobBytes,
	BlobStore,
	BlobStoreCapabilities,
	BlobStream,
	ListOptions,
	ListPage,
	PutIfAbsentResult,
	StoreOptions,
	StreamBody,
} from "../ports/blob-store.ts";

class ScopedStore implements BlobStore {
	readonly #inner: BlobStore;
	readonly #prefix: string;
	readonly capabilities: BlobStoreCapabilities;

	constructor(inner: BlobStore, prefix: string) {
		this.#inner = inner;
		this.#prefix = prefix;
		const { location } = inner.capabilities;
		this.capabilities = { ...inner.capabilities, location: `${location} (below ${prefix})` };
	}

	async get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		return await this.#inner.get(this.#full(key), options);
	}

	async getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		return await this.#inner.getStream(this.#full(key), options);
	}

	async putIfAbsent(
		key: string,
		bytes: Uint8Array,
		options?: StoreOptions,
	): Promise<PutIfAbsentResult> {
		return await this.#inner.putIfAbsent(this.#full(key), bytes, options);
	}

	async put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		return await this.#inner.put(this.#full(key), body, options);
	}

	async delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		return await this.#inner.delete(this.#full(key), options);
	}

	async list(options: ListOptions): Promise<ListPage> {
		checkPrefix(options.prefix);
		const { after } = options;
		const page = await this.#inner.list({
			...options,
			prefix: this.#prefix + options.prefix,
			...(after === undefined ? {} : { after: this.#prefix + after }),
		});
		return {
			blobs: page.blobs.map((blob) => ({ ...blob, key: this.#own(blob.key) })),
			prefixes: page.prefixes.map((prefix) => this.#own(prefix)),
			...(page.next === undefined ? {} : { next: this.#own(page.next) }),
		};
	}

	async newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		checkPrefix(prefix);
		const key = await this.#inner.newest(this.#prefix + prefix, options);
		return key === null ? null : this.#own(key);
	}

	/** The store below belongs to others too. */
	async close(): Promise<void> {}

	/** A key that is none, `..` among them, is refused before it is put behind the prefix. */
	#full(key: string): string {
		checkKey(key);
		return this.#prefix + key;
	}

	#own(key: string): string {
		return key.slice(this.#prefix.length);
	}
}

/** What lies below `prefix`, which ends in a slash. Closing it closes nothing. */
export function scopedStore(inner: BlobStore, prefix: string): BlobStore {
	return prefix === "" ? inner : new ScopedStore(inner, prefix);
}

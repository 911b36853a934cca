/** What a stack of decorators over a store is made of, and what a store can tell beyond the port. */

import type { BlobStore, StoreOptions } from "../core/ports/blob-store.ts";

/** A decorator; `inner` is what it decorates. */
export interface StoreLayer extends BlobStore {
	readonly inner: BlobStore;
}

/** What the probe wants to know and cannot see through the port. */
export interface StoreDetails {
	/** Whether the bucket keeps versions; "unknown" where the server does not tell. */
	readonly bucketVersioning?: "off" | "enabled" | "suspended" | "unknown";
	/** The kind of network file system that the folder is on. */
	readonly networkFileSystem?: string;
}

export interface DetailedStore extends BlobStore {
	details(options?: StoreOptions): Promise<StoreDetails>;
}

/** The store itself, below all decorators. */
export function innermost(store: BlobStore): BlobStore {
	let current = store;
	while ("inner" in current) current = (current as StoreLayer).inner;
	return current;
}

/** What the store below all decorators tells about itself; nothing for most. */
export async function detailsOf(store: BlobStore, options?: StoreOptions): Promise<StoreDetails> {
	const real = innermost(store);
	return "details" in real ? (real as DetailedStore).details(options) : {};
}

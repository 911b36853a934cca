/**
 * The one port to storage. These comments are the contract; `test/contract/blob-store.suite.ts`
 * holds every implementation and every decorator to it.
 *
 * Keys are `/`-separated, relative to the store's root (bucket and prefix, or folder), at most
 * `keyBytesMax` bytes of UTF-8 with segments of at most `keySegmentBytesMax`, without empty, `.` or
 * `..` segments and without NUL or backslash. An implementation refuses other keys with
 * `StoreError("invalid_key")` before it does anything. No key may stand below another one (`a` and
 * `a/b`): a folder refuses the second, also with `invalid_key`. Objects of others whose names are
 * no keys (`folder/`, `a//b`) are left out of listings.
 *
 * Consistency: every operation is atomic and linearizable: what starts after another one returned
 * sees its effect, listings included. (The protocol above survives stale listings all the same.)
 *
 * Time: `date` is the store's own clock when it answered, in ms since the epoch, as exact as the
 * store tells it (S3: whole seconds, rounded down). It is at or after the effect of the operation.
 */

/** What a failed operation left behind. */
export type StoreErrorKind =
	/** Refused before anything was tried. */
	| "invalid_key"
	/** The store refused the credentials or the permission. Not done. */
	| "denied"
	/** The bucket or folder is not there. Not done. */
	| "no_such_store"
	/** No room, read-only, or poisoned by an earlier failed fsync. Not done. */
	| "not_writable"
	/** Told to slow down (503 SlowDown, 429). For writes: **may have happened**, may land later. */
	| "throttled"
	/** No answer in time, or the caller's signal fired. For writes: may have happened, may land later. */
	| "timeout"
	/** Broken connection, 5xx, an unreadable answer. For writes: may have happened, may land later. */
	| "unavailable"
	/** Bytes are not what was stored (short read, checksum) or announced (size of a body). */
	| "corrupt";

/** A failed operation of a store: what kind, and whether it may have happened all the same. */
export class StoreError extends Error {
	readonly kind: StoreErrorKind;
	/**
	 * For writes: true when it is certain that the operation had and will have no effect.
	 * Reads are always true.
	 */
	readonly notDone: boolean;

	constructor(
		kind: StoreErrorKind,
		message: string,
		options: { notDone?: boolean; cause?: unknown } = {},
	) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.name = "StoreError";
		this.kind = kind;
		this.notDone =
			options.notDone ?? !(kind === "throttled" || kind === "timeout" || kind === "unavailable");
	}
}

export interface StoreOptions {
	/**
	 * Ends the operation early with `StoreError("timeout")`. For `getStream` it stays in force until
	 * the body has been read.
	 */
	readonly signal?: AbortSignal | undefined;
}

export interface Absent {
	readonly found: false;
	readonly date: number;
}

export interface BlobBytes {
	readonly found: true;
	readonly bytes: Uint8Array;
	/** Last change by the store's clock, ms. */
	readonly modified: number;
	readonly date: number;
}

export interface BlobStream {
	readonly found: true;
	/**
	 * The bytes. Errors (with StoreError) when fewer than `size` bytes arrive. Must be read to the
	 * end or cancelled by the caller. A replaced or deleted object keeps streaming its old bytes,
	 * or errors; it never mixes two objects. The chunks are the reader's own: it may change them, or
	 * give their memory back.
	 */
	readonly body: ReadableStream<Uint8Array>;
	readonly size: number;
	readonly modified: number;
	readonly date: number;
}

export interface BlobInfo {
	readonly key: string;
	readonly size: number;
	readonly modified: number;
}

export interface ListOptions extends StoreOptions {
	/** Only keys that start with this string (a plain string prefix, may end inside a segment). */
	readonly prefix: string;
	/** `/`: keys with a further `/` after the prefix are folded into `prefixes`, once each. */
	readonly delimiter?: "/";
	/** Only keys (and folded prefixes) greater than this. */
	readonly after?: string;
	/** At most this many keys and prefixes together; 1 to 1000. */
	readonly limit: number;
}

export interface ListPage {
	/** In ascending order of their UTF-8 bytes. */
	readonly blobs: readonly BlobInfo[];
	/** Folded prefixes, each ending in `/`, in the same order. */
	readonly prefixes: readonly string[];
	/**
	 * Present when there is more: pass it as `after`. It is the greatest key or folded prefix of
	 * this page (for a folded prefix, `after` skips everything below it).
	 */
	readonly next?: string;
}

/** A body of known length whose bytes are produced as they are sent. Can be read once. */
export interface StreamBody {
	/** Its chunks are the store's from then on: it may give their memory back. */
	readonly stream: ReadableStream<Uint8Array>;
	/**
	 * Exact number of bytes that the stream will give. Fewer or more is `StoreError("corrupt")` with
	 * `notDone` and stores nothing; an error of the stream itself stores nothing either and is thrown
	 * as it is.
	 */
	readonly size: number;
}

export type PutIfAbsentResult =
	| { readonly created: true; readonly date: number }
	| { readonly created: false; readonly date: number };

export interface BlobStoreCapabilities {
	readonly kind: "memory" | "filesystem" | "s3";
	/** Where the data is, for people: no credentials in it. */
	readonly location: string;
	/** False: everything is gone when the process ends. */
	readonly durable: boolean;
	/**
	 * True when `putIfAbsent` may answer `created: false` for the caller's own object (a layer below
	 * re-sent the request). The caller reads back and looks for its nonce.
	 */
	readonly hiddenRetries: boolean;
}

export interface BlobStore {
	readonly capabilities: BlobStoreCapabilities;

	/** The whole object. At most `wholeReadBytesMax` bytes; a larger one is StoreError("corrupt"). */
	get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent>;

	/** The object as a stream. */
	getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent>;

	/**
	 * Creates the object, and only if no object has that key: of any number of callers, in any
	 * number of processes, exactly one gets `created: true`; the object appears whole or not at all.
	 * `created: false` is certain knowledge that an object was there (perhaps one's own: see
	 * `hiddenRetries`). A StoreError with `notDone: false` means that it may exist now or later.
	 */
	putIfAbsent(key: string, bytes: Uint8Array, options?: StoreOptions): Promise<PutIfAbsentResult>;

	/** Creates or replaces the object, whole or not at all. */
	put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }>;

	/** Removes the object. Success as well when there was none. */
	delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }>;

	/** One page of keys. */
	list(options: ListOptions): Promise<ListPage>;

	/**
	 * The least key that starts with `prefix`, or null: the log's keys are numbered downwards, so
	 * that this is its newest record.
	 */
	newest(prefix: string, options?: StoreOptions): Promise<string | null>;

	/** Releases connections and temporary files. No operation may be under way. */
	close(): Promise<void>;
}

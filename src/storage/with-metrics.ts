/** A decorator that tells an observer of every operation, its outcome and how long it took. */

import {
	type Absent,
	type BlobBytes,
	type BlobStore,
	type BlobStream,
	type ListOptions,
	type ListPage,
	type PutIfAbsentResult,
	StoreError,
	type StoreErrorKind,
	type StoreOptions,
	type StreamBody,
} from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { StoreLayer } from "./layer.ts";

export type StoreOperation =
	| "get"
	| "get_stream"
	| "put_if_absent"
	| "put"
	| "delete"
	| "list"
	| "newest";

/** `absent`: a read found nothing; `exists`: a conditional write met an object; `error`: a body's own. */
export type StoreOutcome = "ok" | "absent" | "exists" | "error" | StoreErrorKind;

export interface StoreObserver {
	/** One operation ended. For streamed reads the time is that until the body begins. Must not throw. */
	storeOperation(operation: StoreOperation, outcome: StoreOutcome, durationMs: number): void;
}

class MetricsStore implements StoreLayer {
	readonly inner: BlobStore;
	readonly #clock: Pick<Clock, "monotonic">;
	readonly #observer: StoreObserver;

	constructor(inner: BlobStore, clock: Pick<Clock, "monotonic">, observer: StoreObserver) {
		this.inner = inner;
		this.#clock = clock;
		this.#observer = observer;
	}

	get capabilities() {
		return this.inner.capabilities;
	}

	get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		return this.#observed("get", () => this.inner.get(key, options), foundOutcome);
	}

	getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		return this.#observed("get_stream", () => this.inner.getStream(key, options), foundOutcome);
	}

	putIfAbsent(key: string, bytes: Uint8Array, options?: StoreOptions): Promise<PutIfAbsentResult> {
		return this.#observed(
			"put_if_absent",
			() => this.inner.putIfAbsent(key, bytes, options),
			({ created }) => (created ? "ok" : "exists"),
		);
	}

	put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		return this.#observed("put", () => this.inner.put(key, body, options), okOutcome);
	}

	delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		return this.#observed("delete", () => this.inner.delete(key, options), okOutcome);
	}

	list(options: ListOptions): Promise<ListPage> {
		return this.#observed("list", () => this.inner.list(options), okOutcome);
	}

	newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		return this.#observed(
			"newest",
			() => this.inner.newest(prefix, options),
			(key) => (key === null ? "absent" : "ok"),
		);
	}

	close(): Promise<void> {
		return this.inner.close();
	}

	async #observed<T>(
		operation: StoreOperation,
		act: () => Promise<T>,
		outcomeOf: (result: T) => StoreOutcome,
	): Promise<T> {
		const start = this.#clock.monotonic();
		let outcome: StoreOutcome = "error";
		try {
			const result = await act();
			outcome = outcomeOf(result);
			return result;
		} catch (error) {
			if (error instanceof StoreError) outcome = error.kind;
			throw error;
		} finally {
			this.#observer.storeOperation(operation, outcome, this.#clock.monotonic() - start);
		}
	}
}

function okOutcome(): StoreOutcome {
	return "ok";
}

function foundOutcome({ found }: { readonly found: boolean }): StoreOutcome {
	return found ? "ok" : "absent";
}

/** Reports every operation of `inner` to `observer`. */
export function withMetrics(
	inner: BlobStore,
	clock: Pick<Clock, "monotonic">,
	observer: StoreObserver,
): BlobStore {
	return new MetricsStore(inner, clock, observer);
}

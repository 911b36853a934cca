/**
 * A decorator that repeats what may be repeated: reads, listings, deletes and whole puts, after
 * failures that may pass. Never a conditional write, whose repetition is the protocol's business,
 * and never a streamed body, which can be read once.
 */

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
import type { Random } from "../core/ports/random.ts";
import type { StoreLayer } from "./layer.ts";

const passing: ReadonlySet<StoreErrorKind> = new Set(["throttled", "timeout", "unavailable"]);

const firstPauseMs = 50;
const pauseMaxMs = 2000;

class RetryStore implements StoreLayer {
	readonly inner: BlobStore;
	readonly #clock: Pick<Clock, "sleep">;
	readonly #random: Pick<Random, "fraction">;
	readonly #attemptsMax: number;

	constructor(
		inner: BlobStore,
		clock: Pick<Clock, "sleep">,
		random: Pick<Random, "fraction">,
		attemptsMax: number,
	) {
		this.inner = inner;
		this.#clock = clock;
		this.#random = random;
		this.#attemptsMax = attemptsMax;
	}

	get capabilities() {
		return this.inner.capabilities;
	}

	get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		return this.#repeated(options, () => this.inner.get(key, options));
	}

	getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		return this.#repeated(options, () => this.inner.getStream(key, options));
	}

	putIfAbsent(key: string, bytes: Uint8Array, options?: StoreOptions): Promise<PutIfAbsentResult> {
		return this.inner.putIfAbsent(key, bytes, options);
	}

	put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		return body instanceof Uint8Array
			? this.#repeated(options, () => this.inner.put(key, body, options))
			: this.inner.put(key, body, options);
	}

	delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		return this.#repeated(options, () => this.inner.delete(key, options));
	}

	list(options: ListOptions): Promise<ListPage> {
		return this.#repeated(options, () => this.inner.list(options));
	}

	newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		return this.#repeated(options, () => this.inner.newest(prefix, options));
	}

	close(): Promise<void> {
		return this.inner.close();
	}

	async #repeated<T>(options: StoreOptions | undefined, act: () => Promise<T>): Promise<T> {
		let certain = true;
		for (let attempt = 1; ; attempt++) {
			try {
				return await act();
			} catch (error) {
				if (!(error instanceof StoreError)) throw error;
				certain &&= error.notDone;
				const again =
					passing.has(error.kind) && attempt < this.#attemptsMax && !options?.signal?.aborted;
				if (!again || !(await this.#paused(attempt, options?.signal))) {
					throw certain ? error : uncertain(error);
				}
			}
		}
	}

	/** Waits a random time that grows with the attempts; false when the signal fired meanwhile. */
	async #paused(attempt: number, signal: AbortSignal | undefined): Promise<boolean> {
		const ceilingMs = Math.min(pauseMaxMs, firstPauseMs * 2 ** (attempt - 1));
		try {
			await this.#clock.sleep(ceilingMs * (0.5 + this.#random.fraction() / 2), signal);
			return true;
		} catch {
			return false;
		}
	}
}

/** An earlier attempt may have had its effect, so that the last one's certainty is not the whole's. */
function uncertain(error: StoreError): StoreError {
	return error.notDone
		? new StoreError(error.kind, error.message, { notDone: false, cause: error })
		: error;
}

/** Repeats up to `attemptsMax` times in all, with growing random pauses, inside the caller's signal. */
export function withRetry(
	inner: BlobStore,
	clock: Pick<Clock, "sleep">,
	random: Pick<Random, "fraction">,
	attemptsMax: number,
): BlobStore {
	return new RetryStore(inner, clock, random, attemptsMax);
}

/** A decorator that gives every operation a deadline, and every body one for each chunk. */

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
import type { Clock } from "../core/ports/clock.ts";
import { orAborted, throwIfAborted } from "./abort.ts";
import type { StoreLayer } from "./layer.ts";

export interface Deadlines {
	/** For one operation, without the transfer of streamed bodies. */
	readonly operationMs: number;
	/** A streamed body may stand still for so long. */
	readonly streamIdleMs: number;
}

/** Why an operation was ended: never shown, but kept as the error's cause. */
class DeadlineExceeded extends Error {
	constructor(ms: number) {
		super(`no progress for ${ms} ms`);
		this.name = "TimeoutError";
	}
}

/** Ends an operation when nothing has moved for a while, or when the caller's signal fires. */
class Watch {
	readonly #clock: Clock;
	readonly #operation = new AbortController();
	readonly #timer = new AbortController();
	readonly #caller: AbortSignal | undefined;
	readonly #forward = () => this.#operation.abort(this.#caller?.reason);
	#limitMs: number;
	#movedAt: number;
	#paused = false;

	constructor(clock: Clock, limitMs: number, caller: AbortSignal | undefined) {
		this.#clock = clock;
		this.#limitMs = limitMs;
		this.#movedAt = clock.monotonic();
		this.#caller = caller;
		caller?.addEventListener("abort", this.#forward, { once: true });
		this.#run().catch(() => {});
	}

	get signal(): AbortSignal {
		return this.#operation.signal;
	}

	/** Something moved: from now on so long may pass until the next time. */
	moved(limitMs: number): void {
		this.#paused = false;
		this.#limitMs = limitMs;
		this.#movedAt = this.#clock.monotonic();
	}

	/** Not the store is waited for now, but the caller. */
	pause(): void {
		this.#paused = true;
	}

	end(): void {
		this.#timer.abort();
		this.#caller?.removeEventListener("abort", this.#forward);
	}

	async #run(): Promise<void> {
		let leftMs = this.#limitMs;
		while (leftMs > 0) {
			await this.#clock.sleep(leftMs, this.#timer.signal);
			leftMs = this.#paused
				? this.#limitMs
				: this.#movedAt + this.#limitMs - this.#clock.monotonic();
		}
		this.#operation.abort(new DeadlineExceeded(this.#limitMs));
	}
}

class DeadlineStore implements StoreLayer {
	readonly inner: BlobStore;
	readonly #clock: Clock;
	readonly #deadlines: Deadlines;

	constructor(inner: BlobStore, clock: Clock, deadlines: Deadlines) {
		this.inner = inner;
		this.#clock = clock;
		this.#deadlines = deadlines;
	}

	get capabilities() {
		return this.inner.capabilities;
	}

	get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		return this.#bounded(options, "read", (signal) => this.inner.get(key, { signal }));
	}

	async getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		throwIfAborted(options?.signal);
		const watch = new Watch(this.#clock, this.#deadlines.operationMs, options?.signal);
		try {
			const pending = this.inner.getStream(key, { signal: watch.signal });
			// One that arrives after its deadline is nobody's any more.
			const late = () =>
				pending.then(
					(got) => (got.found ? got.body.cancel() : undefined),
					() => {},
				);
			watch.signal.addEventListener("abort", late, { once: true });
			const got = await orAborted(pending, watch.signal, false);
			watch.signal.removeEventListener("abort", late);
			if (got.found) return { ...got, body: this.#watched(got.body, watch) };
			watch.end();
			return got;
		} catch (error) {
			watch.end();
			throw error;
		}
	}

	putIfAbsent(key: string, bytes: Uint8Array, options?: StoreOptions): Promise<PutIfAbsentResult> {
		return this.#bounded(options, "write", (signal) =>
			this.inner.putIfAbsent(key, bytes, { signal }),
		);
	}

	async put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		if (body instanceof Uint8Array) {
			return this.#bounded(options, "write", (signal) => this.inner.put(key, body, { signal }));
		}
		throwIfAborted(options?.signal);
		const { operationMs, streamIdleMs } = this.#deadlines;
		const watch = new Watch(this.#clock, streamIdleMs, options?.signal);
		const stream = body.stream.pipeThrough(
			new TransformStream<Uint8Array, Uint8Array>(
				{
					transform(chunk, controller) {
						watch.moved(streamIdleMs);
						controller.enqueue(chunk);
					},
					flush: () => watch.moved(operationMs),
				},
				undefined,
				{ highWaterMark: 0 },
			),
		);
		try {
			const written = this.inner.put(
				key,
				{ stream, size: body.size },
				{
					signal: watch.signal,
				},
			);
			return await orAborted(written, watch.signal, true);
		} finally {
			watch.end();
		}
	}

	delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		return this.#bounded(options, "write", (signal) => this.inner.delete(key, { signal }));
	}

	list(options: ListOptions): Promise<ListPage> {
		return this.#bounded(options, "read", (signal) => this.inner.list({ ...options, signal }));
	}

	newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		return this.#bounded(options, "read", (signal) => this.inner.newest(prefix, { signal }));
	}

	close(): Promise<void> {
		return this.inner.close();
	}

	async #bounded<T>(
		options: StoreOptions | undefined,
		effect: "read" | "write",
		act: (signal: AbortSignal) => Promise<T>,
	): Promise<T> {
		throwIfAborted(options?.signal);
		const watch = new Watch(this.#clock, this.#deadlines.operationMs, options?.signal);
		try {
			return await orAborted(act(watch.signal), watch.signal, effect === "write");
		} finally {
			watch.end();
		}
	}

	/** Counts only the time in which a chunk is waited for: a slow reader is no fault of the store. */
	#watched(body: ReadableStream<Uint8Array>, watch: Watch): ReadableStream<Uint8Array> {
		const reader = body.getReader();
		const idleMs = this.#deadlines.streamIdleMs;
		watch.pause();
		return new ReadableStream<Uint8Array>(
			{
				async pull(controller) {
					try {
						watch.moved(idleMs);
						const { done, value } = await orAborted(reader.read(), watch.signal, false);
						watch.pause();
						if (done) {
							watch.end();
							controller.close();
						} else {
							controller.enqueue(value);
						}
					} catch (error) {
						watch.end();
						reader.cancel(error).catch(() => {});
						controller.error(error);
					}
				},
				async cancel(reason) {
					watch.end();
					await reader.cancel(reason);
				},
			},
			{ highWaterMark: 0 },
		);
	}
}

/**
 * Bounds every operation of `inner`. An operation that has run out of time ends with
 * `StoreError("timeout")` at once, whatever `inner` does, and its signal tells `inner` to stop.
 */
export function withDeadline(inner: BlobStore, clock: Clock, deadlines: Deadlines): BlobStore {
	if (deadlines.operationMs <= 0 || deadlines.streamIdleMs <= 0) {
		throw new RangeError("a deadline must be greater than 0");
	}
	return new DeadlineStore(inner, clock, deadlines);
}

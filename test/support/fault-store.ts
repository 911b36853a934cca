/**
 * Faults between the core and a store, by plan: the nth operation, or by a seeded number. Keeps to
 * the contract's kinds of errors, so that whatever breaks above it is the core's own fault.
 */

import {
	type Absent,
	type BlobBytes,
	type BlobStore,
	type BlobStoreCapabilities,
	type BlobStream,
	type ListOptions,
	type ListPage,
	type PutIfAbsentResult,
	StoreError,
	type StoreErrorKind,
	type StoreOptions,
	type StreamBody,
} from "../../src/core/ports/blob-store.ts";
import type { StoreOperation } from "../../src/storage/with-metrics.ts";

type FailureKind = Extract<StoreErrorKind, "throttled" | "timeout" | "unavailable" | "denied">;

export type StoreFault =
	/** Fails without effect. `certain`: the caller is told so; otherwise it cannot know. */
	| { readonly kind: "before"; readonly error: FailureKind; readonly certain?: boolean }
	/** Takes effect and fails. For reads the same as `before`. */
	| { readonly kind: "after"; readonly error: Exclude<FailureKind, "denied"> }
	/** Fails with a timeout; the effect comes when `land` is called. For reads: never. */
	| { readonly kind: "late" }
	/** A create succeeds and is answered with `created: false`: a layer below re-sent it. */
	| { readonly kind: "own-conflict" }
	/** A whole read fails as corrupt, a streamed one breaks in the middle. */
	| { readonly kind: "truncated" }
	/** A listing, or `newest`, does not show the keys that were created last through this store. */
	| { readonly kind: "stale"; readonly keys: number };

export interface StoreCall {
	/** From 0, over all operations of this store. */
	readonly index: number;
	readonly operation: StoreOperation;
	/** The key or prefix. */
	readonly key: string;
}

/** Decides the fault of each call, or null for none. */
export type FaultPlan = (call: StoreCall) => StoreFault | null;

/** The nth operation (from 0) of those that `matches`, once. */
export function nthOperation(
	n: number,
	fault: StoreFault,
	matches: (call: StoreCall) => boolean = () => true,
): FaultPlan {
	let seen = 0;
	return (call) => (matches(call) && seen++ === n ? fault : null);
}

/** A fault of `faults` with the given probability; the same seed gives the same faults. */
export function seededFaults(
	seed: number,
	probability: number,
	faults: readonly StoreFault[],
): FaultPlan {
	let state = seed >>> 0;
	const fraction = () => {
		// mulberry32
		state = (state + 0x6d2b79f5) >>> 0;
		let t = state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
	return () => {
		const hit = fraction() < probability;
		const which = Math.floor(fraction() * faults.length);
		return hit ? (faults[which] ?? null) : null;
	};
}

const createdKept = 64;

export class FaultStore implements BlobStore {
	readonly inner: BlobStore;
	readonly capabilities: BlobStoreCapabilities;
	/** All calls so far with the fault that each met. */
	readonly calls: (StoreCall & { readonly fault: StoreFault | null })[] = [];
	plan: FaultPlan;
	readonly #created: string[] = [];
	#late: (() => Promise<unknown>)[] = [];

	constructor(inner: BlobStore, plan: FaultPlan = () => null) {
		this.inner = inner;
		this.plan = plan;
		this.capabilities = { ...inner.capabilities, hiddenRetries: true };
	}

	/** How many effects have not landed yet. */
	get latePending(): number {
		return this.#late.length;
	}

	/** Lets the oldest late effect happen, or all of them. Their outcomes are nobody's any more. */
	async land(which: "one" | "all" = "all"): Promise<void> {
		const landing = this.#late.splice(0, which === "one" ? 1 : this.#late.length);
		for (const effect of landing) await effect().catch(() => {});
	}

	get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		return this.#read("get", key, () => this.inner.get(key, options));
	}

	async getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		const fault = this.#next("get_stream", key);
		if (fault?.kind !== "truncated") {
			failRead(fault);
			return this.inner.getStream(key, options);
		}
		const got = await this.inner.getStream(key, options);
		return got.found ? { ...got, body: brokenInTheMiddle(got.body, got.size) } : got;
	}

	async putIfAbsent(
		key: string,
		bytes: Uint8Array,
		options?: StoreOptions,
	): Promise<PutIfAbsentResult> {
		const kept = bytes.slice();
		const fault = this.#next("put_if_absent", key);
		const result = await this.#write(fault, () => this.#create(key, kept, options));
		return fault?.kind === "own-conflict" ? { ...result, created: false } : result;
	}

	put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		const kept = body instanceof Uint8Array ? body.slice() : body;
		return this.#write(this.#next("put", key), () => this.inner.put(key, kept, options));
	}

	delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		return this.#write(this.#next("delete", key), () => this.inner.delete(key, options));
	}

	async list(options: ListOptions): Promise<ListPage> {
		const fault = this.#next("list", options.prefix);
		failRead(fault);
		const page = await this.inner.list(options);
		if (fault?.kind !== "stale") return page;
		const hidden = this.#lastCreated(fault.keys);
		return { ...page, blobs: page.blobs.filter(({ key }) => !hidden.has(key)) };
	}

	async newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		const fault = this.#next("newest", prefix);
		failRead(fault);
		if (fault?.kind !== "stale") return this.inner.newest(prefix, options);
		const hidden = this.#lastCreated(fault.keys);
		const page = await this.inner.list({ ...options, prefix, limit: hidden.size + 1 });
		return page.blobs.find(({ key }) => !hidden.has(key))?.key ?? null;
	}

	close(): Promise<void> {
		return this.inner.close();
	}

	#next(operation: StoreOperation, key: string): StoreFault | null {
		const call = { index: this.calls.length, operation, key };
		const fault = this.plan(call);
		this.calls.push({ ...call, fault });
		return fault;
	}

	async #create(
		key: string,
		bytes: Uint8Array,
		options: StoreOptions | undefined,
	): Promise<PutIfAbsentResult> {
		const result = await this.inner.putIfAbsent(key, bytes, options);
		if (result.created) {
			this.#created.push(key);
			if (this.#created.length > createdKept) this.#created.shift();
		}
		return result;
	}

	#lastCreated(keys: number): Set<string> {
		return new Set(keys === 0 ? [] : this.#created.slice(-keys));
	}

	async #read<T>(operation: StoreOperation, key: string, act: () => Promise<T>): Promise<T> {
		failRead(this.#next(operation, key));
		return act();
	}

	async #write<T>(fault: StoreFault | null, act: () => Promise<T>): Promise<T> {
		switch (fault?.kind) {
			case "before":
				throw new StoreError(fault.error, "planned, without effect", {
					notDone: fault.error === "denied" || fault.certain === true,
				});
			case "late":
				this.#late.push(act);
				throw new StoreError("timeout", "planned, lands later", { notDone: false });
			case "after":
				await act();
				throw new StoreError(fault.error, "planned, after the effect", { notDone: false });
			default:
				return act();
		}
	}
}

function failRead(fault: StoreFault | null): void {
	switch (fault?.kind) {
		case "before":
		case "after":
			throw new StoreError(fault.error, "planned", { notDone: true });
		case "late":
			throw new StoreError("timeout", "planned", { notDone: true });
		case "truncated":
			throw new StoreError("corrupt", "planned, short read", { notDone: true });
		default:
	}
}

function brokenInTheMiddle(
	body: ReadableStream<Uint8Array>,
	size: number,
): ReadableStream<Uint8Array> {
	let leftBytes = Math.floor(size / 2);
	return body.pipeThrough(
		new TransformStream<Uint8Array, Uint8Array>({
			transform(chunk, controller) {
				if (chunk.length <= leftBytes) {
					leftBytes -= chunk.length;
					controller.enqueue(chunk);
					return;
				}
				if (leftBytes > 0) controller.enqueue(chunk.subarray(0, leftBytes));
				controller.error(new StoreError("unavailable", "planned, broken body", { notDone: true }));
			},
		}),
	);
}

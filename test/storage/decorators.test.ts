import { describe, expect, test } from "bun:test";
import { type BlobStore, StoreError } from "../../src/core/ports/blob-store.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { withDeadline } from "../../src/storage/with-deadline.ts";
import { withMetrics } from "../../src/storage/with-metrics.ts";
import { withRetry } from "../../src/storage/with-retry.ts";
import {
	bytesOf,
	patternOf,
	storeErrorOf,
	streamOf,
	textOf,
} from "../contract/blob-store.suite.ts";
import { FaultStore, type StoreFault } from "../support/fault-store.ts";
import { ManualClock, settle } from "../support/store-clock.ts";

/** A memory store with some operations replaced. */
function storeWith(clock: ManualClock, changes: Partial<BlobStore>): BlobStore {
	const store = new MemoryStore(clock);
	return new Proxy<BlobStore>(store, {
		get(target, name) {
			const value = Reflect.get(name in changes ? changes : target, name);
			return typeof value === "function" ? value.bind(target) : value;
		},
	});
}

const never = () => new Promise<never>(() => {});

describe("deadline", () => {
	const deadlines = { operationMs: 1000, streamIdleMs: 5000 };

	test("ends an operation that does not answer; writes are unknown", async () => {
		const clock = new ManualClock();
		const store = withDeadline(
			storeWith(clock, {
				get: never,
				putIfAbsent: never,
				delete: never,
				newest: never,
				list: never,
				put: never,
				getStream: never,
			}),
			clock,
			deadlines,
		);
		const cases: [Promise<unknown>, boolean][] = [
			[store.get("k"), true],
			[store.getStream("k"), true],
			[store.newest("k"), true],
			[store.list({ prefix: "", limit: 1 }), true],
			[store.putIfAbsent("k", bytesOf("x")), false],
			[store.put("k", bytesOf("x")), false],
			[store.delete("k"), false],
		];
		const outcomes = Promise.all(
			cases.map(async ([promise, notDone]) => {
				const error = await storeErrorOf(promise, "timeout");
				expect(error.notDone).toBe(notDone);
			}),
		);
		let ended = false;
		outcomes.then(() => {
			ended = true;
		});
		await clock.advance(999);
		expect(ended).toBe(false);
		await clock.advance(1);
		await outcomes;
		expect(clock.sleepers).toBe(0);
	});

	test("tells the store to stop", async () => {
		const clock = new ManualClock();
		let seen: AbortSignal | undefined;
		const store = withDeadline(
			storeWith(clock, {
				get(_key, options) {
					seen = options?.signal;
					return never();
				},
			}),
			clock,
			deadlines,
		);
		const outcome = storeErrorOf(store.get("k"), "timeout");
		await clock.advance(1000);
		await outcome;
		expect(seen?.aborted).toBe(true);
	});

	test("leaves no timer behind", async () => {
		const clock = new ManualClock();
		const store = withDeadline(new MemoryStore(clock), clock, deadlines);
		await store.put("k", bytesOf("x"));
		await store.put("s", { stream: streamOf(patternOf(100)), size: 100 });
		await store.get("k");
		const read = await store.getStream("s");
		if (read.found) await new Response(read.body).bytes();
		const cancelled = await store.getStream("s");
		if (cancelled.found) await cancelled.body.cancel();
		await store.getStream("none");
		await storeErrorOf(store.get("../x"), "invalid_key");
		await settle();
		expect(clock.sleepers).toBe(0);
	});

	test("a body may take long, but not stand still", async () => {
		const clock = new ManualClock();
		let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
		const body = new ReadableStream<Uint8Array>({
			start(controller) {
				sink = controller;
			},
		});
		const store = withDeadline(
			storeWith(clock, {
				getStream: async () => ({ found: true, body, size: 99, modified: 0, date: 0 }),
			}),
			clock,
			deadlines,
		);
		const got = await store.getStream("k");
		if (!got.found) throw new Error("absent");
		await clock.advance(60_000);
		const reader = got.body.getReader();
		for (let i = 0; i < 5; i++) {
			const read = reader.read();
			await clock.advance(4000);
			sink?.enqueue(bytesOf("x"));
			expect((await read).done).toBe(false);
			// The reader's own time does not count.
			await clock.advance(60_000);
		}
		const stalled = storeErrorOf(reader.read(), "timeout");
		await clock.advance(5000);
		await stalled;
		expect(clock.sleepers).toBe(0);
	});

	test("an upload may take long, but not stand still", async () => {
		const clock = new ManualClock();
		const store = withDeadline(new MemoryStore(clock), clock, deadlines);
		let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
		const upload = () => {
			const stream = new ReadableStream<Uint8Array>({
				start(controller) {
					sink = controller;
				},
			});
			return store.put("k", { stream, size: 3 });
		};
		const slow = upload();
		for (let i = 0; i < 3; i++) {
			await clock.advance(4000);
			sink?.enqueue(bytesOf("x"));
		}
		await clock.advance(4000);
		sink?.close();
		await slow;
		expect(await textOf(store, "k")).toBe("xxx");
		const stalled = storeErrorOf(upload(), "timeout");
		await clock.advance(5000);
		await stalled;
		expect(clock.sleepers).toBe(0);
	});
});

describe("retry", () => {
	function retrying(faults: (StoreFault | null)[]) {
		const clock = new ManualClock();
		const inner = new FaultStore(new MemoryStore(clock));
		inner.plan = ({ index }) => faults[index] ?? null;
		const store = withRetry(inner, clock, { fraction: () => 1 }, 4);
		return { clock, inner, store };
	}
	const failure: StoreFault = { kind: "before", error: "unavailable" };

	test("repeats reads, listings, deletes and whole puts after growing pauses", async () => {
		const acts: Record<string, (store: BlobStore) => Promise<unknown>> = {
			get: (store) => store.get("k"),
			get_stream: (store) => store.getStream("k"),
			list: (store) => store.list({ prefix: "", limit: 1 }),
			newest: (store) => store.newest(""),
			delete: (store) => store.delete("k"),
			put: (store) => store.put("k", bytesOf("x")),
		};
		for (const [operation, act] of Object.entries(acts)) {
			const { clock, inner, store } = retrying([failure, failure, failure]);
			const start = clock.now();
			const done = act(store);
			await clock.advance(50);
			expect(inner.calls.length).toBe(2);
			await clock.advance(100);
			expect(inner.calls.length).toBe(3);
			await clock.advance(200);
			await done;
			expect(inner.calls.map((call) => call.operation as string)).toEqual(Array(4).fill(operation));
			expect(clock.now() - start).toBe(350);
		}
	});

	test("gives up after the last attempt", async () => {
		const { clock, inner, store } = retrying(Array(9).fill(failure));
		const outcome = storeErrorOf(store.get("k"), "unavailable");
		await clock.advance(10_000);
		await outcome;
		expect(inner.calls.length).toBe(4);
	});

	test("never repeats a conditional write or a stream", async () => {
		const { inner, store } = retrying([failure, failure]);
		await storeErrorOf(store.putIfAbsent("k", bytesOf("x")), "unavailable");
		await storeErrorOf(store.put("k", { stream: streamOf(bytesOf("x")), size: 1 }), "unavailable");
		expect(inner.calls.length).toBe(2);
	});

	test("does not repeat what will not pass", async () => {
		const { inner, store } = retrying([{ kind: "before", error: "denied" }]);
		await storeErrorOf(store.get("k"), "denied");
		await storeErrorOf(store.get("../k"), "invalid_key");
		expect(inner.calls.length).toBe(2);
	});

	test("an earlier attempt that may have happened makes the whole unknown", async () => {
		const { clock, store } = retrying([failure, { kind: "before", error: "denied" }]);
		const outcome = storeErrorOf(store.put("k", bytesOf("x")), "denied");
		await clock.advance(1000);
		expect((await outcome).notDone).toBe(false);
	});

	test("stops with the caller's signal, also in a pause", async () => {
		const { clock, inner, store } = retrying(Array(9).fill(failure));
		const controller = new AbortController();
		const outcome = storeErrorOf(store.get("k", { signal: controller.signal }), "unavailable");
		await settle();
		controller.abort();
		await outcome;
		expect(inner.calls.length).toBe(1);
		expect(clock.sleepers).toBe(0);
	});
});

describe("metrics", () => {
	test("tells operation, outcome and duration", async () => {
		const clock = new ManualClock();
		const seen: string[] = [];
		const inner = storeWith(clock, {
			async delete() {
				await clock.sleep(7);
				throw new StoreError("throttled", "slow down");
			},
		});
		const store = withMetrics(inner, clock, {
			storeOperation: (operation, outcome, durationMs) =>
				seen.push(`${operation} ${outcome} ${durationMs}`),
		});
		await store.putIfAbsent("k", bytesOf("x"));
		await store.putIfAbsent("k", bytesOf("x"));
		await store.get("k");
		await store.get("none");
		await store.getStream("none");
		await store.put("p", bytesOf("x"));
		await store.newest("k");
		await store.newest("none");
		await store.list({ prefix: "", limit: 1 });
		await store
			.put("p", { stream: streamOf(bytesOf(""), { error: new Error("own") }), size: 1 })
			.catch(() => {});
		const failing = store.delete("k").catch(() => {});
		await clock.advance(7);
		await failing;
		expect(seen).toEqual([
			"put_if_absent ok 0",
			"put_if_absent exists 0",
			"get ok 0",
			"get absent 0",
			"get_stream absent 0",
			"put ok 0",
			"newest ok 0",
			"newest absent 0",
			"list ok 0",
			"put error 0",
			"delete throttled 7",
		]);
	});
});

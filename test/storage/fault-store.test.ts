import { describe, expect, test } from "bun:test";
import { MemoryStore } from "../../src/storage/memory.ts";
import {
	blobStoreSuite,
	bytesOf,
	patternOf,
	storeErrorOf,
	textOf,
} from "../contract/blob-store.suite.ts";
import { FaultStore, nthOperation, seededFaults } from "../support/fault-store.ts";
import { machineClock } from "../support/store-clock.ts";

blobStoreSuite("fault store without a plan", async () => {
	const store = new FaultStore(new MemoryStore(machineClock));
	return { store, second: store, close: () => store.close() };
});

function faulty() {
	const inner = new MemoryStore(machineClock);
	return { inner, store: new FaultStore(inner) };
}

describe("planned faults", () => {
	test("before: no effect; certain or not", async () => {
		const { inner, store } = faulty();
		store.plan = nthOperation(0, { kind: "before", error: "unavailable" });
		expect((await storeErrorOf(store.put("k", bytesOf("x")), "unavailable")).notDone).toBe(false);
		store.plan = nthOperation(0, { kind: "before", error: "unavailable", certain: true });
		expect((await storeErrorOf(store.putIfAbsent("k", bytesOf("x")))).notDone).toBe(true);
		expect((await inner.get("k")).found).toBe(false);
	});

	test("after: the effect is there", async () => {
		const { inner, store } = faulty();
		store.plan = nthOperation(0, { kind: "after", error: "timeout" });
		const error = await storeErrorOf(store.putIfAbsent("k", bytesOf("x")), "timeout");
		expect(error.notDone).toBe(false);
		expect(await textOf(inner, "k")).toBe("x");
	});

	test("late: the effect comes later, with the bytes as they were", async () => {
		const { inner, store } = faulty();
		store.plan = nthOperation(0, { kind: "late" });
		const bytes = bytesOf("x");
		await storeErrorOf(store.putIfAbsent("k", bytes), "timeout");
		bytes.fill(0);
		expect((await inner.get("k")).found).toBe(false);
		expect(store.latePending).toBe(1);
		await store.land();
		expect(await textOf(inner, "k")).toBe("x");
		store.plan = nthOperation(0, { kind: "late" });
		await storeErrorOf(store.putIfAbsent("k", bytesOf("y")), "timeout");
		await store.land();
		expect(await textOf(inner, "k")).toBe("x");
	});

	test("a conflict with one's own create", async () => {
		const { inner, store } = faulty();
		store.plan = nthOperation(0, { kind: "own-conflict" });
		expect((await store.putIfAbsent("k", bytesOf("x"))).created).toBe(false);
		expect(await textOf(inner, "k")).toBe("x");
		expect(store.capabilities.hiddenRetries).toBe(true);
	});

	test("truncated reads and stale listings", async () => {
		const { store } = faulty();
		await store.put("big", patternOf(500_000));
		await store.putIfAbsent("log/2", bytesOf("x"));
		await store.putIfAbsent("log/1", bytesOf("x"));
		store.plan = () => ({ kind: "truncated" });
		await storeErrorOf(store.get("big"), "corrupt");
		const got = await store.getStream("big");
		if (!got.found) throw new Error("absent");
		await storeErrorOf(new Response(got.body).bytes(), "unavailable");
		store.plan = () => ({ kind: "stale", keys: 1 });
		expect(await store.newest("log/")).toBe("log/2");
		expect((await store.list({ prefix: "log/", limit: 10 })).blobs.length).toBe(1);
		store.plan = () => null;
		expect(await store.newest("log/")).toBe("log/1");
	});

	test("a seed gives the same faults again, another one others", async () => {
		const run = async (seed: number) => {
			const { store } = faulty();
			store.plan = seededFaults(seed, 0.3, [
				{ kind: "before", error: "unavailable" },
				{ kind: "after", error: "timeout" },
			]);
			for (let i = 0; i < 60; i++) await store.put(`${i}`, bytesOf("x")).catch(() => {});
			return store.calls.map(({ fault }) => fault?.kind ?? "-").join();
		};
		expect(await run(1)).toBe(await run(1));
		expect(await run(1)).not.toBe(await run(2));
		expect(await run(1)).toContain("before");
		expect(await run(1)).toContain("after");
	});
});

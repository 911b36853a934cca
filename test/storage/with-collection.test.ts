/** Large bodies pass unchanged, and garbage is collected on the way. */
import { expect, test } from "bun:test";
import { StoreError } from "../../src/core/ports/blob-store.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { withCollection } from "../../src/storage/with-collection.ts";
import { realClock } from "../support/core.ts";

const options = { everyBytes: 1000, bodyBytesMin: 400, isCountingWrites: true };

async function opened(size: number) {
	const inner = new MemoryStore(realClock);
	let collections = 0;
	const store = withCollection(inner, () => collections++, options);
	const bytes = crypto.getRandomValues(new Uint8Array(size));
	await store.put("key", bytes);
	return { inner, store, bytes, count: () => collections };
}

test("a body comes as it is, however large", async () => {
	for (const size of [0, 10, 999, 1000, 60_000, 200_001]) {
		const { store, bytes, count } = await opened(size);
		const read = await store.getStream("key");
		if (!read.found) throw new Error("it was just put");
		expect(await new Response(read.body).bytes()).toEqual(bytes);
		expect(count() > 0).toBe(size >= options.everyBytes);
	}
});

test("bodies that are read or written at once count together, small ones not at all", async () => {
	const inner = new MemoryStore(realClock);
	let collections = 0;
	const run = async (sizes: readonly number[], isCountingWrites = true) => {
		collections = 0;
		const store = withCollection(inner, () => collections++, { ...options, isCountingWrites });
		const bodies = sizes.map((size) => crypto.getRandomValues(new Uint8Array(size)));
		await Promise.all(
			bodies.map((bytes, index) =>
				store.put(`${index}`, { stream: new Blob([bytes]).stream(), size: bytes.length }),
			),
		);
		const written = collections;
		collections = 0;
		for (const [index, bytes] of bodies.entries()) {
			const read = await store.getStream(`${index}`);
			if (!read.found) throw new Error("it was just put");
			expect(await new Response(read.body).bytes()).toEqual(bytes);
		}
		return [written, collections];
	};
	expect(await run([600, 600, 600, 600])).toEqual([2, 2]);
	expect(await run([300, 300, 300, 300, 300])).toEqual([0, 0]);
	expect(await run([600, 600, 600, 600], false)).toEqual([0, 2]);
});

test("a body that fails on its way in fails, and one that is given up is cancelled", async () => {
	const { store } = await opened(10);
	const failing = new ReadableStream<Uint8Array>({
		pull: (controller) => controller.error(new StoreError("corrupt", "the client broke off")),
	});
	await expect(store.put("in", { stream: failing, size: 5000 })).rejects.toThrow("broke off");
	let isCancelled = false;
	const endless = new ReadableStream<Uint8Array>({
		pull: (controller) => controller.enqueue(new Uint8Array(6000)),
		cancel: () => {
			isCancelled = true;
		},
	});
	await expect(store.put("in", { stream: endless, size: 5000 })).rejects.toThrow();
	expect(isCancelled).toBe(true);
	expect((await store.getStream("in")).found).toBe(false);
});

test("what is not there is not there, and a body may be given up", async () => {
	const { store } = await opened(200_000);
	expect((await store.getStream("nothing")).found).toBe(false);
	const read = await store.getStream("key");
	if (!read.found) throw new Error("it was just put");
	const reader = read.body.getReader();
	await reader.read();
	await reader.cancel();
	expect((await reader.read()).done).toBe(true);
});

test("a body that breaks off breaks off", async () => {
	const { inner } = await opened(10);
	const broken = new Proxy(inner, {
		get: (target, name) =>
			name === "getStream"
				? async () => ({
						...{ found: true, size: 5000, modified: 0, date: 0 },
						body: new ReadableStream({
							pull: (controller) => controller.error(new StoreError("unavailable", "broken")),
						}),
					})
				: Reflect.get(target, name),
	});
	const read = await withCollection(broken, () => {}, options).getStream("key");
	if (!read.found) throw new Error("it is always there");
	expect(new Response(read.body).bytes()).rejects.toThrow("broken");
});

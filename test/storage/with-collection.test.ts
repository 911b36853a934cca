/** Large bodies pass unchanged, and garbage is collected on the way. */
import { expect, test } from "bun:test";
import { StoreError } from "../../src/core/ports/blob-store.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { withCollection } from "../../src/storage/with-collection.ts";
import { realClock } from "../support/core.ts";

const everyBytes = 1000;

async function opened(size: number) {
	const inner = new MemoryStore(realClock);
	let collections = 0;
	const store = withCollection(inner, () => collections++, everyBytes);
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
		expect(count() > 0).toBe(size >= everyBytes);
	}
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
	const read = await withCollection(broken, () => {}, everyBytes).getStream("key");
	if (!read.found) throw new Error("it is always there");
	expect(new Response(read.body).bytes()).rejects.toThrow("broken");
});

/**
 * The contract of `core/ports/blob-store.ts` as tests, for every implementation and every stack of
 * decorators. Each test has keys of its own, so that one store serves them all.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { limits } from "../../src/core/limits.ts";
import {
	type BlobStore,
	StoreError,
	type StoreErrorKind,
} from "../../src/core/ports/blob-store.ts";
import { listingSuite } from "./blob-store-listing.suite.ts";
import { streamSuite } from "./blob-store-streams.suite.ts";

export interface StoreFixture {
	readonly store: BlobStore;
	/** Another handle on the same data, as another server would have it. */
	readonly second: BlobStore;
	close(): Promise<void>;
}

export interface SuiteOptions {
	/** Named where the server under test is known to lack something. */
	readonly skip?: Readonly<Record<string, string>>;
	readonly timeoutMs?: number;
}

export type Keys = (name: string) => string;

/** What the parts of the suite share. */
export interface SuiteContext {
	store(): BlobStore;
	second(): BlobStore;
	/** A test with keys below a prefix of its own. */
	check(name: string, body: (key: Keys) => Promise<void>): void;
}

let prefixes = 0;

/** Runs the whole contract against the store that `open` gives. */
export function blobStoreSuite(
	name: string,
	open: () => Promise<StoreFixture>,
	options: SuiteOptions = {},
): void {
	const timeoutMs = options.timeoutMs ?? 30_000;
	describe(`BlobStore: ${name}`, () => {
		let fixture: StoreFixture;
		beforeAll(async () => {
			fixture = await open();
		}, timeoutMs);
		afterAll(async () => {
			await fixture?.close();
		}, timeoutMs);
		const context: SuiteContext = {
			store: () => fixture.store,
			second: () => fixture.second,
			check(title, body) {
				const reason = options.skip?.[title];
				if (reason !== undefined) {
					console.warn(`SKIPPED: ${name}: ${title}: ${reason}`);
					test.skip(title, () => {});
					return;
				}
				prefixes++;
				const prefix = `suite/${prefixes}-${process.pid}-${Date.now()}`;
				test(title, () => body((key) => `${prefix}/${key}`), timeoutMs);
			},
		};
		basics(context);
		conditional(context);
		streamSuite(context);
		listingSuite(context);
	});
}

export function bytesOf(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

/** `size` bytes that differ from place to place and by `seed`. */
export function patternOf(size: number, seed = 1): Uint8Array {
	const bytes = new Uint8Array(size);
	let x = seed >>> 0 || 1;
	for (let i = 0; i < size; i++) {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		bytes[i] = x >>> 24;
	}
	return bytes;
}

/** A stream of the bytes in chunks, then an optional error. `onCancel` sees a cancellation. */
export function streamOf(
	bytes: Uint8Array,
	options: { chunk?: number; error?: Error; onCancel?: () => void } = {},
): ReadableStream<Uint8Array> {
	const chunk = options.chunk ?? 10_000;
	let offset = 0;
	return new ReadableStream<Uint8Array>({
		pull(controller) {
			if (offset < bytes.length) {
				controller.enqueue(bytes.slice(offset, offset + chunk));
				offset += chunk;
			} else if (options.error) {
				controller.error(options.error);
			} else {
				controller.close();
			}
		},
		cancel: () => options.onCancel?.(),
	});
}

/** The text of an object, or null when there is none. */
export async function textOf(store: BlobStore, key: string): Promise<string | null> {
	const got = await store.get(key);
	return got.found ? new TextDecoder().decode(got.bytes) : null;
}

/** The StoreError that a promise ends with; fails the test otherwise. */
export async function storeErrorOf(
	promise: Promise<unknown>,
	kind?: StoreErrorKind,
): Promise<StoreError> {
	const error = await promise.then(
		(value) => {
			throw new Error(`expected a StoreError, got ${Bun.inspect(value)}`);
		},
		(reason) => reason,
	);
	if (!(error instanceof StoreError)) throw error;
	if (kind !== undefined) expect(error.kind).toBe(kind);
	return error;
}

/** The same for several promises at once. */
export function storeErrorsOf(
	promises: readonly Promise<unknown>[],
	kind?: StoreErrorKind,
): Promise<StoreError[]> {
	return Promise.all(promises.map((promise) => storeErrorOf(promise, kind)));
}

function basics({ store, second, check }: SuiteContext): void {
	check("an absent object is absent, with a date", async (key) => {
		const got = await store().get(key("none"));
		expect(got.found).toBe(false);
		expect(got.date).toBeGreaterThan(0);
		const streamed = await store().getStream(key("none"));
		expect(streamed.found).toBe(false);
		expect(streamed.date).toBeGreaterThan(0);
	});

	check("bytes come back as they were put, also elsewhere", async (key) => {
		const bytes = patternOf(3000);
		const { date } = await store().put(key("a/b"), bytes);
		for (const reader of [store(), second()]) {
			const got = await reader.get(key("a/b"));
			if (!got.found) throw new Error("absent");
			expect(Buffer.compare(got.bytes, bytes)).toBe(0);
			expect(got.date).toBeGreaterThanOrEqual(date);
			// Whole seconds on S3: the two may round differently.
			expect(Math.abs(got.modified - date)).toBeLessThan(30_000);
		}
	});

	check("an empty object is an object", async (key) => {
		await store().put(key("empty"), new Uint8Array(0));
		const got = await store().get(key("empty"));
		expect(got.found && got.bytes.length).toBe(0);
		const streamed = await store().getStream(key("empty"));
		if (!streamed.found) throw new Error("absent");
		expect(streamed.size).toBe(0);
		expect((await new Response(streamed.body).bytes()).length).toBe(0);
		await store().put(key("empty"), { stream: streamOf(bytesOf("")), size: 0 });
		expect((await store().putIfAbsent(key("empty"), bytesOf("x"))).created).toBe(false);
		expect((await store().putIfAbsent(key("other"), bytesOf(""))).created).toBe(true);
	});

	check("put replaces", async (key) => {
		await store().put(key("k"), bytesOf("a longer first"));
		await second().put(key("k"), bytesOf("second"));
		expect(await textOf(store(), key("k"))).toBe("second");
	});

	check("delete removes and is idempotent", async (key) => {
		await store().put(key("d/e/f"), bytesOf("1"));
		expect((await store().delete(key("d/e/f"))).date).toBeGreaterThan(0);
		expect((await second().get(key("d/e/f"))).found).toBe(false);
		await store().delete(key("d/e/f"));
		await store().delete(key("never/was"));
		await store().put(key("d/e/g"), bytesOf("again"));
		expect(await textOf(second(), key("d/e/g"))).toBe("again");
	});

	check("the caller's bytes are its own", async (key) => {
		const bytes = bytesOf("before");
		await store().put(key("own"), bytes);
		bytes.fill(0);
		const got = await store().get(key("own"));
		if (!got.found) throw new Error("absent");
		got.bytes.fill(0);
		expect(await textOf(store(), key("own"))).toBe("before");
	});

	check("dates never go back", async (key) => {
		let last = 0;
		for (let i = 0; i < 5; i++) {
			const dates = [
				(await store().putIfAbsent(key(`${i}`), bytesOf("x"))).date,
				(await store().get(key(`${i}`))).date,
				(await store().put(key("p"), bytesOf("x"))).date,
				(await store().delete(key("p"))).date,
				(await store().get(key("p"))).date,
			];
			for (const date of dates) {
				expect(date).toBeGreaterThanOrEqual(last);
				last = date;
			}
		}
	});

	check("illegal keys are refused before anything is done", async (key) => {
		const illegal = [
			"",
			"/",
			"/a",
			"a/",
			"a//b",
			".",
			"..",
			"../x",
			"a/../../x",
			"a/./b",
			"a\0b",
			"a\\b",
			"\ud800",
			"é".repeat(limits.keyBytesMax / 2 + 1),
			"s".repeat(256),
		];
		for (const bad of illegal) {
			const attempts = [
				store().get(bad),
				store().getStream(bad),
				store().put(bad, bytesOf("x")),
				store().putIfAbsent(bad, bytesOf("x")),
				store().delete(bad),
			];
			for (const error of await storeErrorsOf(attempts, "invalid_key")) {
				expect(error.notDone).toBe(true);
			}
		}
		expect((await store().list({ prefix: key(""), limit: 10 })).blobs).toEqual([]);
	});

	check("capabilities tell where the data is", async () => {
		expect(store().capabilities.location.length).toBeGreaterThan(0);
	});
}

function conditional({ store, second, check }: SuiteContext): void {
	check("put-if-absent creates once and never replaces", async (key) => {
		const first = await store().putIfAbsent(key("c"), bytesOf("first"));
		expect(first.created).toBe(true);
		for (const other of [second(), store()]) {
			const result = await other.putIfAbsent(key("c"), bytesOf("other"));
			expect(result.created).toBe(false);
			expect(result.date).toBeGreaterThanOrEqual(first.date);
		}
		expect(await textOf(second(), key("c"))).toBe("first");
		await store().delete(key("c"));
		const again = await second().putIfAbsent(key("c"), bytesOf("again"));
		expect(again.created).toBe(true);
	});

	check("of 32 at once one creates, and its bytes stand", async (key) => {
		for (let round = 0; round < 5; round++) {
			const name = key(`race/${round}`);
			const results = await Promise.all(
				Array.from({ length: 32 }, async (_, i) => {
					const handle = i % 2 === 0 ? store() : second();
					return handle.putIfAbsent(name, bytesOf(`writer ${i} ${"x".repeat(2000)}`)).then(
						(result) => result.created,
						(error: unknown) => {
							// A server may answer a race with "conflict, try again" (409).
							if (error instanceof StoreError && error.notDone) return false;
							throw error;
						},
					);
				}),
			);
			const winners = results.flatMap((created, i) => (created ? [i] : []));
			expect(winners.length).toBe(1);
			const text = await textOf(store(), name);
			expect(text?.startsWith(`writer ${winners[0]} x`)).toBe(true);
			expect(text?.endsWith("x".repeat(2000))).toBe(true);
		}
	});

	check("readers see an object whole or not at all", async (key) => {
		const size = 300_000;
		const versions = [patternOf(size, 1), patternOf(size, 2)];
		const hashes = versions.map((bytes) => Bun.hash(bytes));
		let writing = true;
		const writer = (async () => {
			try {
				for (let i = 0; i < 12; i++) {
					await store().put(key("whole"), versions[i % 2] as Uint8Array);
					if (i % 5 === 4) await store().delete(key("whole"));
				}
			} finally {
				writing = false;
			}
		})();
		const readers = [store(), second()].map(async (reader) => {
			while (writing) {
				const got = await reader.get(key("whole"));
				if (got.found) expect(hashes).toContain(Bun.hash(got.bytes));
			}
		});
		await Promise.all([writer, ...readers]);
	});
}

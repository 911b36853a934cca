/** The part of the contract suite about streamed bodies and the caller's signal. */

import { expect } from "bun:test";
import { StoreError } from "../../src/core/ports/blob-store.ts";
import { release } from "../../src/lib/spent-chunks.ts";
import {
	bytesOf,
	patternOf,
	type SuiteContext,
	storeErrorOf,
	storeErrorsOf,
	streamOf,
	textOf,
} from "./blob-store.suite.ts";

export function streamSuite(context: SuiteContext): void {
	streams(context);
	signals(context);
}

function streams({ store, second, check }: SuiteContext): void {
	check("20 MB stream in and out", async (key) => {
		const bytes = patternOf(20_000_000);
		await store().put(key("big"), {
			stream: streamOf(bytes, { chunk: 1_000_003 }),
			size: bytes.length,
		});
		const got = await second().getStream(key("big"));
		if (!got.found) throw new Error("absent");
		expect(got.size).toBe(bytes.length);
		const back = await new Response(got.body).bytes();
		expect(Buffer.compare(back, bytes)).toBe(0);
		await storeErrorOf(store().get(key("big")), "corrupt");
		await store().put(key("big"), bytes);
		const again = await store().getStream(key("big"));
		if (!again.found) throw new Error("absent");
		expect(Bun.hash(await new Response(again.body).bytes())).toBe(Bun.hash(bytes));
	});

	check(
		"what was stored is nobody else's, and the chunks of a read are the reader's own",
		async (key) => {
			const bytes = Buffer.from(patternOf(300_000));
			const expected = Bun.hash(bytes);
			await store().put(key("whole"), bytes);
			await store().putIfAbsent(key("once"), bytes);
			await store().put(key("streamed"), {
				stream: streamOf(Buffer.from(bytes), { chunk: 100_000 }),
				size: bytes.length,
			});
			bytes.fill(0);
			for (const name of ["whole", "once", "streamed"]) {
				for (let time = 0; time < 2; time++) {
					const got = await store().getStream(key(name));
					if (!got.found) throw new Error("absent");
					const parts: Uint8Array[] = [];
					for await (const chunk of got.body) {
						parts.push(new Uint8Array(chunk));
						chunk.fill(0);
						release(chunk);
					}
					expect([name, time, Bun.hash(Buffer.concat(parts))]).toEqual([name, time, expected]);
				}
			}
		},
	);

	check("a body of the wrong size stores nothing", async (key) => {
		await store().put(key("kept"), bytesOf("kept"));
		for (const name of ["kept", "new"]) {
			for (const announced of [49_999, 50_001, 0]) {
				let cancelled = false;
				const body = {
					stream: streamOf(patternOf(50_000), {
						chunk: 12_500,
						onCancel: () => {
							cancelled = true;
						},
					}),
					size: announced,
				};
				const error = await storeErrorOf(store().put(key(name), body), "corrupt");
				expect(error.notDone).toBe(true);
				// Only a stream with something left is cancelled.
				if (announced === 0) expect(cancelled).toBe(true);
			}
		}
		expect(await textOf(second(), key("kept"))).toBe("kept");
		expect((await second().get(key("new"))).found).toBe(false);
	});

	check("an error of the body is thrown, stores nothing", async (key) => {
		class BodyError extends Error {}
		const failure = new BodyError("client went away");
		const thrown = await store()
			.put(key("broken"), {
				stream: streamOf(patternOf(50_000), { error: failure }),
				size: 60_000,
			})
			.catch((error: unknown) => error);
		expect(thrown).toBe(failure);
		const atTheEnd = await store()
			.put(key("broken"), {
				stream: streamOf(patternOf(50_000), { error: failure }),
				size: 50_000,
			})
			.catch((error: unknown) => error);
		expect(atTheEnd).toBe(failure);
		expect((await second().get(key("broken"))).found).toBe(false);
	});

	check("a read may be cancelled early", async (key) => {
		await store().put(key("c"), patternOf(3_000_000));
		const got = await store().getStream(key("c"));
		if (!got.found) throw new Error("absent");
		const reader = got.body.getReader();
		const first = await reader.read();
		expect(first.value?.length).toBeGreaterThan(0);
		await reader.cancel();
		expect((await store().getStream(key("none"))).found).toBe(false);
	});

	check("a read never mixes two objects", async (key) => {
		const old = patternOf(6_000_000, 7);
		const replacement = patternOf(5_000_000, 8);
		for (const change of ["put", "delete"] as const) {
			await store().put(key(change), old);
			const got = await store().getStream(key(change));
			if (!got.found) throw new Error("absent");
			const reader = got.body.getReader();
			const parts: Uint8Array[] = [];
			const first = await reader.read();
			if (first.value) parts.push(first.value);
			if (change === "put") await second().put(key(change), replacement);
			else await second().delete(key(change));
			try {
				for (;;) {
					const { done, value } = await reader.read();
					if (done) break;
					parts.push(value);
				}
			} catch (error) {
				expect(error).toBeInstanceOf(StoreError);
				continue;
			}
			expect(Buffer.compare(Buffer.concat(parts), old)).toBe(0);
		}
	});
}

function signals({ store, check }: SuiteContext): void {
	check("a signal that has fired stops everything", async (key) => {
		const signal = AbortSignal.abort(new Error("gone"));
		const attempts = [
			store().get(key("s"), { signal }),
			store().getStream(key("s"), { signal }),
			store().put(key("s"), bytesOf("x"), { signal }),
			store().putIfAbsent(key("s"), bytesOf("x"), { signal }),
			store().delete(key("s"), { signal }),
			store().list({ prefix: key(""), limit: 1, signal }),
			store().newest(key(""), { signal }),
		];
		await storeErrorsOf(attempts, "timeout");
		expect((await store().get(key("s"))).found).toBe(false);
	});

	check("a signal ends an upload, nothing is stored", async (key) => {
		const controller = new AbortController();
		let pulls = 0;
		const stream = new ReadableStream<Uint8Array>({
			pull(sink) {
				if (++pulls === 3) controller.abort(new Error("enough"));
				else if (pulls < 3) sink.enqueue(patternOf(1000));
			},
		});
		await storeErrorOf(
			store().put(key("s"), { stream, size: 10_000 }, { signal: controller.signal }),
			"timeout",
		);
		expect((await store().get(key("s"))).found).toBe(false);
	});

	check("a signal ends a download", async (key) => {
		await store().put(key("s"), patternOf(8_000_000));
		const controller = new AbortController();
		const got = await store().getStream(key("s"), {
			signal: controller.signal,
		});
		if (!got.found) throw new Error("absent");
		const reader = got.body.getReader();
		await reader.read();
		controller.abort(new Error("enough"));
		const rest = (async () => {
			while (!(await reader.read()).done);
		})();
		await storeErrorOf(rest, "timeout");
	});
}

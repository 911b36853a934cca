/** Bodies that come too slowly are cut off, whatever they drip; bodies that come are let through. */
import { describe, expect, test } from "bun:test";
import { limits } from "../../../src/core/limits.ts";
import type { Clock } from "../../../src/core/ports/clock.ts";
import { pacedBody, pacedReader } from "../../../src/server/shared/paced-body.ts";

/** A clock that goes on only when it is told to. */
function handClock(): { clock: Clock; pass(ms: number): void } {
	let now = 0;
	const sleepers = new Set<{ at: number; wake: () => void }>();
	return {
		clock: {
			now: () => now,
			monotonic: () => now,
			sleep: (ms, signal) =>
				new Promise((resolve, reject) => {
					const sleeper = { at: now + ms, wake: resolve };
					sleepers.add(sleeper);
					signal?.addEventListener("abort", () => {
						sleepers.delete(sleeper);
						reject(signal.reason);
					});
				}),
		},
		pass(ms) {
			now += ms;
			for (const sleeper of [...sleepers]) if (sleeper.at <= now) sleeper.wake();
		},
	};
}

/** `count` chunks; `pass` lets time go by before each. */
function slowBody(count: number, size: number, pass: () => void) {
	let isCancelled = false;
	let sent = 0;
	const stream = new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				pass();
				// The clock's sleepers come first, as they would when time really passes.
				await new Promise<void>((resolve) => setImmediate(resolve));
				if (isCancelled) return;
				if (sent === count) return controller.close();
				sent += 1;
				controller.enqueue(new Uint8Array(size));
			},
			cancel() {
				isCancelled = true;
			},
		},
		{ highWaterMark: 0 },
	);
	return { stream, isCancelled: () => isCancelled };
}

async function sizeOf(stream: ReadableStream<Uint8Array> | null): Promise<number> {
	let size = 0;
	for await (const chunk of stream ?? []) size += chunk.byteLength;
	return size;
}

describe("a paced body", () => {
	test("that drips is refused and its source let go", async () => {
		const { clock, pass } = handClock();
		const body = slowBody(1000, 1, () => pass(limits.bodyPaceMs / 10));
		const reader = pacedReader(body.stream, clock);
		const drain = async () => {
			for (let reads = 0; ; reads += 1) if ((await reader.read()) === null) return reads;
		};
		await expect(drain()).rejects.toMatchObject({
			code: "invalid_request",
			message: "the body came too slowly",
		});
		expect(body.isCancelled()).toBe(true);
	});

	test("that stops is refused", async () => {
		const { clock, pass } = handClock();
		const reader = pacedReader(new ReadableStream<Uint8Array>({}), clock);
		const read = reader.read();
		pass(limits.bodyPaceMs);
		await expect(read).rejects.toMatchObject({ code: "invalid_request" });
	});

	test("may take as long as it likes while enough of it comes", async () => {
		const { clock, pass } = handClock();
		const body = slowBody(50, limits.bodyPaceBytes, () => pass(limits.bodyPaceMs * 0.9));
		expect(await sizeOf(pacedBody(body.stream, clock))).toBe(50 * limits.bodyPaceBytes);
	});

	test("is not charged for the time in which nobody reads", async () => {
		const { clock, pass } = handClock();
		const body = slowBody(20, 1, () => undefined);
		const reader = pacedReader(body.stream, clock);
		for (let reads = 0; reads < 20; reads += 1) {
			expect(await reader.read()).not.toBeNull();
			pass(limits.bodyPaceMs);
		}
		expect(await reader.read()).toBeNull();
	});
});

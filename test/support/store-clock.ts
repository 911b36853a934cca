/** The machine's clock and randomness as the ports want them, for tests against real stores. */

import type { Clock } from "../../src/core/ports/clock.ts";
import type { StoreParts } from "../../src/storage/open.ts";

export const machineClock: Clock = {
	now: () => Date.now(),
	monotonic: () => performance.now(),
	sleep: (ms, signal) =>
		new Promise((resolve, reject) => {
			if (signal?.aborted) {
				reject(signal.reason);
				return;
			}
			const stop = () => {
				clearTimeout(timer);
				reject(signal?.reason);
			};
			const timer = setTimeout(() => {
				signal?.removeEventListener("abort", stop);
				resolve();
			}, ms);
			signal?.addEventListener("abort", stop, { once: true });
		}),
};

export const machineParts: StoreParts = {
	clock: machineClock,
	random: { fraction: () => Math.random() },
};

/** A clock that stands still until it is moved; sleepers wake in order. */
export class ManualClock implements Clock {
	#nowMs: number;
	#sleepers: { at: number; wake: () => void }[] = [];

	constructor(nowMs = 1_700_000_000_000) {
		this.#nowMs = nowMs;
	}

	now(): number {
		return this.#nowMs;
	}

	monotonic(): number {
		return this.#nowMs;
	}

	/** How many sleep now. */
	get sleepers(): number {
		return this.#sleepers.length;
	}

	sleep(ms: number, signal?: AbortSignal): Promise<void> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) {
				reject(signal.reason);
				return;
			}
			const sleeper = { at: this.#nowMs + ms, wake: resolve };
			this.#sleepers.push(sleeper);
			signal?.addEventListener("abort", () => {
				this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
				reject(signal.reason);
			});
		});
	}

	/** Moves on by `ms` and lets everything that follows from it happen. */
	async advance(ms: number): Promise<void> {
		const end = this.#nowMs + ms;
		for (;;) {
			await settle();
			const next = this.#sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
			if (next === undefined) break;
			this.#nowMs = Math.max(this.#nowMs, next.at);
			this.#sleepers = this.#sleepers.filter((other) => other !== next);
			next.wake();
		}
		this.#nowMs = end;
		await settle();
	}
}

/** Lets promises that are ready run. */
export async function settle(): Promise<void> {
	for (let i = 0; i < 50; i++) await Promise.resolve();
}

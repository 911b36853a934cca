/**
 * One machine: its clock, and whether it runs. A paused machine gets nothing (replies and timers
 * wait), a suspended one does not even count the time; a dead one never gets anything again.
 */
import type { Clock } from "../../src/core/ports/clock.ts";
import type { Scheduler } from "./scheduler.ts";

const epochMs = 1_767_225_600_000;

/** The time of day without any skew: the store's clock. */
export function wallTime(scheduler: Scheduler): number {
	return epochMs + scheduler.now;
}

export class Machine {
	readonly scheduler: Scheduler;
	#skewMs: number;
	#suspendedMs = 0;
	#pausedUntil = 0;
	#isDead = false;

	constructor(scheduler: Scheduler, skewMs: number) {
		this.scheduler = scheduler;
		this.#skewMs = skewMs;
	}

	get isDead(): boolean {
		return this.#isDead;
	}

	/** Its ports go dark for ever: whoever waits inside waits for ever. */
	kill(): void {
		this.#isDead = true;
	}

	/** Stops the machine for a while; a suspended one's monotonic clock stands still meanwhile. */
	pause(ms: number, kind: "stopped" | "suspended"): void {
		if (this.#pausedUntil > this.scheduler.now) return;
		this.#pausedUntil = this.scheduler.now + ms;
		if (kind === "suspended") this.#suspendedMs += ms;
	}

	/** Sets the wall clock forwards or back. */
	jump(ms: number): void {
		this.#skewMs += ms;
	}

	now(): number {
		return wallTime(this.scheduler) + this.#skewMs;
	}

	monotonic(): number {
		return this.scheduler.now - this.#suspendedMs;
	}

	/** Runs `run` on this machine as soon as it runs itself; never when it is dead. */
	deliver(label: string, run: () => void): void {
		if (this.#isDead) return;
		const waitMs = this.#pausedUntil - this.scheduler.now;
		if (waitMs <= 0) run();
		else this.scheduler.after(waitMs, label, () => this.deliver(label, run));
	}

	/** The clock that code on this machine sees. */
	clock(): Clock {
		return {
			now: () => this.now(),
			monotonic: () => this.monotonic(),
			sleep: (ms, signal) => this.#sleep(ms, signal),
		};
	}

	#sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) {
				reject(signal.reason);
				return;
			}
			const timer = this.scheduler.after(ms, "timer", () =>
				this.deliver("timer", () => {
					signal?.removeEventListener("abort", stop);
					resolve();
				}),
			);
			const stop = () => {
				timer.cancel();
				reject(signal?.reason);
			};
			signal?.addEventListener("abort", stop, { once: true });
		});
	}
}

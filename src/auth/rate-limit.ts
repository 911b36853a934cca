/** Tries by key (an address, a name), in this process: a bucket that empties and refills slowly. */
import { DomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Clock } from "../core/ports/clock.ts";
import { BoundedMap } from "./shared-state.ts";

interface Bucket {
	tries: number;
	at: number;
}

export interface RateLimitOptions {
	readonly triesMax: number;
	/** One more try after each of these. */
	readonly refillMs: number;
}

/** Counts tries and refuses too many. */
export class RateLimit {
	readonly #clock: Pick<Clock, "monotonic">;
	readonly #options: RateLimitOptions;
	readonly #buckets = new BoundedMap<Bucket>(limits.rateLimitKeysMax);

	constructor(clock: Pick<Clock, "monotonic">, options: RateLimitOptions) {
		this.#clock = clock;
		this.#options = options;
	}

	/** Counts a try for each key. Fails with `rate_limited` when one of them has none left. */
	take(...keys: readonly string[]): void {
		const waits = keys.map((key) => this.#take(key));
		const waitMs = Math.max(0, ...waits);
		if (waitMs === 0) return;
		throw new DomainError("rate_limited", "too many attempts", {
			hint: "wait a little and try again",
			details: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
		});
	}

	/** Gives the tries of a key back, after a success. */
	forget(key: string): void {
		this.#buckets.delete(key);
	}

	#take(key: string): number {
		const { triesMax, refillMs } = this.#options;
		const now = this.#clock.monotonic();
		const bucket = this.#buckets.ensure(key, () => ({ tries: triesMax, at: now }));
		bucket.tries = Math.min(triesMax, bucket.tries + (now - bucket.at) / refillMs);
		bucket.at = now;
		if (bucket.tries < 1) return (1 - bucket.tries) * refillMs;
		bucket.tries -= 1;
		return 0;
	}
}

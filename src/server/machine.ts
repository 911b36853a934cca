/** The machine's own clock, randomness and memory, behind the ports through which everything uses them. */
import { limits } from "../core/limits.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Random } from "../core/ports/random.ts";

export const systemClock: Clock = {
	now: () => Date.now(),
	monotonic: () => performance.now(),
	sleep(ms, signal) {
		return new Promise((resolve, reject) => {
			if (signal?.aborted) {
				reject(signal.reason);
				return;
			}
			const onAbort = () => {
				clearTimeout(timer);
				reject(signal?.reason);
			};
			const timer = setTimeout(() => {
				signal?.removeEventListener("abort", onAbort);
				resolve();
			}, ms);
			signal?.addEventListener("abort", onAbort, { once: true });
		});
	},
};

export const systemRandom: Random = {
	bytes: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
	fraction() {
		const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
		return value / 2 ** 32;
	},
};

/** At once while that is short; with a large heap beside the requests, which takes effect later. */
export function collectGarbage(): void {
	Bun.gc(process.memoryUsage().heapUsed <= limits.heapBytesCollectedAtOnceMax);
}

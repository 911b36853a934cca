/** The machine's clock as the port wants it, for tests against real stores. */

import type { Clock } from "../../src/core/ports/clock.ts";

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

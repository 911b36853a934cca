/** The core's ports for tests that do not simulate time. */
import { limits } from "../../src/core/limits.ts";
import type { Clock } from "../../src/core/ports/clock.ts";
import type { Random } from "../../src/core/ports/random.ts";
import type { CoreSettings } from "../../src/core/settings.ts";

export const realClock: Clock = {
	now: () => Date.now(),
	monotonic: () => performance.now(),
	sleep: (ms, signal) =>
		new Promise((resolve, reject) => {
			signal?.throwIfAborted();
			const timer = setTimeout(resolve, ms);
			signal?.addEventListener(
				"abort",
				() => {
					clearTimeout(timer);
					reject(signal.reason);
				},
				{ once: true },
			);
		}),
};

export const realRandom: Random = {
	bytes: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
	fraction: () => Math.random(),
};

/** Production's defaults, except that lists never answer from an old index. */
export const testSettings: CoreSettings = {
	versionsKept: limits.versionsKept,
	recordsKept: 0,
	isAutoCreating: true,
	pruneGraceMs: limits.pruneGraceMs,
	headAgeMaxMs: limits.headAgeMaxMs,
	actDeadlineMs: limits.actDeadlineMs,
	projectionSettleMs: limits.projectionDelaySettleMs,
	directoryFreshMs: 0,
	systemStateSettleMs: 0,
};

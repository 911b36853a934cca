/** Time, injected: the core never reads the machine's clock itself. */
export interface Clock {
	/** Wall clock, ms since the epoch. For showing and for token expiry only (I12). */
	now(): number;
	/** Never goes back, ms, arbitrary origin. For deadlines and intervals. */
	monotonic(): number;
	/** Resolves after `ms`, or rejects with the signal's reason. */
	sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

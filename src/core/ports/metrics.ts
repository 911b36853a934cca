/** Counters that the core raises; the server shows them at /metrics. Labels hold no unit names. */
export interface CoreMetrics {
	/** A lock request met another holder. */
	lockConflict(): void;
	/** An append met another server's record and decided again. */
	appendRetry(): void;
	/** A request ended with an outcome that is not known. */
	outcomeUnknown(): void;
	/** A state of this many bytes became a version. */
	stateWritten(sizeBytes: number): void;
	/** A projection was written or repaired. */
	projection(result: "unchanged" | "written" | "foreign" | "failed"): void;
}

export const silentMetrics: CoreMetrics = {
	lockConflict() {},
	appendRetry() {},
	outcomeUnknown() {},
	stateWritten() {},
	projection() {},
};

/** What the stores share about a caller's signal. */

import { StoreError } from "../core/ports/blob-store.ts";

/**
 * Throws `StoreError("timeout", notDone)` when the signal has fired. Only for the moments at which
 * nothing that others can see has been done.
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
	if (signal?.aborted) throw abortedBefore(signal);
}

/** The error of an operation that was given up before it could have had an effect. */
export function abortedBefore(signal: AbortSignal): StoreError {
	return new StoreError("timeout", "given up before anything was changed", {
		notDone: true,
		cause: signal.reason,
	});
}

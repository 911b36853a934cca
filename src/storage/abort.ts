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

/**
 * The promise's outcome, or `StoreError("timeout")` as soon as the signal fires; what the promise
 * then does is not waited for. `mayHaveHappened` becomes the error's `notDone: false`.
 */
export async function orAborted<T>(
	promise: Promise<T>,
	signal: AbortSignal | undefined,
	mayHaveHappened: boolean,
): Promise<T> {
	if (signal === undefined) return promise;
	const { promise: aborted, reject } = Promise.withResolvers<never>();
	const stop = () =>
		reject(
			new StoreError("timeout", "the store did not answer in time", {
				notDone: !mayHaveHappened,
				cause: signal.reason,
			}),
		);
	if (signal.aborted) stop();
	signal.addEventListener("abort", stop, { once: true });
	promise.catch(() => {});
	try {
		return await Promise.race([promise, aborted]);
	} finally {
		signal.removeEventListener("abort", stop);
	}
}

/** Bodies whose size was promised: what was promised is kept, or nothing is stored. */

import { StoreError, type StreamBody } from "../core/ports/blob-store.ts";
import { abortedBefore } from "./abort.ts";

/**
 * The chunks of a body, the last one given only after the stream has ended with exactly the size
 * that was promised: a consumer that has seen every byte may commit. Throws
 * `StoreError("corrupt", notDone)` for fewer or more bytes, `StoreError("timeout", notDone)` when
 * the signal fires, and the stream's own error as it is. The stream is cancelled when the consumer
 * stops early.
 */
export async function* exactly(
	body: StreamBody,
	signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
	const reader = body.stream.getReader();
	const stop = () => void reader.cancel(signal?.reason).catch(() => {});
	signal?.addEventListener("abort", stop, { once: true });
	let ended = false;
	try {
		let seenBytes = 0;
		let held: Uint8Array | null = null;
		while (true) {
			const { done, value } = await reader.read();
			if (signal?.aborted) throw abortedBefore(signal);
			if (done) break;
			if (value.length === 0) continue;
			seenBytes += value.length;
			if (seenBytes > body.size) throw wrongSize("more");
			if (held !== null) yield held;
			held = value;
		}
		ended = true;
		if (seenBytes < body.size) throw wrongSize("fewer");
		if (held !== null) yield held;
	} finally {
		signal?.removeEventListener("abort", stop);
		if (!ended) await reader.cancel().catch(() => {});
		reader.releaseLock();
	}
}

function wrongSize(which: "more" | "fewer"): StoreError {
	return new StoreError("corrupt", `the body gave ${which} bytes than were announced`, {
		notDone: true,
	});
}

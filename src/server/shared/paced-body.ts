/**
 * Request bodies that keep coming. Bun closes a connection on which nothing moves; a client that
 * sends a byte now and then would still hold a request for ever.
 */
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports/clock.ts";

export interface BodyReader {
	/** The next bytes; null at the body's end. */
	read(): Promise<Uint8Array | null>;
	cancel(reason?: unknown): Promise<void>;
}

function tooSlow(): DomainError {
	return new DomainError("invalid_request", "the body came too slowly", {
		hint: `each ${limits.bodyPaceBytes} bytes may take ${limits.bodyPaceMs / 1000} seconds; send the request again`,
	});
}

/**
 * Reads the body and fails with `invalid_request` when it takes more than `bodyPaceMs` of waiting
 * for the next `bodyPaceBytes` of it. Time in which nobody reads does not count.
 */
export function pacedReader(source: ReadableStream<Uint8Array>, clock: Clock): BodyReader {
	const reader = source.getReader();
	let leftMs: number = limits.bodyPaceMs;
	let bytes = 0;

	async function read(): Promise<Uint8Array | null> {
		const startedAt = clock.monotonic();
		const timer = new AbortController();
		const late = clock.sleep(Math.max(leftMs, 0), timer.signal).then(() => {
			throw tooSlow();
		});
		late.catch(() => undefined);
		try {
			const next = await Promise.race([reader.read(), late]);
			bytes += next.value?.byteLength ?? 0;
			leftMs -= clock.monotonic() - startedAt;
			if (bytes >= limits.bodyPaceBytes) {
				bytes = 0;
				leftMs = limits.bodyPaceMs;
			}
			return next.done ? null : next.value;
		} catch (error) {
			void reader.cancel(error).catch(() => undefined);
			throw error;
		} finally {
			timer.abort();
		}
	}

	return { read, cancel: (reason) => reader.cancel(reason) };
}

/** The same as a stream; null stays null. */
export function pacedBody(
	source: ReadableStream<Uint8Array> | null,
	clock: Clock,
): ReadableStream<Uint8Array> | null {
	if (source === null) return null;
	const reader = pacedReader(source, clock);
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				const chunk = await reader.read();
				if (chunk === null) controller.close();
				else controller.enqueue(chunk);
			},
			cancel: (reason) => reader.cancel(reason),
		},
		{ highWaterMark: 0 },
	);
}

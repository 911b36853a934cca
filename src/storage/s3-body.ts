/** Bodies on their way from and to an S3 server, counted. */

import { limits } from "../core/limits.ts";
import { StoreError, type StreamBody } from "../core/ports/blob-store.ts";
import { exactly } from "./exact-stream.ts";
import { errorOfFailure } from "./s3-errors.ts";

/** The announced length of a body, or null. */
export function contentLengthOf(response: Response): number | null {
	const text = response.headers.get("content-length");
	if (text === null || !/^\d{1,15}$/.test(text)) return null;
	return Number(text);
}

/**
 * The whole body of an answer. Throws `StoreError("corrupt")` when it is longer than
 * `wholeReadBytesMax` or not as long as announced.
 */
export async function readWhole(
	response: Response,
	signal: AbortSignal | undefined,
	stop: () => void,
): Promise<Uint8Array> {
	const announced = contentLengthOf(response);
	if (announced !== null && announced > limits.wholeReadBytesMax) {
		stop();
		throw tooLarge();
	}
	let bytes: Uint8Array;
	try {
		// Without an announced length the size is looked at while it comes.
		bytes =
			announced === null
				? await readBounded(response)
				: new Uint8Array(await response.arrayBuffer());
	} catch (error) {
		stop();
		throw signal?.aborted || error instanceof StoreError
			? errorOfFailure(error, signal, "read")
			: brokenRead(error);
	}
	if (announced !== null && bytes.length !== announced) throw brokenRead();
	return bytes;
}

async function readBounded(response: Response): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of response.body ?? []) {
		bytes += chunk.length;
		if (bytes > limits.wholeReadBytesMax) throw tooLarge();
		chunks.push(chunk);
	}
	return Buffer.concat(chunks);
}

function tooLarge(): StoreError {
	return new StoreError("corrupt", "the object is too large to be held");
}

function brokenRead(cause?: unknown): StoreError {
	return new StoreError("unavailable", "the S3 server's answer ended before its length", {
		notDone: true,
		...(cause === undefined ? {} : { cause }),
	});
}

/**
 * The body of an answer as a stream of exactly `size` bytes; errors with a StoreError otherwise.
 * `stop` closes the connection of a body that is given up.
 */
export function streamOf(
	response: Response,
	size: number,
	signal: AbortSignal | undefined,
	stop: () => void,
): ReadableStream<Uint8Array> {
	const reader = (response.body ?? emptyStream()).getReader();
	let seenBytes = 0;
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				try {
					const { done, value } = await reader.read();
					if (signal?.aborted) throw signal.reason;
					seenBytes += value?.length ?? 0;
					if (seenBytes > size || (done && seenBytes < size)) {
						throw brokenRead();
					}
					if (done) controller.close();
					else controller.enqueue(value);
				} catch (error) {
					stop();
					controller.error(
						signal?.aborted || error instanceof StoreError
							? errorOfFailure(error, signal, "read")
							: brokenRead(error),
					);
				}
			},
			async cancel() {
				await reader.cancel().catch(() => {});
				stop();
			},
		},
		{ highWaterMark: 0 },
	);
}

function emptyStream(): ReadableStream<Uint8Array> {
	return new ReadableStream<Uint8Array>({
		start: (controller) => controller.close(),
	});
}

/** A body on its way out. */
export interface Upload {
	readonly stream: ReadableStream<Uint8Array>;
	/** Why the upload was given up before its last byte left, if so: then nothing is stored. */
	failure(): { readonly error: unknown } | null;
	/** True once all bytes have been handed over. */
	complete(): boolean;
}

/**
 * Streams a body of promised size. When the body breaks its promise or fails, `stop` closes the
 * connection before the last byte has been sent.
 */
export function uploadOf(
	body: StreamBody,
	signal: AbortSignal | undefined,
	stop: () => void,
): Upload {
	// Not released early: what is stored must not rest on when the runtime has copied a chunk.
	const chunks = exactly(body, signal);
	let failure: { readonly error: unknown } | null = null;
	let complete = false;
	let sentBytes = 0;
	const stream = new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				try {
					const { done, value } = await chunks.next();
					if (done) {
						complete = true;
						controller.close();
						return;
					}
					sentBytes += value.length;
					if (sentBytes === body.size) complete = true;
					controller.enqueue(value);
				} catch (error) {
					failure = { error };
					stop();
					controller.error(error);
				}
			},
			async cancel() {
				await chunks.return();
			},
		},
		{ highWaterMark: 0 },
	);
	return { stream, failure: () => failure, complete: () => complete };
}

/**
 * Chunks of a large body that nobody will look at again. Their memory is given back at once:
 * left to the garbage collection, a good part of the body gathers before that runs.
 */

/** Gives the chunk's memory back; its bytes are gone. A view of a larger buffer is left alone. */
export function release(chunk: Uint8Array): void {
	const { buffer } = chunk;
	if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== chunk.byteLength) return;
	try {
		buffer.transfer(0);
	} catch {
		// The runtime holds it: then it is collected later.
	}
}

/** The same chunks, each released when the next one is asked for. */
export async function* releasing(
	chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
	for await (const chunk of chunks) {
		yield chunk;
		release(chunk);
	}
}

/**
 * The same for a stream that is handed to the runtime as a body, which has copied or sent a chunk
 * when it asks for the next one (`test/unit/lib/spent-chunks.test.ts`). Nobody else may have them.
 */
export function releasingStream(source: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
	const reader = source.getReader();
	let spent: Uint8Array | null = null;
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				if (spent !== null) release(spent);
				spent = null;
				const { done, value } = await reader.read();
				if (done) {
					controller.close();
					return;
				}
				spent = value;
				controller.enqueue(value);
			},
			cancel: (reason) => reader.cancel(reason),
		},
		{ highWaterMark: 0 },
	);
}

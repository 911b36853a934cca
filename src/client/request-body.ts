/** Bodies that can be sent again: a retry must carry the same bytes, never what is left of a stream. */

export interface RequestBody {
	/** Exact length: the server refuses large bodies that do not announce it. */
	readonly bytes: number;
	/** Base64 of the MD5, for `Content-MD5`; not sent when absent. */
	readonly md5?: string | undefined;
	/** A fresh stream of all the bytes, for each try. */
	open(): ReadableStream<Uint8Array>;
}

/** Bytes that are in memory already. */
export function bytesBody(bytes: Uint8Array): RequestBody {
	return {
		bytes: bytes.length,
		md5: new Bun.CryptoHasher("md5").update(bytes).digest("base64"),
		open: () => streamOf(bytes),
	};
}

/**
 * A file, read twice: now for its length and hash, and once for each try. A file that changes in
 * between no longer matches the hash, and the server refuses it.
 */
export async function fileBody(path: string): Promise<RequestBody> {
	const hasher = new Bun.CryptoHasher("md5");
	let bytes = 0;
	for await (const chunk of Bun.file(path).stream()) {
		hasher.update(chunk);
		bytes += chunk.length;
	}
	return { bytes, md5: hasher.digest("base64"), open: () => Bun.file(path).stream() };
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
	return new ReadableStream({
		start(controller) {
			if (bytes.length > 0) controller.enqueue(bytes);
			controller.close();
		},
	});
}

/**
 * The same stream, calling `moved` with the count of bytes whenever some are taken; it fails when
 * more or fewer bytes come than announced.
 */
export function watched(
	source: ReadableStream<Uint8Array>,
	announced: number,
	moved: (bytes: number) => void,
): ReadableStream<Uint8Array> {
	const reader = source.getReader();
	let total = 0;
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				const { done, value } = await reader.read();
				if (done) {
					if (total < announced) throw new Error("the body became shorter while it was sent");
					controller.close();
					return;
				}
				total += value.length;
				if (total > announced) throw new Error("the body became longer while it was sent");
				moved(value.length);
				controller.enqueue(value);
			},
			cancel: (reason) => reader.cancel(reason),
		},
		{ highWaterMark: 1 },
	);
}

/** Request bodies, bounded. A body that ends early is an error, never a shorter body. */
import { createHash } from "node:crypto";
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { StreamBody } from "../../core/ports/blob-store.ts";
import { type BodyReader, pacedReader } from "./paced-body.ts";
import { contextOf } from "./request-context.ts";

function tooLarge(bytesMax: number, name: string): DomainError {
	return new DomainError("too_large", `${name} is larger than ${bytesMax} bytes`, {
		hint:
			name === "the state"
				? "raise OPENTACO_MAX_STATE_BYTES if such a state is intended"
				: "send less",
		details: { limitBytes: bytesMax },
	});
}

function endedEarly(cause: unknown): DomainError {
	return new DomainError("invalid_request", "the body ended before its announced length", {
		hint: "send the request again",
		cause,
	});
}

/** The announced length; null when the body is chunked or there is none. */
export function contentLength(request: Request): number | null {
	const text = request.headers.get("content-length");
	if (text === null) return null;
	if (!/^[0-9]{1,15}$/.test(text)) {
		throw new DomainError("invalid_request", "the Content-Length header is not a number");
	}
	return Number(text);
}

function refuseEncoding(request: Request): void {
	const encoding = request.headers.get("content-encoding");
	if (encoding === null || encoding === "" || encoding.toLowerCase() === "identity") return;
	throw new DomainError("invalid_request", "compressed bodies are not taken", {
		hint: "send the body without Content-Encoding",
	});
}

/** The whole body, at most `bytesMax`. Fails with `too_large` naming `name`, or `invalid_request`. */
export async function readBody(
	request: Request,
	bytesMax: number,
	name: string,
): Promise<Uint8Array> {
	refuseEncoding(request);
	const announced = contentLength(request);
	if (announced !== null && announced > bytesMax) throw tooLarge(bytesMax, name);
	if (request.body === null) return new Uint8Array(0);
	const reader = pacedReader(request.body as ReadableStream<Uint8Array>, contextOf(request).clock);
	const chunks: Uint8Array[] = [];
	let size = 0;
	try {
		for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
			size += chunk.byteLength;
			if (size > bytesMax) throw tooLarge(bytesMax, name);
			chunks.push(chunk);
		}
	} catch (error) {
		void reader.cancel(error).catch(() => undefined);
		throw error instanceof DomainError ? error : endedEarly(error);
	}
	if (announced !== null && size !== announced) throw endedEarly(undefined);
	return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

/**
 * A state: held in memory when it is small, else as a stream, which needs a Content-Length.
 * Fails with `too_large`, `length_required`, `invalid_request`.
 */
export async function readStateBody(
	request: Request,
	bytesMax: number,
): Promise<Uint8Array | StreamBody> {
	refuseEncoding(request);
	const announced = contentLength(request);
	if (announced === null) {
		const unsizedMax = Math.min(limits.unsizedBodyBytesMax, bytesMax);
		try {
			return await readBody(request, unsizedMax, "the state");
		} catch (error) {
			if (error instanceof DomainError && error.code === "too_large" && unsizedMax < bytesMax) {
				throw new DomainError(
					"length_required",
					`a state of more than ${unsizedMax} bytes needs a Content-Length`,
					{ details: { limitBytes: unsizedMax } },
				);
			}
			throw error;
		}
	}
	if (announced > bytesMax) throw tooLarge(bytesMax, "the state");
	if (announced <= limits.bufferedBodyBytesMax || request.body === null) {
		return await readBody(request, bytesMax, "the state");
	}
	return {
		stream: counted(
			pacedReader(request.body as ReadableStream<Uint8Array>, contextOf(request).clock),
			announced,
		),
		size: announced,
	};
}

/** Passes the bytes on and fails at the end when they are not exactly as many as announced. */
function counted(reader: BodyReader, size: number): ReadableStream<Uint8Array> {
	let received = 0;
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				try {
					const value = await reader.read();
					if (value === null) {
						if (received !== size) throw endedEarly(undefined);
						controller.close();
						return;
					}
					received += value.byteLength;
					if (received > size) throw endedEarly(undefined);
					controller.enqueue(value);
				} catch (error) {
					controller.error(error instanceof DomainError ? error : endedEarly(error));
				}
			},
			async cancel(reason) {
				await reader.cancel(reason);
			},
		},
		{ highWaterMark: 0 },
	);
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes as JSON; undefined when there are none. Fails with `invalid_request`. */
export function parseJson(bytes: Uint8Array): unknown {
	if (bytes.byteLength === 0) return undefined;
	try {
		return JSON.parse(strictUtf8.decode(bytes));
	} catch {
		throw new DomainError("invalid_request", "the body is not JSON");
	}
}

/** The body's Content-MD5; fails with `invalid_request` when it is no MD5. Null when there is none. */
export function contentMd5(request: Request): string | null {
	const text = request.headers.get("content-md5");
	if (text === null || text === "") return null;
	if (!/^[A-Za-z0-9+/]{22}==$/.test(text)) {
		throw new DomainError("invalid_request", "the Content-MD5 header is not a base64 MD5");
	}
	return text;
}

/** Fails with `checksum_mismatch` unless the bytes have the MD5 (base64) that came with them. */
export function verifyMd5(bytes: Uint8Array, md5: string | null): void {
	if (md5 === null || createHash("md5").update(bytes).digest("base64") === md5) return;
	throw new DomainError("checksum_mismatch", "the body does not match its Content-MD5", {
		hint: "send the request again",
	});
}

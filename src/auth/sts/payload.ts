/**
 * The body of a verified request: framing taken off, and hash, checksums and length verified. The
 * last bytes are handed on only when everything holds, so that nobody takes a forged body for
 * whole.
 */
import {
	type Checksum,
	type ChecksumAlgorithm,
	isChecksumAlgorithm,
	startChecksum,
} from "../../lib/checksum.ts";
import { AwsChunkedDecoder } from "./aws-chunked.ts";
import { StsFault } from "./fault.ts";
import type { PayloadMode, VerifiedRequest } from "./sigv4.ts";

export interface PayloadHeaders {
	get(name: string): string | null;
	keys(): Iterable<string>;
}

/** A body to come. */
export interface Payload {
	/** Decoded. Errors with StsFault when the body is not the one that was sent. To be read once. */
	readonly stream: ReadableStream<Uint8Array>;
	/** Decoded; null when the client did not say. */
	readonly sizeBytes: number | null;
	/** Base64 MD5, when the client sent one; verified like the rest. */
	readonly md5: string | null;
	/** The checksums that the client sends with it, known after the stream's end. */
	readonly checksums: ReadonlyMap<ChecksumAlgorithm, string>;
}

const checksumStart = "x-amz-checksum-";
/** Headers of that form that hold no checksum. */
const noChecksums: ReadonlySet<string> = new Set([
	"x-amz-checksum-mode",
	"x-amz-checksum-algorithm",
	"x-amz-checksum-type",
]);

/**
 * Opens the body of a request whose signature was verified.
 * @throws StsFault when the headers about the body contradict each other or are not understood.
 */
export function openPayload(
	request: VerifiedRequest,
	headers: PayloadHeaders,
	body: ReadableStream<Uint8Array> | null,
): Payload {
	const { payload } = request;
	checkEncoding(headers, payload);
	const announced = announcedChecksums(headers);
	const trailer = payload.kind === "chunked" ? trailerNames(headers, payload.hasTrailer) : [];
	const checks = new BodyChecks(payload, announced, trailer, md5Of(headers));
	if (payload.kind !== "chunked") {
		const sizeBytes = body === null ? 0 : numberOf(headers, "content-length");
		const stream = verifying(body, new PlainBody(checks, sizeBytes));
		return { stream, sizeBytes, md5: checks.md5, checksums: checks.values };
	}
	const decodedBytes = numberOf(headers, "x-amz-decoded-content-length");
	if (decodedBytes === null) {
		throw new StsFault("length_missing", "x-amz-decoded-content-length is missing");
	}
	const decoder = new AwsChunkedDecoder({
		decodedBytes,
		signing: payload.signing,
		trailer: payload.hasTrailer ? trailer.map((name) => `${checksumStart}${name}`) : null,
		// Only `acceptUnverified` leaves the signing out of a mode that has signatures.
		ignoresSignatures:
			payload.signing === null &&
			headers.get("x-amz-content-sha256")?.startsWith("STREAMING-AWS4-HMAC-SHA256") === true,
	});
	const stream = verifying(body, new ChunkedBody(checks, decoder));
	return { stream, sizeBytes: decodedBytes, md5: checks.md5, checksums: checks.values };
}

function numberOf(headers: PayloadHeaders, name: string): number | null {
	const text = headers.get(name);
	if (text === null) return null;
	if (!/^[0-9]{1,15}$/.test(text)) {
		throw new StsFault("body_malformed", "an announced length is not a number");
	}
	return Number(text);
}

function md5Of(headers: PayloadHeaders): string | null {
	const text = headers.get("content-md5");
	if (text === null) return null;
	if (!/^[A-Za-z0-9+/]{22}==$/.test(text)) {
		throw new StsFault("body_malformed", "Content-MD5 is not a base64 MD5");
	}
	return text;
}

function checkEncoding(headers: PayloadHeaders, payload: PayloadMode): void {
	const encodings = (headers.get("content-encoding") ?? "")
		.toLowerCase()
		.split(",")
		.map((text) => text.trim())
		.filter((text) => text !== "" && text !== "identity");
	const allowed = payload.kind === "chunked" ? "aws-chunked" : "";
	if (encodings.some((encoding) => encoding !== allowed) || encodings.length > 1) {
		throw new StsFault("unsupported", "compressed or otherwise encoded bodies are not taken");
	}
}

/** The checksums that stand in the headers. @throws StsFault for kinds that are not known. */
export function announcedChecksums(headers: PayloadHeaders): Map<ChecksumAlgorithm, string> {
	const found = new Map<ChecksumAlgorithm, string>();
	for (const key of headers.keys()) {
		const name = key.toLowerCase();
		if (!name.startsWith(checksumStart) || noChecksums.has(name)) continue;
		found.set(algorithmOf(name), headers.get(name) ?? "");
	}
	return found;
}

function algorithmOf(name: string): ChecksumAlgorithm {
	const algorithm = name.slice(checksumStart.length);
	if (!name.startsWith(checksumStart) || !isChecksumAlgorithm(algorithm)) {
		throw new StsFault(
			"unsupported",
			"a checksum is of a kind that is not known here; crc32, crc32c, crc64nvme, sha1 and sha256 are",
		);
	}
	return algorithm;
}

function trailerNames(headers: PayloadHeaders, hasTrailer: boolean): ChecksumAlgorithm[] {
	const text = headers.get("x-amz-trailer");
	if (!hasTrailer) {
		if (text === null) return [];
		throw new StsFault("trailer_malformed", "x-amz-trailer announces a trailer where none can be");
	}
	const names = (text ?? "")
		.split(",")
		.map((name) => name.trim().toLowerCase())
		.filter((name) => name !== "");
	if (new Set(names).size !== names.length) {
		throw new StsFault("trailer_malformed", "x-amz-trailer names a field twice");
	}
	return names.map(algorithmOf);
}

/** Hash and checksums of the decoded body. */
class BodyChecks {
	readonly md5: string | null;
	readonly values: Map<ChecksumAlgorithm, string>;
	readonly #sha256: Bun.CryptoHasher | null;
	readonly #expectedSha256: string | null;
	readonly #md5Hasher: Bun.CryptoHasher | null;
	readonly #running = new Map<ChecksumAlgorithm, Checksum>();

	constructor(
		payload: PayloadMode,
		announced: Map<ChecksumAlgorithm, string>,
		trailer: readonly ChecksumAlgorithm[],
		md5: string | null,
	) {
		this.md5 = md5;
		this.values = announced;
		this.#expectedSha256 = payload.kind === "hash" ? payload.sha256 : null;
		this.#sha256 = payload.kind === "hash" ? new Bun.CryptoHasher("sha256") : null;
		this.#md5Hasher = md5 === null ? null : new Bun.CryptoHasher("md5");
		for (const algorithm of [...announced.keys(), ...trailer]) {
			this.#running.set(algorithm, startChecksum(algorithm));
		}
	}

	update(bytes: Uint8Array): void {
		this.#sha256?.update(bytes);
		this.#md5Hasher?.update(bytes);
		for (const checksum of this.#running.values()) checksum.update(bytes);
	}

	/** `trailer` holds the checksums that came after the body. @throws StsFault. */
	finish(trailer: ReadonlyMap<string, string>): void {
		if (this.#sha256 !== null && this.#sha256.digest("hex") !== this.#expectedSha256) {
			throw new StsFault(
				"payload_mismatch",
				"the body is not the one that x-amz-content-sha256 was made of",
			);
		}
		if (this.#md5Hasher !== null && this.#md5Hasher.digest("base64") !== this.md5) {
			throw new StsFault("checksum_mismatch", "the body does not match its Content-MD5");
		}
		for (const [algorithm, checksum] of this.#running) {
			const late = trailer.get(`${checksumStart}${algorithm}`);
			const early = this.values.get(algorithm);
			if (late !== undefined) this.values.set(algorithm, late);
			const actual = checksum.digest();
			if ((early ?? actual) !== actual || (late ?? actual) !== actual) {
				throw new StsFault(
					"checksum_mismatch",
					`the body does not match its ${algorithm.toUpperCase()} checksum; send it again`,
				);
			}
		}
	}
}

/** Turns received bytes into payload. */
interface BodyReader {
	push(bytes: Uint8Array): readonly Uint8Array[];
	finish(): void;
}

class PlainBody implements BodyReader {
	readonly #checks: BodyChecks;
	readonly #sizeBytes: number | null;
	#received = 0;

	constructor(checks: BodyChecks, sizeBytes: number | null) {
		this.#checks = checks;
		this.#sizeBytes = sizeBytes;
	}

	push(bytes: Uint8Array): readonly Uint8Array[] {
		this.#received += bytes.length;
		this.#checks.update(bytes);
		return [bytes];
	}

	finish(): void {
		if (this.#sizeBytes !== null && this.#received !== this.#sizeBytes) {
			throw new StsFault("body_incomplete", "the body has not its announced length");
		}
		this.#checks.finish(new Map());
	}
}

class ChunkedBody implements BodyReader {
	readonly #checks: BodyChecks;
	readonly #decoder: AwsChunkedDecoder;

	constructor(checks: BodyChecks, decoder: AwsChunkedDecoder) {
		this.#checks = checks;
		this.#decoder = decoder;
	}

	push(bytes: Uint8Array): readonly Uint8Array[] {
		const pieces = this.#decoder.push(bytes);
		for (const piece of pieces) this.#checks.update(piece);
		return pieces;
	}

	finish(): void {
		this.#decoder.finish();
		this.#checks.finish(this.#decoder.trailer);
	}
}

/** Passes on what `reader` makes of the bytes, the last piece only after its `finish`. */
function verifying(
	source: ReadableStream<Uint8Array> | null,
	reader: BodyReader,
): ReadableStream<Uint8Array> {
	const bytes = source?.getReader() ?? null;
	let held: Uint8Array | null = null;
	const next = async (): Promise<Uint8Array | null> => {
		try {
			const read = await bytes?.read();
			return read === undefined || read.done ? null : read.value;
		} catch (cause) {
			throw new StsFault("body_incomplete", `the body ended early${textOf(cause)}`);
		}
	};
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				try {
					for (;;) {
						const chunk = await next();
						if (chunk === null) {
							reader.finish();
							if (held !== null) controller.enqueue(held);
							controller.close();
							return;
						}
						let hasEnqueued = false;
						for (const piece of reader.push(chunk)) {
							if (piece.length === 0) continue;
							if (held !== null) {
								controller.enqueue(held);
								hasEnqueued = true;
							}
							held = piece;
						}
						if (hasEnqueued) return;
					}
				} catch (error) {
					controller.error(error);
					await bytes?.cancel().catch(() => undefined);
				}
			},
			async cancel(reason) {
				await bytes?.cancel(reason).catch(() => undefined);
			},
		},
		{ highWaterMark: 0 },
	);
}

function textOf(cause: unknown): string {
	return cause instanceof Error && cause.name === "AbortError" ? "; the client went away" : "";
}

/**
 * Reads a payload whole. @throws StsFault; `tooLarge()` as soon as it has more than `bytesMax`.
 */
export async function collectPayload(
	payload: Pick<Payload, "stream" | "sizeBytes">,
	bytesMax: number,
	tooLarge: () => Error,
): Promise<Uint8Array> {
	if (payload.sizeBytes !== null && payload.sizeBytes > bytesMax) {
		await payload.stream.cancel().catch(() => undefined);
		throw tooLarge();
	}
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of payload.stream) {
		size += chunk.byteLength;
		if (size > bytesMax) throw tooLarge();
		chunks.push(chunk);
	}
	return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

/**
 * The aws-chunked framing of a body: chunks with a size and perhaps a signature, then perhaps a
 * trailer with a checksum. Decoded as the bytes arrive, in constant memory; everything that can be
 * wrong with it is found before the last bytes are handed on.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { limits } from "../../core/limits.ts";
import { emptySha256, sha256Hex, sign } from "./canonical.ts";
import { StsFault } from "./fault.ts";
import type { ChunkSigning } from "./sigv4.ts";

export interface ChunkedOptions {
	/** From x-amz-decoded-content-length. */
	readonly decodedBytes: number;
	/** null: the chunks must carry no signatures. */
	readonly signing: ChunkSigning | null;
	/** Names from x-amz-trailer in lower case; null: no trailer may follow. */
	readonly trailer: readonly string[] | null;
	/** The signatures of chunks are present but cannot be checked: only where everybody is let in. */
	readonly ignoresSignatures?: boolean;
}

type Place = "line" | "data" | "data-end" | "trailer" | "done";

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const signatureTrailer = "x-amz-trailer-signature";

/** Takes the framing off. `push` the body's bytes in order, then `finish`. */
export class AwsChunkedDecoder {
	readonly #options: ChunkedOptions;
	#place: Place = "line";
	/** Bytes of a line that is not complete yet. */
	#line: number[] = [];
	#chunkLeft = 0;
	#decoded = 0;
	#isLastChunk = false;
	#chunkHash = createHash("sha256");
	#chunkSignature: string | null = null;
	#previousSignature: string;
	#trailerBytes = 0;
	readonly #trailer = new Map<string, string>();

	constructor(options: ChunkedOptions) {
		this.#options = options;
		this.#previousSignature = options.signing?.seedSignature ?? "";
	}

	/** The trailer's fields, after `finish`. */
	get trailer(): ReadonlyMap<string, string> {
		return this.#trailer;
	}

	/** The payload in the next bytes of the body, as views of them. @throws StsFault. */
	push(bytes: Uint8Array): Uint8Array[] {
		const out: Uint8Array[] = [];
		let at = 0;
		while (at < bytes.length) {
			if (this.#place === "data") {
				const end = Math.min(bytes.length, at + this.#chunkLeft);
				const piece = bytes.subarray(at, end);
				if (this.#options.signing !== null) this.#chunkHash.update(piece);
				this.#chunkLeft -= piece.length;
				out.push(piece);
				at = end;
				if (this.#chunkLeft === 0) this.#place = "data-end";
				continue;
			}
			if (this.#place === "done") throw malformed("something follows the end of the body");
			this.#takeLineByte(bytes[at] as number);
			at++;
		}
		return out;
	}

	/** Ends the body. @throws StsFault when it is not complete, or not what was announced. */
	finish(): void {
		const isEndBare =
			this.#place === "trailer" && this.#line.length === 0 && this.#isTrailerComplete();
		if (this.#place !== "done" && !isEndBare) {
			throw new StsFault("body_incomplete", "the body ended before its last chunk");
		}
		if (isEndBare) this.#checkTrailer();
		if (this.#decoded !== this.#options.decodedBytes) {
			throw new StsFault(
				"body_incomplete",
				"the body has not the length that x-amz-decoded-content-length announced",
			);
		}
	}

	#takeLineByte(byte: number): void {
		if (byte !== lineFeed) {
			this.#line.push(byte);
			if (this.#line.length > limits.chunkLineBytesMax) throw malformed("a line is too long");
			return;
		}
		if (this.#line.pop() !== carriageReturn) throw malformed("a line does not end in CR LF");
		const line = String.fromCharCode(...this.#line);
		this.#line = [];
		if (this.#place === "line") this.#takeChunkLine(line);
		else if (this.#place === "data-end") this.#takeDataEnd(line);
		else this.#takeTrailerLine(line);
	}

	#takeChunkLine(line: string): void {
		const hasSignatures =
			this.#options.signing !== null || this.#options.ignoresSignatures === true;
		const match = hasSignatures
			? /^([0-9a-fA-F]{1,15});chunk-signature=([0-9a-f]{64})$/.exec(line)
			: /^([0-9a-fA-F]{1,15})$/.exec(line);
		if (match?.[1] === undefined) throw malformed("the line before a chunk is not understood");
		const size = Number.parseInt(match[1], 16);
		if (size > this.#options.decodedBytes - this.#decoded) {
			throw malformed("the chunks hold more than x-amz-decoded-content-length announced");
		}
		this.#decoded += size;
		this.#chunkSignature = match[2] ?? null;
		this.#chunkLeft = size;
		if (size > 0) {
			this.#place = "data";
			return;
		}
		this.#isLastChunk = true;
		this.#checkChunk();
		this.#place = this.#options.trailer === null ? "data-end" : "trailer";
	}

	#takeDataEnd(line: string): void {
		if (line !== "") throw malformed("a chunk is longer than its size");
		if (this.#isLastChunk) {
			this.#place = "done";
			return;
		}
		this.#checkChunk();
		this.#place = "line";
	}

	#takeTrailerLine(line: string): void {
		this.#trailerBytes += line.length + 2;
		if (this.#trailerBytes > limits.trailerBytesMax) throw trailerFault("the trailer is too long");
		if (line === "") {
			this.#checkTrailer();
			this.#place = "done";
			return;
		}
		const match = /^([A-Za-z0-9-]+):[ \t]*([\x21-\x7e]*)[ \t]*$/.exec(line);
		const name = match?.[1]?.toLowerCase();
		if (name === undefined || match?.[2] === undefined) {
			throw trailerFault("a line of the trailer is not understood");
		}
		if (this.#trailer.has(name)) throw trailerFault("a field of the trailer stands twice");
		const isSignature = name === signatureTrailer && this.#hasSignedTrailer();
		if (!isSignature && this.#options.trailer?.includes(name) !== true) {
			throw trailerFault("the trailer holds a field that x-amz-trailer did not announce");
		}
		this.#trailer.set(name, match[2]);
	}

	#hasSignedTrailer(): boolean {
		return this.#options.signing !== null || this.#options.ignoresSignatures === true;
	}

	#isTrailerComplete(): boolean {
		const names = this.#options.trailer ?? [];
		return (
			names.every((name) => this.#trailer.has(name)) &&
			(!this.#hasSignedTrailer() || this.#trailer.has(signatureTrailer))
		);
	}

	#checkTrailer(): void {
		if (!this.#isTrailerComplete()) {
			throw trailerFault("the trailer lacks a field that was announced");
		}
		const { signing } = this.#options;
		if (signing === null) return;
		const fields = [...this.#trailer]
			.filter(([name]) => name !== signatureTrailer)
			.sort(([a], [b]) => (a < b ? -1 : 1))
			.map(([name, value]) => `${name}:${value}\n`)
			.join("");
		const text = [
			"AWS4-HMAC-SHA256-TRAILER",
			signing.time,
			signing.scope,
			this.#previousSignature,
			sha256Hex(fields),
		].join("\n");
		expectSignature(sign(signing.key, text), this.#trailer.get(signatureTrailer) ?? "");
	}

	#checkChunk(): void {
		const { signing } = this.#options;
		if (signing === null) return;
		const text = [
			"AWS4-HMAC-SHA256-PAYLOAD",
			signing.time,
			signing.scope,
			this.#previousSignature,
			emptySha256,
			this.#chunkHash.digest("hex"),
		].join("\n");
		const given = this.#chunkSignature ?? "";
		expectSignature(sign(signing.key, text), given);
		this.#previousSignature = given;
		this.#chunkHash = createHash("sha256");
	}
}

function expectSignature(expected: string, given: string): void {
	const a = Buffer.from(expected);
	const b = Buffer.from(given);
	if (a.length !== b.length || !timingSafeEqual(a, b)) {
		throw new StsFault("signature_mismatch", "the signature of a part of the body does not match");
	}
}

function malformed(message: string): StsFault {
	return new StsFault("body_malformed", message);
}

function trailerFault(message: string): StsFault {
	return new StsFault("trailer_malformed", message);
}

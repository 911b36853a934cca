/** The checksums that S3 clients send beside a body, over bytes that arrive in pieces. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** As they appear in `x-amz-checksum-<algorithm>`. */
export const checksumAlgorithms = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;
export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** One running checksum. */
export interface Checksum {
	update(bytes: Uint8Array): void;
	/** Base64, big-endian, as S3 writes it; to be called once. */
	digest(): string;
}

/** Whether the text names an algorithm that is known here. */
export function isChecksumAlgorithm(text: string): text is ChecksumAlgorithm {
	return (checksumAlgorithms as readonly string[]).includes(text);
}

/** Starts a checksum. */
export function startChecksum(algorithm: ChecksumAlgorithm): Checksum {
	switch (algorithm) {
		case "crc32":
			return new Crc32();
		case "crc32c":
			return new Crc32c();
		case "crc64nvme":
			return new Crc64Nvme();
		default:
			return new Digest(algorithm);
	}
}

function base64OfWords(...words: readonly number[]): string {
	const bytes = Buffer.alloc(words.length * 4);
	for (const [index, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, index * 4);
	return bytes.toString("base64");
}

class Digest implements Checksum {
	readonly #hash: ReturnType<typeof createHash>;

	constructor(algorithm: "sha1" | "sha256") {
		this.#hash = createHash(algorithm);
	}

	update(bytes: Uint8Array): void {
		this.#hash.update(bytes);
	}

	digest(): string {
		return this.#hash.digest("base64");
	}
}

class Crc32 implements Checksum {
	#value = 0;

	update(bytes: Uint8Array): void {
		this.#value = crc32(bytes, this.#value);
	}

	digest(): string {
		return base64OfWords(this.#value);
	}
}

/** Castagnoli's polynomial, reflected (RFC 3720, section 12.1). */
const castagnoli = 0x82f63b78;
let castagnoliTable: Uint32Array | undefined;

function tableOf(polynomial: number): Uint32Array {
	const table = new Uint32Array(256);
	for (let index = 0; index < 256; index++) {
		let value = index;
		for (let bit = 0; bit < 8; bit++) {
			value = (value & 1) === 1 ? (value >>> 1) ^ polynomial : value >>> 1;
		}
		table[index] = value;
	}
	return table;
}

class Crc32c implements Checksum {
	#value = 0xffffffff;

	update(bytes: Uint8Array): void {
		castagnoliTable ??= tableOf(castagnoli);
		const table = castagnoliTable;
		let value = this.#value;
		for (let at = 0; at < bytes.length; at++) {
			value = (table[(value ^ (bytes[at] as number)) & 0xff] as number) ^ (value >>> 8);
		}
		this.#value = value;
	}

	digest(): string {
		return base64OfWords(this.#value ^ 0xffffffff);
	}
}

/** The NVM Express polynomial, reflected, as its two halves: numbers here have 32 bits. */
const nvmeHigh = 0x9a6c9329;
const nvmeLow = 0xac4bc9b5;
let nvmeTables: { readonly high: Uint32Array; readonly low: Uint32Array } | undefined;

function makeNvmeTables(): { readonly high: Uint32Array; readonly low: Uint32Array } {
	const highs = new Uint32Array(256);
	const lows = new Uint32Array(256);
	for (let index = 0; index < 256; index++) {
		let high = 0;
		let low = index;
		for (let bit = 0; bit < 8; bit++) {
			const isOdd = (low & 1) === 1;
			low = (low >>> 1) | ((high & 1) << 31);
			high >>>= 1;
			if (isOdd) {
				high ^= nvmeHigh;
				low ^= nvmeLow;
			}
		}
		highs[index] = high;
		lows[index] = low;
	}
	return { high: highs, low: lows };
}

class Crc64Nvme implements Checksum {
	#high = 0xffffffff;
	#low = 0xffffffff;

	update(bytes: Uint8Array): void {
		nvmeTables ??= makeNvmeTables();
		const tables = nvmeTables;
		let high = this.#high;
		let low = this.#low;
		for (let at = 0; at < bytes.length; at++) {
			const index = (low ^ (bytes[at] as number)) & 0xff;
			low = ((low >>> 8) | ((high & 0xff) << 24)) ^ (tables.low[index] as number);
			high = (high >>> 8) ^ (tables.high[index] as number);
		}
		this.#high = high;
		this.#low = low;
	}

	digest(): string {
		return base64OfWords(this.#high ^ 0xffffffff, this.#low ^ 0xffffffff);
	}
}

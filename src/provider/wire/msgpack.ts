/**
 * MessagePack as Terraform writes it. Libraries turn its "unknown" extension into nothing or lose
 * 64-bit integers, hence this one. Maps have no prototype: a label may be called `__proto__`.
 */

/** A value that is not known before apply. */
export const unknown: unique symbol = Symbol("unknown");

/** A number that neither a JavaScript number nor a 64-bit integer holds exactly, as its text. */
export class Decimal {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

export type Raw =
	| null
	| typeof unknown
	| boolean
	| string
	| number
	| bigint
	| Decimal
	| Uint8Array
	| readonly Raw[]
	| RawMap;

export interface RawMap {
	readonly [key: string]: Raw;
}

/** Nesting that no schema of ours comes near. */
const depthMax = 64;
const textDecoder = new TextDecoder("utf-8", { fatal: true });

export function encodeMsgpack(value: Raw): Uint8Array {
	const chunks: Uint8Array[] = [];
	write(value, chunks);
	return Buffer.concat(chunks);
}

function write(value: Raw, chunks: Uint8Array[]): void {
	if (value === null) chunks.push(Uint8Array.of(0xc0));
	else if (value === unknown) chunks.push(Uint8Array.of(0xd4, 0, 0));
	else if (typeof value === "boolean") chunks.push(Uint8Array.of(value ? 0xc3 : 0xc2));
	else if (typeof value === "string") writeText(value, chunks);
	else if (value instanceof Decimal) writeText(value.text, chunks);
	else if (typeof value === "number") writeNumber(value, chunks);
	else if (typeof value === "bigint") writeInteger(value, chunks);
	else if (value instanceof Uint8Array) {
		chunks.push(head(value.length, [], [0xc4, 0xc5, 0xc6]), value);
	} else if (Array.isArray(value)) {
		chunks.push(head(value.length, [0x90, 15], [null, 0xdc, 0xdd]));
		for (const one of value as readonly Raw[]) write(one, chunks);
	} else {
		const entries = Object.entries(value);
		chunks.push(head(entries.length, [0x80, 15], [null, 0xde, 0xdf]));
		for (const [key, one] of entries) {
			writeText(key, chunks);
			write(one, chunks);
		}
	}
}

function writeText(text: string, chunks: Uint8Array[]): void {
	const bytes = Buffer.from(text, "utf8");
	chunks.push(head(bytes.length, [0xa0, 31], [0xd9, 0xda, 0xdb]), bytes);
}

function writeNumber(value: number, chunks: Uint8Array[]): void {
	if (Number.isSafeInteger(value)) {
		writeInteger(BigInt(value), chunks);
		return;
	}
	const bytes = Buffer.alloc(9);
	bytes[0] = 0xcb;
	bytes.writeDoubleBE(value, 1);
	chunks.push(bytes);
}

function writeInteger(value: bigint, chunks: Uint8Array[]): void {
	if (value >= 0n && value < 128n) {
		chunks.push(Uint8Array.of(Number(value)));
	} else if (value >= -(2n ** 63n) && value < 2n ** 64n) {
		const bytes = Buffer.alloc(9);
		bytes[0] = value < 0n ? 0xd3 : 0xcf;
		bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 1);
		chunks.push(bytes);
	} else {
		writeText(value.toString(), chunks);
	}
}

/** The shortest head for a length: in the code itself, or in one, two or four bytes after it. */
function head(
	length: number,
	[fixed, fixedMax]: readonly number[],
	[one, two, four]: readonly (number | null)[],
): Uint8Array {
	if (fixed !== undefined && length <= (fixedMax ?? 0)) return Uint8Array.of(fixed | length);
	if (one !== null && length < 0x100) return Uint8Array.of(one ?? 0, length);
	if (length < 0x10000) return Uint8Array.of(two ?? 0, length >> 8, length & 0xff);
	const bytes = Buffer.alloc(5);
	bytes[0] = four ?? 0;
	bytes.writeUInt32BE(length, 1);
	return bytes;
}

/** @throws Error when the bytes are not one whole value. */
export function decodeMsgpack(bytes: Uint8Array): Raw {
	const reader = new Reader(bytes);
	const value = reader.value(0);
	if (!reader.done) throw new Error("bytes after the value");
	return value;
}

class Reader {
	readonly #bytes: Buffer;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	}

	get done(): boolean {
		return this.#at === this.#bytes.length;
	}

	value(depth: number): Raw {
		if (depth > depthMax) throw new Error("a value that is nested too deeply");
		const code = this.#take(1)[0] ?? 0;
		if (code < 0x80) return code;
		if (code < 0x90) return this.#map(code & 15, depth);
		if (code < 0xa0) return this.#array(code & 15, depth);
		if (code < 0xc0) return this.#text(code & 31);
		if (code >= 0xe0) return code - 0x100;
		if (code === 0xc0) return null;
		if (code === 0xc2 || code === 0xc3) return code === 0xc3;
		if (code >= 0xc4 && code <= 0xc6) return this.#take(this.#length(code - 0xc4));
		if (code >= 0xc7 && code <= 0xc9) return this.#extension(this.#length(code - 0xc7));
		if (code >= 0xca && code <= 0xd3) return this.#number(code);
		if (code >= 0xd4 && code <= 0xd8) return this.#extension(1 << (code - 0xd4));
		if (code >= 0xd9 && code <= 0xdb) return this.#text(this.#length(code - 0xd9));
		if (code === 0xdc || code === 0xdd) return this.#array(this.#length(code - 0xdb), depth);
		if (code === 0xde || code === 0xdf) return this.#map(this.#length(code - 0xdd), depth);
		throw new Error("a value of an unknown kind");
	}

	/** A length in 1, 2 or 4 bytes. */
	#length(power: number): number {
		return this.#take(1 << power).readUIntBE(0, 1 << power);
	}

	#number(code: number): number | bigint {
		if (code === 0xca) return this.#take(4).readFloatBE();
		if (code === 0xcb) return this.#take(8).readDoubleBE();
		if (code === 0xcf || code === 0xd3) {
			const bytes = this.#take(8);
			const big = code === 0xcf ? bytes.readBigUInt64BE() : bytes.readBigInt64BE();
			const small = Number(big);
			return Number.isSafeInteger(small) ? small : big;
		}
		const unsigned = code < 0xd0;
		const width = 1 << (code - (unsigned ? 0xcc : 0xd0));
		const bytes = this.#take(width);
		return unsigned ? bytes.readUIntBE(0, width) : bytes.readIntBE(0, width);
	}

	/** Terraform's only extensions say "unknown", with or without what is known all the same. */
	#extension(length: number): typeof unknown {
		this.#take(1 + length);
		return unknown;
	}

	#text(length: number): string {
		return textDecoder.decode(this.#take(length));
	}

	#array(length: number, depth: number): Raw[] {
		const values: Raw[] = [];
		for (let i = 0; i < length; i++) values.push(this.value(depth + 1));
		return values;
	}

	#map(length: number, depth: number): RawMap {
		const map = Object.create(null) as Record<string, Raw>;
		for (let i = 0; i < length; i++) {
			const key = this.value(depth + 1);
			if (typeof key !== "string") throw new Error("a map whose key is no text");
			map[key] = this.value(depth + 1);
		}
		return map;
	}

	#take(length: number): Buffer {
		const end = this.#at + length;
		if (end > this.#bytes.length) throw new Error("a value that does not end");
		const taken = this.#bytes.subarray(this.#at, end);
		this.#at = end;
		return taken;
	}
}

/**
 * A walk over JSON bytes that says where values stand, for texts small enough to be held. The bytes
 * must have passed JsonScanner: what is malformed is not told apart here.
 */
import type { ByteRange } from "./tfstate.ts";

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openObject = 0x7b;
const closeObject = 0x7d;
const openArray = 0x5b;
const closeArray = 0x5d;

/** Bytes that end a number or a literal. */
const ends = new Uint8Array(256);
for (const byte of Buffer.from(" \n\r\t,]}")) ends[byte] = 1;

/** Reads forward from one place in the bytes. */
export class JsonCursor {
	readonly #bytes: Buffer;
	#at: number;

	constructor(bytes: Uint8Array, at = 0) {
		this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		this.#at = at;
	}

	/** The same bytes from another place on. */
	goTo(at: number): this {
		this.#at = at;
		return this;
	}

	/** Whether the next value is an object. */
	get isObject(): boolean {
		return this.#next() === openObject;
	}

	/** Whether the next value is an array. */
	get isArray(): boolean {
		return this.#next() === openArray;
	}

	/** Reads an object; `member` must read or skip the value of each key. */
	object(member: (key: string) => void): void {
		this.#list(closeObject, () => {
			const key = this.string(this.skip());
			this.#next();
			this.#at++;
			member(key);
		});
	}

	/** Reads an array; `element` must read or skip each element. */
	array(element: () => void): void {
		this.#list(closeArray, element);
	}

	/** Passes over the next value, and gives where it stands. */
	skip(): ByteRange {
		const first = this.#next();
		const start = this.#at;
		if (first === quote) {
			this.#skipString();
		} else if (first === openObject || first === openArray) {
			this.#skipBrackets();
		} else {
			while (this.#at < this.#bytes.length && ends[this.#bytes[this.#at] as number] === 0) {
				this.#at++;
			}
		}
		return { start, end: this.#at };
	}

	/** What stands there, as it is written. */
	text({ start, end }: ByteRange): string {
		return this.#bytes.toString("utf8", start, end);
	}

	/** The text that the string there stands for. */
	string({ start, end }: ByteRange): string {
		const text = this.#bytes.toString("utf8", start + 1, end - 1);
		return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
	}

	/** Whether a string stands there. */
	isString({ start }: ByteRange): boolean {
		return this.#bytes[start] === quote;
	}

	/** Goes to the next byte that is no white space. */
	#next(): number {
		const bytes = this.#bytes;
		while (bytes[this.#at] === 0x20 || (bytes[this.#at] ?? 0x20) < 0x0e) {
			if (this.#at >= bytes.length) return -1;
			this.#at++;
		}
		return bytes[this.#at] as number;
	}

	#list(close: number, item: () => void): void {
		this.#next();
		this.#at++;
		for (;;) {
			const byte = this.#next();
			if (byte === close || byte === -1) break;
			if (byte === comma) this.#at++;
			else item();
		}
		this.#at++;
	}

	#skipString(): void {
		const bytes = this.#bytes;
		for (this.#at++; this.#at < bytes.length && bytes[this.#at] !== quote; this.#at++) {
			if (bytes[this.#at] === backslash) this.#at++;
		}
		this.#at++;
	}

	#skipBrackets(): void {
		const bytes = this.#bytes;
		let depth = 0;
		while (this.#at < bytes.length) {
			const byte = bytes[this.#at];
			if (byte === quote) {
				this.#skipString();
				continue;
			}
			this.#at++;
			if (byte === openObject || byte === openArray) depth++;
			else if ((byte === closeObject || byte === closeArray) && --depth === 0) return;
		}
	}
}

/**
 * A strict RFC 8259 validator over bytes that arrive in pieces. Memory is constant: one byte per
 * open bracket and one small buffer. It shows its reader the members of the top-level object, and of
 * what lies inside it down to the depth that the reader asks for.
 */
import type { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import {
	backslash,
	escapes,
	isDigit,
	isHex,
	nextNumberPart,
	numberMinus,
	partsThatMayEnd,
	quote,
	skipCommonUtf8,
	spaces,
	stops,
	utf8Continuations,
} from "./json-bytes.ts";
import { type JsonKind, keyBytesMax, type MemberReader } from "./member-reader.ts";
import { invalidState, malformed, notAState } from "./state-faults.ts";

// What is expected next, outside a token; from `inString` on, the token that is being read.
const wantsStart = 0;
const wantsValue = 1;
const wantsElementOrEnd = 2;
const wantsKeyOrEnd = 3;
const wantsKey = 4;
const wantsColon = 5;
const wantsCommaOrEnd = 6;
const wantsNothing = 7;
const inString = 8;
const inNumber = 9;
const inLiteral = 10;

/** What is wrong when something else comes. */
const missing: Readonly<Record<number, string>> = {
	[wantsKeyOrEnd]: "a key in double quotes is missing",
	[wantsKey]: "a key in double quotes is missing",
	[wantsColon]: 'a ":" is missing',
	[wantsCommaOrEnd]: 'a "," or a closing bracket is missing',
	[wantsNothing]: "something follows the end of the state",
};

// What a string waits for: nothing, the byte after a backslash, n hex digits, n UTF-8 bytes.
const awaitsNothing = 0;
const awaitsEscape = 1;
const awaitsHex = 2;
const awaitsUtf8 = 6;

const literals = ["true", "false", "null"].map((text) => Buffer.from(text));

/** One scan of one text: `push` its bytes in order, then `finish`. */
export class JsonScanner {
	readonly #reader: MemberReader;
	/** Members of containers down to this depth are shown; the text's own object is the first. */
	readonly #depthShown: number;
	readonly #keyBytesMax: number;
	#mode = wantsStart;
	/** Offset of the first byte of the chunk that is being read. */
	#base = 0;
	#depth = 0;
	readonly #isObject = new Uint8Array(limits.jsonDepthMax + 1);

	#stringIsKey = false;
	#awaits = awaitsNothing;
	#utf8Min = 0;
	#utf8Max = 0;
	#numberPart = numberMinus;
	#literal: Uint8Array = literals[0] as Uint8Array;
	#literalAt = 0;

	#tokenStart = 0;
	/** How much of the token is kept; -1 when it is shown to nobody. */
	#wanted = -1;
	/** How much of the value that follows is wanted; -1 when it is shown to nobody. */
	#wantedOfValue = -1;
	#kept: Uint8Array;
	#keptBytes = 0;
	#keptFrom = 0;

	constructor(reader: MemberReader) {
		this.#reader = reader;
		this.#depthShown = reader.depthShown ?? 1;
		this.#keyBytesMax = reader.keyBytesMax ?? keyBytesMax;
		this.#kept = new Uint8Array(this.#keyBytesMax);
	}

	/** Offset of the byte after the last one pushed. */
	get offset(): number {
		return this.#base;
	}

	/**
	 * Reads one piece. The offsets and texts of errors do not depend on how the bytes are cut.
	 * @throws DomainError `invalid_state`; the scanner is of no use after that.
	 */
	push(chunk: Uint8Array): void {
		const size = chunk.length;
		this.#keptFrom = 0;
		let at = 0;
		while (at < size) {
			switch (this.#mode) {
				case inString:
					at = this.#string(chunk, at);
					break;
				case inNumber:
					at = this.#number(chunk, at);
					break;
				case inLiteral:
					at = this.#literalByte(chunk[at] as number, at);
					break;
				default:
					at = this.#structure(chunk, at);
			}
		}
		if (this.#mode >= inString) {
			this.#keep(chunk, size);
		}
		this.#base += size;
	}

	/** Ends the text. @throws DomainError `invalid_state` when it is not complete. */
	finish(): void {
		if (this.#mode === wantsStart) {
			throw invalidState("the body is empty: there is no state in it");
		}
		if (this.#mode !== wantsNothing) {
			throw invalidState(`the state is cut off: it ends after ${this.#base} bytes, in the middle`);
		}
	}

	/** Reads up to and including the first byte of a token, or to the end of the chunk. */
	#structure(chunk: Uint8Array, start: number): number {
		const size = chunk.length;
		for (let at = start; at < size; at++) {
			while (at < size && spaces[chunk[at] as number] === 1) {
				at++;
			}
			if (at === size) break;
			const byte = chunk[at] as number;
			const mode = this.#mode;
			if (byte === quote && mode >= wantsValue && mode <= wantsKey) {
				this.#beginString(mode >= wantsKeyOrEnd, at);
				return at + 1;
			}
			if (byte === 0x3a && mode === wantsColon) {
				this.#mode = wantsValue;
			} else if (byte === 0x2c && mode === wantsCommaOrEnd) {
				if (this.#isObject[this.#depth] === 1) this.#mode = wantsKey;
				else this.#awaitElement(wantsValue);
			} else if (byte === 0x7d && (mode === wantsCommaOrEnd || mode === wantsKeyOrEnd)) {
				this.#close(1, at);
			} else if (byte === 0x5d && (mode === wantsCommaOrEnd || mode === wantsElementOrEnd)) {
				this.#close(0, at);
			} else if (mode === wantsValue || mode === wantsElementOrEnd) {
				this.#beginValue(byte, at);
				if (this.#mode >= inString) return at + 1;
			} else if (mode === wantsStart) {
				this.#beginText(byte, at);
			} else {
				throw this.#unexpected(mode, at);
			}
		}
		return size;
	}

	#unexpected(mode: number, at: number): DomainError {
		return malformed(missing[mode] ?? "no value starts like this", this.#base + at);
	}

	#beginText(byte: number, at: number): void {
		if (byte !== 0x7b) throw notAState(byte, this.#base + at);
		this.#open(1, at);
	}

	#open(isObject: 0 | 1, at: number): void {
		if (this.#depth >= limits.jsonDepthMax) {
			throw invalidState(
				`the state is nested deeper than ${limits.jsonDepthMax} levels at byte ${this.#base + at}`,
			);
		}
		this.#depth++;
		this.#isObject[this.#depth] = isObject;
		if (isObject === 1) this.#mode = wantsKeyOrEnd;
		else this.#awaitElement(wantsElementOrEnd);
	}

	/** An element of an array follows, or the array's end. */
	#awaitElement(mode: typeof wantsValue | typeof wantsElementOrEnd): void {
		this.#mode = mode;
		if (this.#depth <= this.#depthShown) this.#wantedOfValue = this.#reader.element?.() ?? 0;
	}

	#close(isObject: 0 | 1, at: number): void {
		if (this.#isObject[this.#depth] !== isObject) {
			throw malformed("a closing bracket does not match the opening one", this.#base + at);
		}
		this.#wantedOfValue = -1;
		this.#depth--;
		this.#mode = this.#depth === 0 ? wantsNothing : wantsCommaOrEnd;
		if (this.#depth <= this.#depthShown && this.#depth > 0) this.#reader.end?.(this.#base + at + 1);
	}

	#beginValue(byte: number, at: number): void {
		if (byte === 0x7b || byte === 0x5b) {
			if (this.#wantedOfValue >= 0) {
				const offset = this.#base + at;
				this.#wantedOfValue = -1;
				this.#reader.value(byte === 0x7b ? "object" : "array", null, offset, offset + 1);
			}
			this.#open(byte === 0x7b ? 1 : 0, at);
			return;
		}
		if (byte === 0x2d || isDigit(byte)) {
			this.#mode = inNumber;
			this.#numberPart = byte === 0x2d ? numberMinus : nextNumberPart(numberMinus, byte);
		} else {
			const literal = literals.find((text) => text[0] === byte);
			if (literal === undefined) throw this.#unexpected(this.#mode, at);
			this.#mode = inLiteral;
			this.#literal = literal;
			this.#literalAt = 1;
		}
		this.#beginToken(this.#wantedOfValue, at, at);
		this.#wantedOfValue = -1;
	}

	#beginString(isKey: boolean, at: number): void {
		this.#mode = inString;
		this.#stringIsKey = isKey;
		if (this.#depth > this.#depthShown) {
			this.#wanted = -1;
			return;
		}
		this.#beginToken(isKey ? this.#keyBytesMax : this.#wantedOfValue, at, at + 1);
		this.#wantedOfValue = -1;
	}

	#beginToken(wanted: number, at: number, keptFrom: number): void {
		this.#wanted = wanted;
		this.#tokenStart = this.#base + at;
		this.#keptFrom = keptFrom;
		this.#keptBytes = 0;
	}

	/** Adds what this chunk holds of the token to the buffer, as far as it is wanted. */
	#keep(chunk: Uint8Array, end: number): void {
		if (this.#wanted <= 0 || end <= this.#keptFrom) {
			return;
		}
		const bytes = this.#keptBytes + end - this.#keptFrom;
		if (bytes <= this.#wanted) {
			if (bytes > this.#kept.length) {
				const larger = new Uint8Array(this.#wanted);
				larger.set(this.#kept.subarray(0, this.#keptBytes));
				this.#kept = larger;
			}
			this.#kept.set(chunk.subarray(this.#keptFrom, end), this.#keptBytes);
		}
		this.#keptBytes = bytes;
	}

	#endToken(kind: JsonKind, chunk: Uint8Array, at: number, end: number): void {
		this.#keep(chunk, at);
		const raw =
			this.#wanted > 0 && this.#keptBytes <= this.#wanted
				? this.#kept.subarray(0, this.#keptBytes)
				: null;
		this.#wanted = -1;
		if (this.#mode === wantsColon) {
			this.#wantedOfValue = this.#reader.key(raw, this.#tokenStart);
		} else {
			this.#reader.value(kind, raw, this.#tokenStart, this.#base + end);
		}
	}

	#string(chunk: Uint8Array, start: number): number {
		const size = chunk.length;
		let at = start;
		while (at < size) {
			if (this.#awaits !== awaitsNothing) {
				this.#stringByte(chunk[at] as number, at);
				at++;
				continue;
			}
			while (at < size && stops[chunk[at] as number] === 0) {
				at++;
			}
			if (at === size) break;
			const byte = chunk[at] as number;
			if (byte === quote) {
				this.#mode = this.#stringIsKey ? wantsColon : wantsCommaOrEnd;
				if (this.#wanted >= 0) {
					this.#endToken("string", chunk, at, at + 1);
				}
				return at + 1;
			} else if (byte === backslash && at + 1 < size && escapes[chunk[at + 1] as number] === 1) {
				at += 2;
			} else {
				at = this.#stringSpecial(chunk, at);
			}
		}
		return size;
	}

	/** Reads an escape, or a run of characters beyond ASCII, as far as the chunk has it. */
	#stringSpecial(chunk: Uint8Array, start: number): number {
		const byte = chunk[start] as number;
		if (byte >= 0x80) {
			const at = skipCommonUtf8(chunk, start);
			if (at === start) {
				this.#beginUtf8(byte, at);
				return at + 1;
			}
			return at;
		}
		if (byte !== backslash) {
			throw malformed("a string holds a control character", this.#base + start);
		}
		this.#awaits = awaitsEscape;
		return start + 1;
	}

	/** The first byte of a character beyond ASCII. */
	#beginUtf8(byte: number, at: number): void {
		const follow = utf8Continuations(byte);
		if (follow === 0) throw malformed("a string is not valid UTF-8", this.#base + at);
		this.#utf8Min = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
		this.#utf8Max = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
		this.#awaits = awaitsUtf8 + follow - 1;
	}

	#stringByte(byte: number, at: number): void {
		const awaits = this.#awaits;
		if (awaits >= awaitsUtf8) {
			if (byte < this.#utf8Min || byte > this.#utf8Max) {
				throw malformed("a string is not valid UTF-8", this.#base + at);
			}
			this.#utf8Min = 0x80;
			this.#utf8Max = 0xbf;
			this.#awaits = awaits === awaitsUtf8 ? awaitsNothing : awaits - 1;
		} else if (awaits === awaitsEscape) {
			if (byte === 0x75) {
				this.#awaits = awaitsHex + 3;
			} else if (escapes[byte] === 1) {
				this.#awaits = awaitsNothing;
			} else {
				throw malformed("a string holds an escape that JSON does not have", this.#base + at);
			}
		} else {
			if (!isHex(byte)) {
				throw malformed("a \\u escape does not have four hex digits", this.#base + at);
			}
			this.#awaits = awaits === awaitsHex ? awaitsNothing : awaits - 1;
		}
	}

	#number(chunk: Uint8Array, start: number): number {
		const size = chunk.length;
		let part = this.#numberPart;
		for (let at = start; at < size; at++) {
			const next = nextNumberPart(part, chunk[at] as number);
			if (next !== -1) {
				part = next;
				continue;
			}
			if (partsThatMayEnd[part] === 0) {
				throw malformed("a number is not complete", this.#base + at);
			}
			this.#mode = wantsCommaOrEnd;
			if (this.#wanted >= 0) {
				this.#endToken("number", chunk, at, at);
			}
			return at;
		}
		this.#numberPart = part;
		return size;
	}

	#literalByte(byte: number, at: number): number {
		if (byte !== this.#literal[this.#literalAt]) {
			throw malformed("no value starts like this", this.#base + at);
		}
		this.#literalAt++;
		if (this.#literalAt === this.#literal.length) {
			this.#mode = wantsCommaOrEnd;
			if (this.#wanted >= 0) {
				this.#wanted = 0;
				this.#endToken("literal", noBytes, 0, at + 1);
			}
		}
		return at + 1;
	}
}

const noBytes = new Uint8Array();

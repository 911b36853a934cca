/** The byte classes of JSON (RFC 8259) and UTF-8 (RFC 3629), as tables and small functions. */

export const quote = 0x22;
export const backslash = 0x5c;

/** 1 for bytes that end the fast run inside a string. */
export const stops = new Uint8Array(256);
stops.fill(1, 0x00, 0x20);
stops.fill(1, 0x80);
stops[quote] = 1;
stops[backslash] = 1;

// Parts of a number.
export const numberMinus = 0;
const numberZero = 1;
const numberInteger = 2;
const numberPoint = 3;
const numberFraction = 4;
const numberExponent = 5;
const numberExponentSign = 6;
const numberExponentDigits = 7;

/** 1 for the bytes that may stand between tokens. */
export const spaces = new Uint8Array(256);
for (const byte of Buffer.from(" \n\r\t")) {
	spaces[byte] = 1;
}

/** 1 for bytes that may follow a backslash, other than `u`. */
export const escapes = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) {
	escapes[byte] = 1;
}

/** 1 for the parts that may be a number's last. */
export const partsThatMayEnd = new Uint8Array(8);
for (const part of [numberZero, numberInteger, numberFraction, numberExponentDigits]) {
	partsThatMayEnd[part] = 1;
}

/** Whether the byte is an ASCII digit. */
export function isDigit(byte: number): boolean {
	return byte >= 0x30 && byte <= 0x39;
}

/** Whether the byte is a hex digit in either case. */
export function isHex(byte: number): boolean {
	return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

/** How many bytes follow the first byte of a character (RFC 3629, section 4); 0 for no such byte. */
export function utf8Continuations(byte: number): number {
	if (byte < 0xc2 || byte > 0xf4) {
		return 0;
	}
	return byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
}

function isContinuation(byte: number | undefined): boolean {
	return ((byte as number) & 0xc0) === 0x80;
}

/** Skips whole characters of two and three bytes that need no closer look; speed only. */
export function skipCommonUtf8(chunk: Uint8Array, start: number): number {
	const last = chunk.length - 3;
	let at = start;
	while (at <= last) {
		const byte = chunk[at] as number;
		if (byte >= 0xc2 && byte <= 0xdf && isContinuation(chunk[at + 1])) {
			at += 2;
		} else if (
			byte > 0xe0 &&
			byte <= 0xef &&
			byte !== 0xed &&
			isContinuation(chunk[at + 1]) &&
			isContinuation(chunk[at + 2])
		) {
			at += 3;
		} else {
			return at;
		}
	}
	return at;
}

/** The part of a number that follows `part` on `byte`, or -1 when the byte is not the number's. */
export function nextNumberPart(part: number, byte: number): number {
	if (isDigit(byte)) {
		switch (part) {
			case numberMinus:
				return byte === 0x30 ? numberZero : numberInteger;
			case numberZero:
				return -1;
			case numberPoint:
				return numberFraction;
			case numberExponent:
			case numberExponentSign:
				return numberExponentDigits;
			default:
				return part;
		}
	}
	const wholeNumber = part === numberZero || part === numberInteger;
	if (byte === 0x2e && wholeNumber) {
		return numberPoint;
	}
	if ((byte | 0x20) === 0x65 && (wholeNumber || part === numberFraction)) {
		return numberExponent;
	}
	return (byte === 0x2b || byte === 0x2d) && part === numberExponent ? numberExponentSign : -1;
}

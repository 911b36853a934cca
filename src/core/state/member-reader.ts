/** What the scanner shows of the top-level object. */

export type JsonKind = "string" | "number" | "literal" | "object" | "array";

/** Reads the members of the top-level object. May throw; that ends the scan. */
export interface MemberReader {
	/**
	 * A key, as the bytes between its quotes; null when it is longer than `keyBytesMax`.
	 * Returns how many bytes of a string or number that follows are wanted; 0 for none.
	 */
	key(raw: Uint8Array | null, offset: number): number;
	/**
	 * A string (bytes between its quotes), number or literal when it has ended, an object or array
	 * when it begins. `raw` is null when it was not wanted or is longer than wanted.
	 */
	value(kind: JsonKind, raw: Uint8Array | null, start: number, end: number): void;
}

export const keyBytesMax = 128;

/** What the scanner shows of the top-level object, and of what is inside it. */

export type JsonKind = "string" | "number" | "literal" | "object" | "array";

/** Reads the members of the containers that it asks for. May throw; that ends the scan. */
export interface MemberReader {
	/** Down to which depth members are shown; 1, the top-level object alone, when absent. */
	readonly depthShown?: number;
	/** How long a key may be to be shown; `keyBytesMax` when absent. */
	readonly keyBytesMax?: number;
	/**
	 * A key, as the bytes between its quotes; null when it is longer than may be shown.
	 * Returns how many bytes of a string or number that follows are wanted; 0 for none.
	 */
	key(raw: Uint8Array | null, offset: number): number;
	/** An element of a shown array may follow. Returns as `key` does; nothing is wanted when absent. */
	element?(): number;
	/**
	 * A string (bytes between its quotes), number or literal when it has ended, an object or array
	 * when it begins. `raw` is null when it was not wanted or is longer than wanted; it is only good
	 * until the reader returns.
	 */
	value(kind: JsonKind, raw: Uint8Array | null, start: number, end: number): void;
	/** The end of the object or array whose beginning was shown last and has not ended yet. */
	end?(offset: number): void;
}

export const keyBytesMax = 128;

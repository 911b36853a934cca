/** Texts of a state that come again and again, such as keys and types, made once instead of each time. */

const slots = 256;
const pooledBytesMax = 64;

interface Pooled {
	readonly raw: Uint8Array;
	readonly text: string;
}

/** A small table of the texts seen last. */
export class TextPool {
	readonly #pooled: (Pooled | undefined)[] = new Array<Pooled | undefined>(slots).fill(undefined);

	/** The text that stands between the quotes of a JSON string that was checked. */
	of(raw: Uint8Array): string {
		if (raw.length > pooledBytesMax) return textOf(raw);
		const slot = slotOf(raw);
		const known = this.#pooled[slot];
		if (known !== undefined && isSame(known.raw, raw)) return known.text;
		const text = textOf(raw);
		this.#pooled[slot] = { raw: raw.slice(), text };
		return text;
	}
}

function textOf(raw: Uint8Array): string {
	const text = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString("utf8");
	return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

function slotOf(raw: Uint8Array): number {
	let hash = raw.length;
	for (let i = 0; i < raw.length; i++) hash = (hash * 31 + (raw[i] as number)) | 0;
	return hash & (slots - 1);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
	if (a.length !== b.length) return false;
	for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
	return true;
}

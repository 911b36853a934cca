/**
 * The index as it is stored: two immutable objects for each content of a state, below the unit. The
 * first line of an object is the SHA-256 of the second, so that damage shows; the format's number
 * stands in the key, so that servers of two formats do not write over each other's. Whatever is not
 * whole is made anew.
 */
import { limits } from "../limits.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import { indexRoot } from "../unit/keys.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type {
	IndexedOutput,
	IndexedResource,
	Reading,
	ResourceList,
	StateIndex,
} from "./index-facts.ts";

export const indexSchema = 1;

/** `index`: outputs and readings. `resources`: the list of resources. */
export type IndexPart = "index" | "resources";

/** Key of a part of the index of the content with this SHA-256 (hex). */
export function indexKey(id: UnitId, sha256: string, part: IndexPart): string {
	return `${indexRoot(id)}${sha256}.${part}.${indexSchema}`;
}

/** What a key below the unit's index says; null for one that is none of ours. */
export function readIndexKey(
	key: string,
): { readonly sha256: string; readonly part: IndexPart; readonly schema: number } | null {
	const match = /\/([0-9a-f]{64})\.(index|resources)\.([1-9][0-9]{0,5})$/.exec(key);
	if (match?.[1] === undefined || match[2] === undefined) return null;
	return { sha256: match[1], part: match[2] as IndexPart, schema: Number(match[3]) };
}

function sealed(value: unknown): Uint8Array {
	const text = JSON.stringify(value);
	return new TextEncoder().encode(`${sha256Of(text)}\n${text}\n`);
}

function sha256Of(text: string): string {
	return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

/** What was sealed; null when it is not whole. */
function unsealed(bytes: Uint8Array): unknown {
	const text = new TextDecoder().decode(bytes);
	const content = text.slice(65, -1);
	if (text[64] !== "\n" || !text.endsWith("\n") || sha256Of(content) !== text.slice(0, 64)) {
		return null;
	}
	return JSON.parse(content);
}

type PlainOutput = readonly [name: string, value: string, type: string | null, sensitive: boolean];

interface PlainIndex {
	readonly outputs: readonly PlainOutput[];
	readonly readings: readonly Reading[];
	readonly resourceCount: number;
	readonly isOpaque: boolean;
	readonly isTruncated: boolean;
	readonly isMissingOutputs: boolean;
}

/** The bytes of the part `index`. */
export function encodeIndex(index: StateIndex): Uint8Array {
	const plain: PlainIndex = {
		...index,
		outputs: index.outputs.map(({ name, valueText, typeText, isSensitive }) => [
			name,
			valueText,
			typeText,
			isSensitive,
		]),
	};
	return sealed(plain);
}

/** The index; null when the bytes are damaged. */
export function decodeIndex(bytes: Uint8Array): StateIndex | null {
	const plain = unsealed(bytes) as PlainIndex | null;
	if (plain === null) return null;
	const outputs = plain.outputs.map(
		([name, valueText, typeText, isSensitive]): IndexedOutput => ({
			name,
			valueText,
			typeText,
			isSensitive,
		}),
	);
	return { ...plain, outputs };
}

/** The bytes of the part `resources`. */
export function encodeResources(list: ResourceList): Uint8Array {
	return sealed(list);
}

/** The list; null when the bytes are damaged. */
export function decodeResources(bytes: Uint8Array): ResourceList | null {
	return unsealed(bytes) as { readonly resources: IndexedResource[]; isTruncated: boolean } | null;
}

/** The whole object; null when it is not there or too large to be ours. Fails with StoreError. */
export async function readIndexObject(store: BlobStore, key: string): Promise<Uint8Array | null> {
	const blob = await store.getStream(key);
	if (!blob.found) return null;
	if (blob.size > limits.indexObjectBytesMax) {
		await blob.body.cancel().catch(() => undefined);
		return null;
	}
	const bytes = new Uint8Array(blob.size);
	let at = 0;
	for await (const chunk of blob.body) {
		bytes.set(chunk, at);
		at += chunk.length;
	}
	return bytes;
}

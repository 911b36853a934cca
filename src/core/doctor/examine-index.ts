/** Holds the indexes of a unit's states against what they are of. They are a cache: nothing here is an error. */
import { limits } from "../limits.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import {
	decodeIndex,
	decodeResources,
	indexSchema,
	readIndexKey,
	readIndexObject,
} from "../state-index/stored-index.ts";
import { indexRoot } from "../unit/keys.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { type Finding, finding } from "./finding.ts";

/**
 * Checks the indexes; looks into every one when `isDeep`. `contents` are the SHA-256 of the states
 * that the unit has. Fails with StoreError.
 */
export async function examineIndex(
	store: BlobStore,
	id: UnitId,
	contents: ReadonlySet<string>,
	isDeep: boolean,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	let after: string | undefined;
	do {
		const page = await store.list({
			prefix: indexRoot(id),
			limit: limits.listPageMax,
			...(after === undefined ? {} : { after }),
		});
		for (const { key } of page.blobs) {
			const name = readIndexKey(key);
			if (name === null) {
				findings.push(finding("stray", key, "an object that is no index lies among the indexes"));
			} else if (!contents.has(name.sha256)) {
				findings.push(finding("orphan", id, "an index of content that no version has"));
			} else if (isDeep && name.schema === indexSchema) {
				const bytes = await readIndexObject(store, key);
				const decoded = name.part === "index" ? decodeIndex : decodeResources;
				if (bytes !== null && decoded(bytes) !== null) continue;
				findings.push(finding("index-damaged", id, "an index is damaged; it will be made anew"));
			}
		}
		after = page.next;
	} while (after !== undefined);
	return findings;
}

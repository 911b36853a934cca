/** What a flat listing of the bucket says of the plain states and their locks. */
import { limits } from "../limits.ts";
import type { BlobInfo, BlobStore } from "../ports/blob-store.ts";
import { privatePrefix } from "./keys.ts";
import { lockKeyOfUnit, tfLockKeyOfUnit, type UnitId, unitIdOfKey } from "./unit-id.ts";

export interface PlainListing {
	readonly states: ReadonlyMap<UnitId, BlobInfo>;
	/** Units beside whose plain state a lock object lies. */
	readonly locked: ReadonlySet<UnitId>;
}

/** Lists plain states and their locks, everything of ours skipped. Fails with StoreError. */
export async function listPlain(store: BlobStore): Promise<PlainListing> {
	const states = new Map<UnitId, BlobInfo>();
	const lockKeys = new Set<string>();
	let after: string | undefined;
	do {
		const page = await store.list({
			prefix: "",
			limit: limits.listPageMax,
			...(after === undefined ? {} : { after }),
		});
		for (const blob of page.blobs) {
			if (blob.key.startsWith(privatePrefix)) continue;
			if (/(^|\/)terraform\.tfstate\.(lock|tflock)$/.test(blob.key)) lockKeys.add(blob.key);
			if (!/(^|\/)terraform\.tfstate$/.test(blob.key)) continue;
			const id = unitIdOfKey(blob.key);
			if (id !== null) states.set(id, blob);
		}
		after = page.next;
		// Our own objects are many and none of them is a plain state: jump over them.
		if (after?.startsWith(privatePrefix)) after = `${privatePrefix.slice(0, -1)}0`;
	} while (after !== undefined);
	const locked = new Set<UnitId>();
	for (const id of states.keys()) {
		if (lockKeys.has(lockKeyOfUnit(id)) || lockKeys.has(tfLockKeyOfUnit(id))) locked.add(id);
	}
	return { states, locked };
}

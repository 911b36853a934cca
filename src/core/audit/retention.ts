/**
 * Removes denials and logins that are older than the operator wants to keep them. Changes stay: the
 * records of units and registers are what the data is. The anchors say first what is about to go,
 * so that a chain which begins later than it did is not taken for one that was tampered with.
 */

import { limits } from "../limits.ts";
import { generationOfKey, recordKey } from "../log/record-key.ts";
import type { BlobInfo, BlobStore } from "../ports/blob-store.ts";
import type { Gate } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import type { Register } from "../register/register.ts";
import { auditRoot } from "../unit/keys.ts";
import { type Anchors, isInstance, noAnchors } from "./anchors.ts";
import { systemCaller } from "./chain.ts";

export interface AuditRetentionDeps {
	readonly store: BlobStore;
	readonly gate: Gate;
	readonly register: Register<Anchors>;
	/** This server's own chain: its newest record stays. */
	readonly instance: string;
}

/**
 * Removes records of chains that are older than `retentionMs` by the store's clock. Gives how many.
 * Fails as Register.update and with StoreError.
 */
export async function pruneChains(deps: AuditRetentionDeps, retentionMs: number): Promise<number> {
	const byInstance = new Map<string, BlobInfo[]>();
	let after: string | undefined;
	do {
		const page = await deps.store.list({
			prefix: auditRoot,
			limit: limits.listPageMax,
			...(after === undefined ? {} : { after }),
		});
		for (const blob of page.blobs) {
			const instance = blob.key.slice(auditRoot.length).split("/")[0] ?? "";
			if (!isInstance(instance)) continue;
			byInstance.set(instance, [...(byInstance.get(instance) ?? []), blob]);
		}
		after = page.next;
	} while (after !== undefined);
	const now = await storeTime(deps.store);
	let removed = 0;
	for (const [instance, blobs] of byInstance) {
		removed += await pruneChain(deps, instance, blobs, now - retentionMs);
	}
	return removed;
}

async function storeTime(store: BlobStore): Promise<number> {
	return (await store.get(`${auditRoot}none`)).date;
}

async function pruneChain(
	deps: AuditRetentionDeps,
	instance: string,
	blobs: readonly BlobInfo[],
	olderThan: number,
): Promise<number> {
	const records = blobs
		.map((blob) => ({ generation: generationOfKey(blob.key), modified: blob.modified }))
		.sort((one, other) => one.generation - other.generation);
	const newest = records.at(-1)?.generation ?? 0;
	const kept = records.find(
		({ generation, modified }) =>
			modified >= olderThan || (generation === newest && instance === deps.instance),
	);
	const old = records.filter(
		({ generation }) => kept === undefined || generation < kept.generation,
	);
	if (old.length === 0) return 0;
	const grant = await deps.gate.authorize(systemCaller(), "system.manage", everything);
	await deps.register.update(grant, (anchors) => {
		const chains = { ...(anchors ?? noAnchors).chains };
		const anchor = chains[instance];
		if (kept === undefined) delete chains[instance];
		else if (anchor !== undefined) chains[instance] = { ...anchor, first: kept.generation };
		const value: Anchors = { schema: 1, chains };
		return { operation: "audit.retention", value, result: undefined };
	});
	for (const { generation } of old) {
		await deps.store.delete(recordKey(`${auditRoot}${instance}`, generation));
	}
	return old.length;
}

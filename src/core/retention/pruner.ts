/**
 * Removes what no longer counts: bodies that retention has given up or that no record ever referred
 * to, their indexes, and, only where the operator asked for it, old records. After the commit, never before; never
 * anything younger than the grace, judged by the store's own clock. Upholds I11.
 */
import { limits } from "../limits.ts";
import { generationOfKey, recordKey } from "../log/record-key.ts";
import type { BlobInfo, BlobStore } from "../ports/blob-store.ts";
import type { History } from "../state/history.ts";
import { indexSchema, readIndexKey } from "../state-index/stored-index.ts";
import { bodyRoot, generationOfBodyKey, indexRoot, logName, pageRoot } from "../unit/keys.ts";
import { hasBody, overlayOf } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";

export interface PrunerDeps {
	readonly store: BlobStore;
	readonly log: UnitLog;
	readonly history: History;
	/** Records kept per unit; 0 keeps all. */
	readonly recordsKept: number;
	readonly graceMs: number;
}

/** Removes bodies, indexes and records that no longer count. */
export class Pruner {
	readonly #deps: PrunerDeps;

	constructor(deps: PrunerDeps) {
		this.#deps = deps;
	}

	/** Prunes one unit. Gives how many objects went. Fails with StoreError. */
	async prune(id: UnitId): Promise<number> {
		return (await this.#pruneBodies(id)) + (await this.#pruneRecords(id));
	}

	async #pruneBodies(id: UnitId): Promise<number> {
		const { store, log, history, graceMs } = this.#deps;
		const bodies = [...(await this.#listAll(bodyRoot(id))), ...(await this.#listAll(pageRoot(id)))];
		const indexes = await this.#listAll(indexRoot(id));
		const head = await log.confirm(id);
		if (head.record === null || head.record.state.adopting) return 0;
		const state = head.record.state;
		const versions = (await history.all(state)).filter((version) => hasBody(state, version));
		const overlay = overlayOf(state);
		if (overlay !== undefined) versions.push(overlay);
		const kept = new Set([
			...state.pages.map((page) => page.key),
			...versions.map((version) => version.body),
		]);
		const isOld = (blob: BlobInfo) => head.confirmedAtStore - blob.modified > graceMs;
		const candidates = bodies.filter((blob) => !kept.has(blob.key) && isOld(blob));
		const contents = new Set(versions.map((version) => version.sha256));
		const isIdle = (blob: BlobInfo) => isOld(blob) && !isIndexOf(blob.key, contents);
		const removedIndexes = await this.#removeAll(indexes.filter(isIdle));
		if (candidates.length === 0) return removedIndexes;
		const settled = await this.#settledGeneration(id, head.generation, head.confirmedAtStore);
		let removed = removedIndexes;
		for (const blob of candidates) {
			const generation = generationOfBodyKey(blob.key);
			// A body above may belong to a write that is still under way, however long it sleeps.
			if (generation === null || generation > settled) continue;
			await store.delete(blob.key);
			removed++;
		}
		return removed;
	}

	async #removeAll(blobs: readonly BlobInfo[]): Promise<number> {
		for (const blob of blobs) await this.#deps.store.delete(blob.key);
		return blobs.length;
	}

	/** The newest generation whose record is older than the grace: nothing at or below can still be written. */
	async #settledGeneration(id: UnitId, head: number, now: number): Promise<number> {
		const records = await this.#deps.store.list({
			prefix: `${logName(id)}/`,
			limit: limits.listPageMax,
		});
		for (const blob of records.blobs) {
			const generation = generationOfKey(blob.key);
			if (generation <= head && now - blob.modified > this.#deps.graceMs) return generation;
		}
		return 0;
	}

	async #pruneRecords(id: UnitId): Promise<number> {
		const { store, log, recordsKept, graceMs } = this.#deps;
		if (recordsKept === 0) return 0;
		const records = await this.#listAll(`${logName(id)}/`);
		const head = await log.confirm(id);
		const keptMin = Math.max(recordsKept, limits.recordsKeptMin);
		const oldestFirst = records
			.map((blob) => ({ blob, generation: generationOfKey(blob.key) }))
			.sort((a, b) => a.generation - b.generation);
		let removed = 0;
		for (const { blob, generation } of oldestFirst) {
			// Generation 1 says that there is a log at all.
			if (generation === 1) continue;
			if (generation > head.generation - keptMin) break;
			if (head.confirmedAtStore - blob.modified <= graceMs) break;
			await store.delete(recordKey(logName(id), generation));
			removed++;
		}
		return removed;
	}

	async #listAll(prefix: string): Promise<BlobInfo[]> {
		const all: BlobInfo[] = [];
		let after: string | undefined;
		do {
			const page = await this.#deps.store.list({
				prefix,
				limit: limits.listPageMax,
				...(after === undefined ? {} : { after }),
			});
			all.push(...page.blobs);
			after = page.next;
		} while (after !== undefined);
		return all;
	}
}

/** Whether the object is an index of one of these contents, in this server's format or a newer one. */
function isIndexOf(key: string, contents: ReadonlySet<string>): boolean {
	const name = readIndexKey(key);
	return name !== null && contents.has(name.sha256) && name.schema >= indexSchema;
}

/**
 * The warm index of all units: what lists are answered from. A cache that can be thrown away: its
 * own server's changes are in it at once, the other servers' after the next look at their change
 * hints, everything else after a reload. No decision rests on it.
 */

import { inParallel } from "../../lib/in-parallel.ts";
import { findPlainLock } from "../adoption/plain-lock.ts";
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { ChangesFeed } from "./changes-feed.ts";
import { logRoot } from "./keys.ts";
import { listPlain, type PlainListing } from "./plain-listing.ts";
import type { UnitRecord } from "./record.ts";
import { summaryOf, summaryOfPlain, type UnitSummary } from "./summary.ts";
import { decodeUnitSegment, parseUnitId, type UnitId } from "./unit-id.ts";
import type { UnitLog } from "./unit-log.ts";

export interface DirectoryDeps {
	readonly store: BlobStore;
	readonly log: UnitLog;
	readonly clock: Clock;
	readonly feed: ChangesFeed;
	/** When the index is refreshed; it answers until twice that age, ms. */
	readonly freshMs: number;
	readonly reloadIntervalMs: number;
}

/** The warm index of all units. */
export class UnitDirectory {
	readonly #deps: DirectoryDeps;
	#units = new Map<UnitId, UnitSummary>();
	/** Ids in order, or null when the set of ids has changed. */
	#order: UnitId[] | null = null;
	#loadedAt: number | null = null;
	#refreshedAt = 0;
	#listedAt = 0;
	#refreshing: Promise<void> | null = null;

	constructor(deps: DirectoryDeps) {
		this.#deps = deps;
	}

	/** Takes in a record that this server appended. */
	apply(id: UnitId, record: UnitRecord): void {
		const known = this.#units.get(id);
		if (known !== undefined && known.generation > record.generation) return;
		if (known === undefined) this.#order = null;
		this.#units.set(id, summaryOf(id, record));
	}

	/**
	 * All units, deleted ones included, in order of their ids, as they were at most `2 * freshMs` ago.
	 * Fails with StoreError when that cannot be told.
	 */
	async all(): Promise<readonly UnitSummary[]> {
		await this.#refresh();
		return this.#inOrder();
	}

	/**
	 * All units as this server's records and the other servers' hints tell: one listing of hints, so
	 * that it may be asked for every few seconds. What only a listing of units shows comes with the
	 * next `all`. Fails as `all`.
	 */
	async followed(): Promise<readonly UnitSummary[]> {
		if (this.#loadedAt === null) return await this.all();
		this.#refreshing ??= this.#followHints().finally(() => {
			this.#refreshing = null;
		});
		await this.#refreshing;
		return this.#inOrder();
	}

	async #followHints(): Promise<void> {
		const changed = await this.#changedByOthers();
		if (changed === null) await this.reload();
		else await this.#applyNewest(changed);
	}

	#inOrder(): UnitSummary[] {
		this.#order ??= [...this.#units.keys()].sort();
		const all: UnitSummary[] = [];
		for (const id of this.#order) {
			const summary = this.#units.get(id);
			if (summary !== undefined) all.push(summary);
		}
		return all;
	}

	/** Ids of units with a log as a listing that begins now shows them. Fails with StoreError. */
	async listLogged(): Promise<readonly UnitId[]> {
		return await this.#listLogs();
	}

	/** Ids of plain states as a listing that begins now shows them. Fails with StoreError. */
	async listPlain(): Promise<readonly UnitId[]> {
		return [...(await listPlain(this.#deps.store)).states.keys()];
	}

	/** Loads everything anew. Fails with StoreError. */
	async reload(): Promise<void> {
		const startedAt = this.#deps.clock.monotonic();
		// Hints first: what changes while we load is news again at the next look.
		await this.#deps.feed.poll();
		const [logged, plain] = await Promise.all([this.#listLogs(), listPlain(this.#deps.store)]);
		const next = new Map<UnitId, UnitSummary>();
		await inParallel(logged, limits.directoryReadsAtOnce, async (id) => {
			const record = await this.#deps.log.peek(id);
			if (record !== null) next.set(id, summaryOf(id, record));
		});
		await inParallel(plain.states.keys(), limits.directoryReadsAtOnce, async (id) => {
			const blob = plain.states.get(id);
			if (next.has(id) || blob === undefined) return;
			const lock = plain.locked.has(id) ? await findPlainLock(this.#deps.store, id, 0) : null;
			next.set(id, summaryOfPlain(id, blob.size, blob.modified, lock));
		});
		// What this server appended while it loaded is newer than what it read; logs never vanish.
		for (const [id, known] of this.#units) {
			if (known.isAdopted && known.generation > (next.get(id)?.generation ?? -1))
				next.set(id, known);
		}
		this.#units = next;
		this.#order = null;
		this.#loadedAt = startedAt;
		this.#refreshedAt = startedAt;
		this.#listedAt = startedAt;
	}

	async #refresh(): Promise<void> {
		const { clock, freshMs } = this.#deps;
		const ageMs = clock.monotonic() - this.#refreshedAt;
		if (this.#loadedAt !== null && ageMs < freshMs) return;
		this.#refreshing ??= this.#refreshNow().finally(() => {
			this.#refreshing = null;
		});
		// Old enough to refresh, young enough to answer: nobody waits for the refresh.
		if (this.#loadedAt !== null && ageMs < 2 * freshMs) {
			this.#refreshing.catch(() => undefined);
			return;
		}
		await this.#refreshing;
	}

	async #refreshNow(): Promise<void> {
		const { clock, reloadIntervalMs } = this.#deps;
		const startedAt = clock.monotonic();
		if (this.#loadedAt === null || startedAt - this.#loadedAt > reloadIntervalMs) {
			await this.reload();
			return;
		}
		const changed = await this.#changedByOthers();
		if (changed === null) {
			await this.reload();
			return;
		}
		// The hints tell of other servers' changes; only a listing tells of everybody else's.
		const isListing = startedAt - this.#listedAt > limits.directoryListIntervalMs;
		const plain = isListing ? await listPlain(this.#deps.store) : null;
		if (isListing) {
			for (const id of await this.#listLogs()) {
				if (this.#units.get(id)?.isAdopted !== true) changed.add(id);
			}
			this.#listedAt = startedAt;
		}
		await this.#applyNewest(changed);
		if (plain !== null) await this.#applyPlain(plain);
		this.#refreshedAt = startedAt;
	}

	/** Units that other servers have changed since the last look; null when that cannot be told. */
	async #changedByOthers(): Promise<Set<UnitId> | null> {
		const seen = await this.#deps.feed.poll();
		if (!seen.isComplete) return null;
		const changed = new Set<UnitId>();
		for (const text of seen.ids) {
			const id = tryUnitId(() => parseUnitId(text));
			if (id !== null) changed.add(id);
		}
		return changed;
	}

	async #applyNewest(ids: ReadonlySet<UnitId>): Promise<void> {
		await inParallel(ids, limits.directoryReadsAtOnce, async (id) => {
			const record = await this.#deps.log.peek(id);
			if (record !== null) this.apply(id, record);
		});
	}

	async #applyPlain(plain: PlainListing): Promise<void> {
		for (const [id, blob] of plain.states) {
			const known = this.#units.get(id);
			if (known?.isAdopted === true) continue;
			const lock = plain.locked.has(id) ? await findPlainLock(this.#deps.store, id, 0) : null;
			if (known === undefined) this.#order = null;
			this.#units.set(id, summaryOfPlain(id, blob.size, blob.modified, lock));
		}
		for (const [id, known] of this.#units) {
			if (!known.isAdopted && !plain.states.has(id)) {
				this.#units.delete(id);
				this.#order = null;
			}
		}
	}

	/** Ids of all units that have a log. */
	async #listLogs(): Promise<UnitId[]> {
		const ids: UnitId[] = [];
		let after: string | undefined;
		do {
			const page = await this.#deps.store.list({
				prefix: logRoot,
				delimiter: "/",
				limit: limits.listPageMax,
				...(after === undefined ? {} : { after }),
			});
			for (const prefix of page.prefixes) {
				const id = tryUnitId(() => decodeUnitSegment(prefix.slice(logRoot.length, -1)));
				if (id !== null) ids.push(id);
			}
			after = page.next;
		} while (after !== undefined);
		return ids;
	}
}

/** null for what is no id: `taco doctor` reports such objects, a list must not fail over them. */
function tryUnitId(parse: () => UnitId): UnitId | null {
	try {
		return parse();
	} catch (error) {
		if (isDomainError(error)) return null;
		throw error;
	}
}

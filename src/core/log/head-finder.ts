/**
 * Finding the head of a log: confirmed by the store at every use, whatever is cached. Upholds I7,
 * and the half of I3 that readers can check: every record continues the one before it.
 */
import { DomainError } from "../errors.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import { StoreError } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import { HeadCache } from "./head-cache.ts";
import { generationOfKey, recordKey } from "./record-key.ts";

/** What the log itself needs of a record; the rest belongs to the aggregate. */
export interface LogRecord {
	/** 1 for the first record, then +1 each (I3). */
	readonly generation: number;
	/** One per decision, the same in all its attempts: how an appender knows its own record. */
	readonly nonce: string;
	/** SHA-256 (hex) of the previous record's bytes, null for the first. */
	readonly previous: string | null;
}

/** Turns records into bytes and back. `decode` fails with `storage_corrupt` or `schema_too_new`. */
export interface RecordCodec<R extends LogRecord> {
	encode(record: R): Uint8Array;
	/** `name` is the log's, so that a record can be held to belong to it. */
	decode(bytes: Uint8Array, name: string): R;
}

/** A head, and when the store said that nothing followed it. */
export interface ConfirmedHead<R extends LogRecord> {
	/** null: the log has no record. */
	readonly record: R | null;
	/** 0 when there is no record. */
	readonly generation: number;
	/** SHA-256 (hex) of the record's bytes, null when there is none. */
	readonly hash: string | null;
	/** The store's clock when it said so, ms. */
	readonly confirmedAtStore: number;
	/** Our monotonic clock before the request that confirmed it was sent, ms. */
	readonly confirmedFrom: number;
	/** Place of that moment among all moments of this server: clocks may show two of them alike. */
	readonly confirmedOrder: number;
}

/** A moment of this server, to tell what came after it. */
export interface Moment {
	readonly at: number;
	readonly order: number;
}

export interface HeadFinderOptions<R extends LogRecord> {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly codec: RecordCodec<R>;
	/** How old, by the store's clock, a confirmed head may be to build on, ms. */
	readonly headAgeMaxMs: number;
	/** One act with all its attempts, ms. Must be below `headAgeMaxMs`. */
	readonly actDeadlineMs: number;
	readonly headsCachedMax: number;
	/**
	 * True when old records are removed. A listing that is older than the reads after it could then
	 * pass off as the head generation 1, which is kept for ever, or what a server that slept has put
	 * in the place of a removed record: one more listing tells.
	 */
	readonly prunesRecords: boolean;
}

/** The hash that links records: SHA-256 in lower-case hex. */
export function recordHash(bytes: Uint8Array): string {
	return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** Farther behind than this, a listing is the shorter way. */
const stepsMax = 4;
const coldAttemptsMax = 8;

/** Finds and remembers the heads of logs. */
export class HeadFinder<R extends LogRecord> {
	readonly #options: HeadFinderOptions<R>;
	readonly #cache: HeadCache<ConfirmedHead<R>>;
	#moments = 0;

	constructor(options: HeadFinderOptions<R>) {
		this.#options = options;
		this.#cache = new HeadCache(options.headsCachedMax);
	}

	/**
	 * The head, confirmed by a store request sent after this call began (I7).
	 * Warm: one round trip. Cold: two, a listing and two parallel reads; three where records are pruned.
	 * Fails with StoreError when the store does.
	 */
	async confirm(name: string, signal?: AbortSignal): Promise<ConfirmedHead<R>> {
		const cached = this.#cache.get(name);
		const isWorthExtending =
			cached !== undefined &&
			this.#options.clock.monotonic() - cached.confirmedFrom < this.#options.headAgeMaxMs;
		const confirmed = isWorthExtending
			? await this.#extend(name, cached, signal)
			: await this.cold(name, signal);
		this.remember(name, confirmed);
		return confirmed;
	}

	/** Now: a head whose `confirmedOrder` is greater was confirmed by a request sent after it. */
	moment(): Moment {
		this.#moments++;
		return { at: this.#options.clock.monotonic(), order: this.#moments };
	}

	/** The last head that this server saw, of any age: for hints, never for a decision. */
	lastSeen(name: string): ConfirmedHead<R> | undefined {
		return this.#cache.get(name);
	}

	/** A cached head that is worth building on: the store's clock has the last word afterwards. */
	warmHead(name: string): ConfirmedHead<R> | undefined {
		const cached = this.#cache.get(name);
		if (cached === undefined) return undefined;
		const age = this.#options.clock.monotonic() - cached.confirmedFrom;
		return age < this.#options.headAgeMaxMs - this.#options.actDeadlineMs ? cached : undefined;
	}

	/** The newest record by a listing, unconfirmed: for indexes, never for a decision. */
	async peek(name: string): Promise<R | null> {
		const newest = await this.#options.store.newest(`${name}/`);
		if (newest === null) return null;
		return (await this.read(name, generationOfKey(newest)))?.record ?? null;
	}

	/** Reads one record; null when it is not there (never written, or pruned). */
	async read(
		name: string,
		generation: number,
		signal?: AbortSignal,
	): Promise<{ record: R; hash: string } | null> {
		const blob = await this.#options.store.get(recordKey(name, generation), {
			signal,
		});
		if (!blob.found) return null;
		return {
			record: this.decode(name, blob.bytes, generation),
			hash: recordHash(blob.bytes),
		};
	}

	/** Finds the head without knowing anything. The listing is a hint, never the truth. */
	async cold(name: string, signal: AbortSignal | undefined): Promise<ConfirmedHead<R>> {
		const { store, prunesRecords } = this.#options;
		let newest = await store.newest(`${name}/`, { signal });
		for (let attempt = 0; attempt < coldAttemptsMax; attempt++) {
			const generation = newest === null ? 0 : generationOfKey(newest);
			const sent = this.moment();
			const [at, after] = await Promise.all([
				generation === 0 ? null : store.get(recordKey(name, generation), { signal }),
				store.get(recordKey(name, generation + 1), { signal }),
			]);
			if (prunesRecords || (at !== null && !at.found)) {
				// We may have slept since the listing, and what followed then may have been pruned.
				const before = newest;
				newest = await store.newest(`${name}/`, { signal });
				if (newest !== before || (at !== null && !at.found)) continue;
			}
			const head = this.#seen(name, generation, at?.found ? at : null, after.date, sent);
			if (!after.found) return head;
			const next = this.#follow(name, head, after.bytes, after.date, sent);
			return await this.#extend(name, next, signal);
		}
		throw new StoreError("unavailable", "listings and reads of the store keep disagreeing", {
			notDone: true,
		});
	}

	/** The head that these reads show: `blob` at its key, or an empty log. */
	#seen(
		name: string,
		generation: number,
		blob: { readonly bytes: Uint8Array; readonly date: number } | null,
		dateAfter: number,
		sent: Moment,
	): ConfirmedHead<R> {
		return {
			record: blob === null ? null : this.decode(name, blob.bytes, generation),
			generation,
			hash: blob === null ? null : recordHash(blob.bytes),
			confirmedAtStore: blob === null ? dateAfter : Math.min(blob.date, dateAfter),
			confirmedFrom: sent.at,
			confirmedOrder: sent.order,
		};
	}

	/** Walks up from a known head to the one that nothing follows. */
	async #extend(
		name: string,
		from: ConfirmedHead<R>,
		signal: AbortSignal | undefined,
	): Promise<ConfirmedHead<R>> {
		const { store, headAgeMaxMs } = this.#options;
		let head = from;
		for (let steps = 0; steps < stepsMax; steps++) {
			const sent = this.moment();
			const next = await store.get(recordKey(name, head.generation + 1), {
				signal,
			});
			// Too old to build on: what followed may have been pruned, and what is there now may be
			// the record of a server that slept and came too late.
			if (next.date - from.confirmedAtStore > headAgeMaxMs) break;
			if (!next.found) {
				return {
					...head,
					confirmedAtStore: next.date,
					confirmedFrom: sent.at,
					confirmedOrder: sent.order,
				};
			}
			head = this.#follow(name, head, next.bytes, next.date, sent);
		}
		return await this.cold(name, signal);
	}

	/** Takes in the record that an append to `head` has met, as a place to go on from. */
	learn(name: string, head: ConfirmedHead<R>, bytes: Uint8Array, date: number): void {
		this.forget(name);
		if (date - head.confirmedAtStore > this.#options.headAgeMaxMs) return;
		const { confirmedAtStore, confirmedFrom: at, confirmedOrder: order } = head;
		// What follows it is not known: the head that it followed is what was confirmed.
		this.remember(name, this.#follow(name, head, bytes, confirmedAtStore, { at, order }));
	}

	#follow(
		name: string,
		head: ConfirmedHead<R>,
		bytes: Uint8Array,
		date: number,
		sent: Moment,
	): ConfirmedHead<R> {
		const record = this.decode(name, bytes, head.generation + 1);
		if (record.previous !== head.hash) {
			throw new DomainError("storage_corrupt", "a record does not continue the one before it", {
				hint: "run `taco doctor` on the store",
			});
		}
		return {
			record,
			generation: record.generation,
			hash: recordHash(bytes),
			confirmedAtStore: date,
			confirmedFrom: sent.at,
			confirmedOrder: sent.order,
		};
	}

	/** Caches a head unless a newer one is cached. */
	remember(name: string, head: ConfirmedHead<R>): void {
		const cached = this.#cache.get(name);
		if (cached === undefined || cached.generation <= head.generation) {
			this.#cache.set(name, head);
		}
	}

	/** Forgets what was cached of a log. */
	forget(name: string): void {
		this.#cache.delete(name);
	}

	/** Decodes a record and holds it to its place. Fails with `storage_corrupt` or `schema_too_new`. */
	decode(name: string, bytes: Uint8Array, generation: number): R {
		const record = this.#options.codec.decode(bytes, name);
		if (record.generation !== generation) {
			throw new DomainError("storage_corrupt", "a record stands at the wrong place of its log", {
				hint: "run `taco doctor` on the store",
			});
		}
		return record;
	}
}

/**
 * The consistency protocol over one primitive, put-if-absent: an append-only log of immutable
 * numbered records, the newest being the head. Upholds I1, I3, I5, I7 and I15 of
 * docs/invariants.md; everything else about a unit is decided on the heads that this file confirms.
 */
import { DomainError } from "../errors.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import { StoreError } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import { type Random, randomId } from "../ports/random.ts";
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
}

/** What an appender adds to the log's own fields. */
export type RecordBody<R extends LogRecord> = Omit<R, keyof LogRecord>;

/** What a decision asks for: a record to append, or an answer that needs none. */
export type Decision<R extends LogRecord, T> =
	| {
			readonly append: RecordBody<R>;
			readonly result: (record: R) => T;
			/** Runs right before the append, e.g. to put an object that the record refers to. */
			readonly prepare?: (() => Promise<void>) | undefined;
	  }
	| { readonly answer: T };

export interface RecordLogOptions<R extends LogRecord> {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
	readonly codec: RecordCodec<R>;
	/** How old, by the store's clock, a confirmed head may be to build on, ms. */
	readonly headAgeMaxMs: number;
	/** One act with all its attempts, ms. Must be below `headAgeMaxMs`. */
	readonly actDeadlineMs: number;
	readonly headsCachedMax: number;
	/**
	 * True when old records are removed. Generation 1 is kept for ever then, so a listing that is
	 * older than the reads after it could pass it off as the head: one more listing tells.
	 */
	readonly prunesRecords: boolean;
	/** Told when an append lost against another server's. */
	readonly onRetry?: () => void;
	/** Told when an act ended without knowledge of its outcome. */
	readonly onUnknown?: () => void;
}

type AppendOutcome<R extends LogRecord> =
	| { readonly kind: "done"; readonly head: ConfirmedHead<R> }
	| { readonly kind: "conflict" };

/** The hash that links records: SHA-256 in lower-case hex. */
export function recordHash(bytes: Uint8Array): string {
	return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** A set of logs in one store, each named by the key prefix below which its records lie. */
export class RecordLog<R extends LogRecord> {
	readonly #options: RecordLogOptions<R>;
	readonly #cache: HeadCache<ConfirmedHead<R>>;
	/** Acts of this server on one log run one after another, so that they do not race each other. */
	readonly #turns = new Map<string, Promise<void>>();

	constructor(options: RecordLogOptions<R>) {
		if (options.actDeadlineMs >= options.headAgeMaxMs) {
			throw new DomainError("internal", "the act deadline must be below the head age bound");
		}
		this.#options = options;
		this.#cache = new HeadCache(options.headsCachedMax);
	}

	/**
	 * The head, confirmed by a store request sent after this call began (I7).
	 * Warm: one round trip. Cold: two, a listing and two parallel reads.
	 * Fails with StoreError when the store does.
	 */
	async confirm(name: string, signal?: AbortSignal): Promise<ConfirmedHead<R>> {
		const cached = this.#cache.get(name);
		const isWorthExtending =
			cached !== undefined &&
			this.#options.clock.monotonic() - cached.confirmedFrom < this.#options.headAgeMaxMs;
		const confirmed = isWorthExtending
			? await this.#extend(name, cached, signal)
			: await this.#cold(name, signal);
		this.#remember(name, confirmed);
		return confirmed;
	}

	/** Starts reading the head so that a following `act` finds it warm. Never rejects. */
	async warm(name: string, signal?: AbortSignal): Promise<void> {
		if (this.#warmHead(name) !== undefined) return;
		try {
			await this.confirm(name, signal);
		} catch {
			// The act that follows meets the same trouble and reports it.
		}
	}

	/** The last head that this server saw, of any age: for hints, never for a decision. */
	lastSeen(name: string): ConfirmedHead<R> | undefined {
		return this.#cache.get(name);
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
			record: this.#decode(name, blob.bytes, generation),
			hash: recordHash(blob.bytes),
		};
	}

	/**
	 * Decides on the head and appends, until done: the one way by which anything changes.
	 *
	 * `decide` is called with the head as it stands and must be pure; it may be called several
	 * times, and throws a DomainError to refuse. A refusal or an answer without an append counts
	 * only if its head was confirmed after this call began; otherwise the head is confirmed and the
	 * decision is made again.
	 *
	 * Fails with `contention` (others kept winning until the deadline; nothing was done),
	 * `storage_unavailable` (nothing was done) or `outcome_unknown` (it may have been, or may yet be).
	 */
	async act<T>(
		name: string,
		decide: (head: R | null) => Decision<R, T> | Promise<Decision<R, T>>,
		signal?: AbortSignal,
	): Promise<T> {
		const began = this.#options.clock.monotonic();
		const endTurn = await this.#takeTurn(name);
		try {
			return await this.#actInTurn(name, decide, began, signal);
		} finally {
			endTurn();
		}
	}

	async #actInTurn<T>(
		name: string,
		decide: (head: R | null) => Decision<R, T> | Promise<Decision<R, T>>,
		began: number,
		signal: AbortSignal | undefined,
	): Promise<T> {
		const { clock, random, actDeadlineMs } = this.#options;
		const deadline = clock.monotonic() + actDeadlineMs;
		let head = this.#warmHead(name);
		for (let attempt = 0; ; attempt++) {
			head ??= await this.#confirmOrUnavailable(name, signal);
			const isFresh = head.confirmedFrom >= began;
			let decision: Decision<R, T>;
			try {
				decision = await decide(head.record);
			} catch (error) {
				if (isFresh || !(error instanceof DomainError)) throw error;
				head = undefined;
				continue;
			}
			if ("answer" in decision) {
				if (isFresh) return decision.answer;
				head = undefined;
				continue;
			}
			await decision.prepare?.();
			const record = this.#complete(decision.append, head);
			const outcome = await this.#append(name, head, record, deadline, signal);
			if (outcome.kind === "done") return decision.result(record);
			this.#options.onRetry?.();
			if (clock.monotonic() >= deadline) throw contention();
			head = undefined;
			await clock.sleep(Math.floor(random.fraction() * Math.min(20 * (attempt + 1), 400)), signal);
		}
	}

	#complete(body: RecordBody<R>, head: ConfirmedHead<R>): R {
		return {
			...body,
			generation: head.generation + 1,
			nonce: randomId(this.#options.random),
			previous: head.hash,
		} as unknown as R;
	}

	/**
	 * Puts one record after `head`, by the outcome table of docs/invariants.md: the same bytes
	 * under the same condition again while the outcome is open, then a look for our own nonce.
	 */
	async #append(
		name: string,
		head: ConfirmedHead<R>,
		record: R,
		deadline: number,
		signal: AbortSignal | undefined,
	): Promise<AppendOutcome<R>> {
		const { store, clock } = this.#options;
		const key = recordKey(name, record.generation);
		const bytes = this.#options.codec.encode(record);
		const sentFrom = clock.monotonic();
		let mayHaveLanded = false;
		for (;;) {
			let existed = false;
			try {
				const put = await store.putIfAbsent(key, bytes, { signal });
				if (put.created) {
					return await this.#landed(name, head, record, bytes, put.date, sentFrom, signal);
				}
				existed = true;
			} catch (error) {
				if (!(error instanceof StoreError)) throw error;
				if (error.notDone && !mayHaveLanded) {
					this.#cache.delete(name);
					throw unavailable(error);
				}
				mayHaveLanded ||= !error.notDone;
			}
			const seen = await this.#readBack(key, signal);
			if (seen !== null && seen.bytes !== null) {
				const there = this.#decode(name, seen.bytes, record.generation);
				if (there.nonce === record.nonce) {
					return await this.#landed(name, head, record, bytes, seen.date, sentFrom, signal);
				}
				// Our precondition is dead for ever: no attempt of ours can land any more.
				this.#cache.delete(name);
				return { kind: "conflict" };
			}
			const isGone = existed && seen !== null;
			if (isGone || clock.monotonic() >= deadline || signal?.aborted) {
				throw this.#unknown(name);
			}
			if (existed) mayHaveLanded = true;
			await clock.sleep(50, signal).catch(() => undefined);
		}
	}

	/** The object at the key (null bytes: none there), or null when that cannot be told. */
	async #readBack(
		key: string,
		signal: AbortSignal | undefined,
	): Promise<{ bytes: Uint8Array | null; date: number } | null> {
		try {
			const blob = await this.#options.store.get(key, { signal });
			return { bytes: blob.found ? blob.bytes : null, date: blob.date };
		} catch (error) {
			if (error instanceof StoreError) return null;
			throw error;
		}
	}

	/**
	 * Our record is in the store. If the store's clock says that the head was confirmed too long
	 * ago, the generation may have been pruned and re-created by us: then it counts only if the
	 * head as it stands descends from it.
	 */
	async #landed(
		name: string,
		head: ConfirmedHead<R>,
		record: R,
		bytes: Uint8Array,
		date: number,
		sentFrom: number,
		signal: AbortSignal | undefined,
	): Promise<AppendOutcome<R>> {
		const hash = recordHash(bytes);
		if (date - head.confirmedAtStore <= this.#options.headAgeMaxMs) {
			const next: ConfirmedHead<R> = {
				record,
				generation: record.generation,
				hash,
				confirmedAtStore: date,
				// Nothing followed it when it was created, which was after it was sent.
				confirmedFrom: sentFrom,
			};
			this.#remember(name, next);
			return { kind: "done", head: next };
		}
		this.#cache.delete(name);
		try {
			const now = await this.#cold(name, signal);
			if (now.generation === record.generation && now.hash === hash) {
				this.#remember(name, now);
				return { kind: "done", head: now };
			}
			const successor = await this.read(name, record.generation + 1, signal);
			if (now.generation > record.generation && successor?.record.previous === hash) {
				this.#remember(name, now);
				return { kind: "done", head: now };
			}
		} catch (error) {
			if (!(error instanceof StoreError)) throw error;
		}
		throw this.#unknown(name);
	}

	/** Walks up from a known head to the one that nothing follows. */
	async #extend(
		name: string,
		from: ConfirmedHead<R>,
		signal: AbortSignal | undefined,
	): Promise<ConfirmedHead<R>> {
		const { store, clock, headAgeMaxMs } = this.#options;
		let head = from;
		for (;;) {
			const sentFrom = clock.monotonic();
			const next = await store.get(recordKey(name, head.generation + 1), {
				signal,
			});
			if (!next.found) {
				// Too old to build on: what followed may have been pruned.
				if (next.date - head.confirmedAtStore > headAgeMaxMs) {
					return await this.#cold(name, signal);
				}
				return {
					...head,
					confirmedAtStore: next.date,
					confirmedFrom: sentFrom,
				};
			}
			head = this.#follow(name, head, next.bytes, next.date, sentFrom);
		}
	}

	#follow(
		name: string,
		head: ConfirmedHead<R>,
		bytes: Uint8Array,
		date: number,
		sentFrom: number,
	): ConfirmedHead<R> {
		const record = this.#decode(name, bytes, head.generation + 1);
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
			confirmedFrom: sentFrom,
		};
	}

	/** Finds the head without knowing anything. The listing is a hint, never the truth. */
	async #cold(name: string, signal: AbortSignal | undefined): Promise<ConfirmedHead<R>> {
		const { store, clock } = this.#options;
		for (let attempt = 0; attempt < 8; attempt++) {
			const newest = await store.newest(`${name}/`, { signal });
			const generation = newest === null ? 0 : generationOfKey(newest);
			const sentFrom = clock.monotonic();
			const [at, after] = await Promise.all([
				generation === 0 ? null : store.get(recordKey(name, generation), { signal }),
				store.get(recordKey(name, generation + 1), { signal }),
			]);
			if (at !== null && !at.found) continue;
			const head: ConfirmedHead<R> =
				at === null
					? {
							record: null,
							generation: 0,
							hash: null,
							confirmedAtStore: after.date,
							confirmedFrom: sentFrom,
						}
					: {
							record: this.#decode(name, at.bytes, generation),
							generation,
							hash: recordHash(at.bytes),
							confirmedAtStore: Math.min(at.date, after.date),
							confirmedFrom: sentFrom,
						};
			if (!after.found) {
				if (generation === 1 && this.#options.prunesRecords) {
					const again = await store.newest(`${name}/`, { signal });
					if (again === null || generationOfKey(again) !== 1) continue;
				}
				return head;
			}
			const next = this.#follow(name, head, after.bytes, after.date, sentFrom);
			return await this.#extend(name, next, signal);
		}
		throw new StoreError("unavailable", "listings and reads of the store keep disagreeing", {
			notDone: true,
		});
	}

	async #confirmOrUnavailable(
		name: string,
		signal: AbortSignal | undefined,
	): Promise<ConfirmedHead<R>> {
		try {
			return await this.confirm(name, signal);
		} catch (error) {
			if (error instanceof StoreError) throw unavailable(error);
			throw error;
		}
	}

	/** A cached head that is worth building on: the store's clock has the last word afterwards. */
	#warmHead(name: string): ConfirmedHead<R> | undefined {
		const cached = this.#cache.get(name);
		if (cached === undefined) return undefined;
		const age = this.#options.clock.monotonic() - cached.confirmedFrom;
		return age < this.#options.headAgeMaxMs - this.#options.actDeadlineMs ? cached : undefined;
	}

	#remember(name: string, head: ConfirmedHead<R>): void {
		const cached = this.#cache.get(name);
		if (cached === undefined || cached.generation <= head.generation) {
			this.#cache.set(name, head);
		}
	}

	#decode(name: string, bytes: Uint8Array, generation: number): R {
		const record = this.#options.codec.decode(bytes, name);
		if (record.generation !== generation) {
			throw new DomainError("storage_corrupt", "a record stands at the wrong place of its log", {
				hint: "run `taco doctor` on the store",
			});
		}
		return record;
	}

	#unknown(name: string): DomainError {
		this.#cache.delete(name);
		this.#options.onUnknown?.();
		return new DomainError("outcome_unknown", "the store did not say whether the change was made", {
			hint: "send the same request again: it takes effect at most once",
			details: { retryAfterSeconds: 1 },
		});
	}

	async #takeTurn(name: string): Promise<() => void> {
		const before = this.#turns.get(name);
		let end = () => {};
		const turn = new Promise<void>((resolve) => {
			end = resolve;
		});
		const tail = (before ?? Promise.resolve()).then(() => turn);
		this.#turns.set(name, tail);
		await before;
		return () => {
			if (this.#turns.get(name) === tail) this.#turns.delete(name);
			end();
		};
	}
}

function contention(): DomainError {
	return new DomainError(
		"contention",
		"other requests kept changing this unit at the same time; nothing was done",
		{
			hint: "try again",
			details: { retryAfterSeconds: 1 },
		},
	);
}

/** A store failure of which it is certain that nothing was changed. */
export function unavailable(error: StoreError): DomainError {
	return new DomainError(
		"storage_unavailable",
		"the store did not answer as it should; nothing was changed",
		{
			hint: "try again; if it persists, see the server's log and /readyz",
			details: { retryAfterSeconds: 2 },
			cause: error,
		},
	);
}

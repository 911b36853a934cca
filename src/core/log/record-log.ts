/**
 * The consistency protocol over one primitive, put-if-absent: an append-only log of immutable
 * numbered records, the newest being the head. Upholds I1, I3, I5, I7 and I15 of
 * docs/invariants.md; everything else about a unit is decided on the heads that this file confirms.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { StoreError } from "../ports/blob-store.ts";
import { type Random, randomId } from "../ports/random.ts";
import { unavailable } from "../ports/unavailable.ts";
import {
	type ConfirmedHead,
	HeadFinder,
	type HeadFinderOptions,
	type LogRecord,
	type Moment,
	recordHash,
} from "./head-finder.ts";
import { recordKey } from "./record-key.ts";

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

export interface RecordLogOptions<R extends LogRecord> extends HeadFinderOptions<R> {
	readonly random: Random;
	/** Told when an append lost against another server's. */
	readonly onRetry?: () => void;
	/** Told when an act ended without knowledge of its outcome. */
	readonly onUnknown?: () => void;
}

type AppendOutcome<R extends LogRecord> =
	| { readonly kind: "done"; readonly head: ConfirmedHead<R> }
	| { readonly kind: "conflict" };

/** A set of logs in one store, each named by the key prefix below which its records lie. */
export class RecordLog<R extends LogRecord> {
	readonly #options: RecordLogOptions<R>;
	readonly #heads: HeadFinder<R>;
	/** Acts of this server on one log run one after another, so that they do not race each other. */
	readonly #turns = new Map<string, Promise<void>>();

	constructor(options: RecordLogOptions<R>) {
		if (options.actDeadlineMs >= options.headAgeMaxMs) {
			throw new DomainError("internal", "the act deadline must be below the head age bound");
		}
		this.#options = options;
		this.#heads = new HeadFinder(options);
	}

	/** See HeadFinder.confirm. */
	confirm(name: string, signal?: AbortSignal): Promise<ConfirmedHead<R>> {
		return this.#heads.confirm(name, signal);
	}

	/** Starts reading the head so that a following `act` finds it warm. Never rejects. */
	async warm(name: string, signal?: AbortSignal): Promise<void> {
		if (this.#heads.warmHead(name) !== undefined) return;
		try {
			await this.confirm(name, signal);
		} catch {
			// The act that follows meets the same trouble and reports it.
		}
	}

	/** See HeadFinder.lastSeen. */
	lastSeen(name: string): ConfirmedHead<R> | undefined {
		return this.#heads.lastSeen(name);
	}

	/** See HeadFinder.peek. */
	peek(name: string): Promise<R | null> {
		return this.#heads.peek(name);
	}

	/** See HeadFinder.read. */
	read(
		name: string,
		generation: number,
		signal?: AbortSignal,
	): Promise<{ record: R; hash: string } | null> {
		return this.#heads.read(name, generation, signal);
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
		const began = this.#heads.moment();
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
		began: Moment,
		signal: AbortSignal | undefined,
	): Promise<T> {
		const { clock, random, actDeadlineMs } = this.#options;
		const deadline = clock.monotonic() + actDeadlineMs;
		let head = this.#heads.warmHead(name);
		for (let attempt = 0; ; attempt++) {
			head ??= await this.#confirmOrUnavailable(name, signal);
			const isFresh = head.confirmedOrder > began.order;
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
			await clock.sleep(Math.floor(random.fraction() * Math.min(20 * attempt, 400)), signal);
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
		if (bytes.byteLength > limits.wholeReadBytesMax) {
			// It could never be read again, and with it all that follows.
			throw new DomainError("too_large", "the unit's record would be too large to be read again");
		}
		const sent = this.#heads.moment();
		let mayHaveLanded = false;
		for (;;) {
			let existed = false;
			try {
				const put = await store.putIfAbsent(key, bytes, { signal });
				if (put.created) {
					const reply = { date: put.date, aloneAt: put.date };
					return await this.#landed(name, head, record, bytes, reply, sent, signal);
				}
				existed = true;
			} catch (error) {
				if (!(error instanceof StoreError)) throw error;
				if (error.notDone && !mayHaveLanded) {
					this.#heads.forget(name);
					throw unavailable(error);
				}
				mayHaveLanded ||= !error.notDone;
			}
			const seen = await this.#readBack(key, signal);
			if (seen !== null && seen.bytes !== null) {
				const there = this.#heads.decode(name, seen.bytes, record.generation);
				if (there.nonce === record.nonce) {
					// What followed it since it landed is not known.
					const reply = { date: seen.date, aloneAt: head.confirmedAtStore };
					return await this.#landed(name, head, record, bytes, reply, sent, signal);
				}
				// Our precondition is dead for ever: no attempt of ours can land any more.
				this.#heads.learn(name, head, seen.bytes, seen.date);
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
	 * head as it stands descends from it. `aloneAt`: when, by that clock, nothing followed it yet.
	 */
	async #landed(
		name: string,
		head: ConfirmedHead<R>,
		record: R,
		bytes: Uint8Array,
		reply: { readonly date: number; readonly aloneAt: number },
		sent: Moment,
		signal: AbortSignal | undefined,
	): Promise<AppendOutcome<R>> {
		const hash = recordHash(bytes);
		if (reply.date - head.confirmedAtStore <= this.#options.headAgeMaxMs) {
			const next: ConfirmedHead<R> = {
				record,
				generation: record.generation,
				hash,
				confirmedAtStore: reply.aloneAt,
				// Nothing followed it when it was created, which was after it was sent.
				confirmedFrom: sent.at,
				confirmedOrder: sent.order,
			};
			this.#heads.remember(name, next);
			return { kind: "done", head: next };
		}
		this.#heads.forget(name);
		try {
			const now = await this.#heads.cold(name, signal);
			if (now.generation === record.generation && now.hash === hash) {
				this.#heads.remember(name, now);
				return { kind: "done", head: now };
			}
			const successor = await this.#heads.read(name, record.generation + 1, signal);
			if (now.generation > record.generation && successor?.record.previous === hash) {
				this.#heads.remember(name, now);
				return { kind: "done", head: now };
			}
		} catch (error) {
			// It may be in force, so whatever hinders us from telling is no failure of the act.
			if (!(error instanceof StoreError || error instanceof DomainError)) throw error;
		}
		throw this.#unknown(name);
	}

	async #confirmOrUnavailable(
		name: string,
		signal: AbortSignal | undefined,
	): Promise<ConfirmedHead<R>> {
		try {
			return await this.#heads.confirm(name, signal);
		} catch (error) {
			if (error instanceof StoreError) throw unavailable(error);
			throw error;
		}
	}

	#unknown(name: string): DomainError {
		this.#heads.forget(name);
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

/** Others kept winning; it is certain that nothing was changed. */
export function contention(): DomainError {
	return new DomainError(
		"contention",
		"other requests kept changing this unit at the same time; nothing was done",
		{
			hint: "try again",
			details: { retryAfterSeconds: 1 },
		},
	);
}

/**
 * The log of units: fills in what every record says (who, when, through which door), adopts plain
 * states before anything else happens to them, and tells the rest of the server what changed.
 * Upholds I13: a mutation is acknowledged by its own record.
 */

import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { ConfirmedHead } from "../log/head-finder.ts";
import { type Decision, RecordLog } from "../log/record-log.ts";
import { isKey } from "../ports/blob-key.ts";
import { type BlobStore, StoreError } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { CoreMetrics } from "../ports/metrics.ts";
import type { Random } from "../ports/random.ts";
import { unavailable } from "../ports/unavailable.ts";
import { attributionOf } from "../principal.ts";
import type { Grant } from "../rbac/grant.ts";
import type { CoreSettings } from "../settings.ts";
import { logName } from "./keys.ts";
import {
	decodeUnitRecord,
	encodeUnitRecord,
	type Operation,
	recordSchema,
	type UnitRecord,
	type UnitState,
} from "./record.ts";
import { lockKeyOfUnit, stateKeyOfUnit, type UnitId } from "./unit-id.ts";

/** What an act on a unit asks for. */
export type UnitDecision<T> =
	| {
			readonly operation: Operation;
			readonly state: UnitState;
			readonly result: (record: UnitRecord) => T;
			readonly prepare?: (() => Promise<void>) | undefined;
	  }
	| { readonly answer: T };

/** Decides on the unit as it stands: null when it has no log. Pure; throws DomainError to refuse. */
export type DecideUnit<T> = (state: UnitState | null, generation: number) => UnitDecision<T>;

export interface UnitLogDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
	readonly metrics: CoreMetrics;
	readonly settings: CoreSettings;
}

/** Told of every record that this server appends, after it is durable. */
export type RecordListener = (id: UnitId, record: UnitRecord) => void;

/** Reports whether a unit without a log has a plain state or lock that must be adopted first. */
export type FindPlain = (id: UnitId) => Promise<boolean>;

/** Takes a plain state over, or finishes what another server began. */
export type Adopt = (id: UnitId) => Promise<void>;

class NeedsAdoption extends Error {}

/** The one door to the logs of units. */
export class UnitLog {
	readonly #log: RecordLog<UnitRecord>;
	readonly #clock: Clock;
	readonly #listeners: RecordListener[] = [];
	readonly #unknownListeners: ((id: UnitId) => void)[] = [];
	#findPlain: FindPlain = async () => false;
	#adopt: Adopt = async () => {};

	constructor(deps: UnitLogDeps) {
		const { headAgeMaxMs, pruneGraceMs } = deps.settings;
		if (pruneGraceMs <= headAgeMaxMs + limits.storeClockStepMaxMs) {
			throw new DomainError("internal", "the grace of pruning must be above the head age bound");
		}
		this.#clock = deps.clock;
		this.#log = new RecordLog<UnitRecord>({
			store: deps.store,
			clock: deps.clock,
			random: deps.random,
			codec: {
				encode: encodeUnitRecord,
				decode(bytes, name) {
					const record = decodeUnitRecord(bytes);
					if (logName(record.unit as UnitId) !== name) throw foreignRecord();
					return record;
				},
			},
			headAgeMaxMs: deps.settings.headAgeMaxMs,
			actDeadlineMs: deps.settings.actDeadlineMs,
			headsCachedMax: limits.headsCachedMax,
			prunesRecords: deps.settings.recordsKept > 0,
			onRetry: () => deps.metrics.appendRetry(),
			onUnknown: () => deps.metrics.outcomeUnknown(),
		});
	}

	/** Wires adoption in; without it plain states are never taken over. */
	useAdoption(findPlain: FindPlain, adopt: Adopt): void {
		this.#findPlain = findPlain;
		this.#adopt = adopt;
	}

	/** Whether a unit without a log has a plain state or lock. Fails with StoreError. */
	isPlain(id: UnitId): Promise<boolean> {
		return this.#findPlain(id);
	}

	/** Calls `listener` when it is not known whether a record of this server was appended. */
	onUnknown(listener: (id: UnitId) => void): void {
		this.#unknownListeners.push(listener);
	}

	/** Calls `listener` after each record that this server appends. */
	onRecord(listener: RecordListener): void {
		this.#listeners.push(listener);
	}

	/** The unit's head, confirmed after this call began (I7). */
	confirm(id: UnitId, signal?: AbortSignal): Promise<ConfirmedHead<UnitRecord>> {
		return this.#log.confirm(logName(id), signal);
	}

	/** Begins to read the head while something else goes on. Never rejects. */
	warm(id: UnitId): Promise<void> {
		return this.#log.warm(logName(id));
	}

	/** The last head seen, of any age: a hint. */
	lastSeen(id: UnitId): ConfirmedHead<UnitRecord> | undefined {
		return this.#log.lastSeen(logName(id));
	}

	/**
	 * The newest record by a listing, unconfirmed and uncached: for indexes, never for a decision.
	 * null when the unit has no log.
	 */
	peek(id: UnitId): Promise<UnitRecord | null> {
		return this.#log.peek(logName(id));
	}

	/** One record of the unit; null when it was never written or was pruned. */
	read(id: UnitId, generation: number): Promise<{ record: UnitRecord; hash: string } | null> {
		return this.#log.read(logName(id), generation);
	}

	/**
	 * Decides and appends; see RecordLog.act for the errors. The grant is the proof that the
	 * caller may do this to this unit.
	 */
	async act<T>(grant: Grant, id: UnitId, decide: DecideUnit<T>): Promise<T> {
		if (grant.resource !== id) throw grantMismatch();
		for (;;) {
			try {
				return await this.#actOnce(grant, id, decide, true);
			} catch (error) {
				if (!(error instanceof NeedsAdoption)) throw error;
				await this.#adoptOrUnavailable(id);
			}
		}
	}

	async #adoptOrUnavailable(id: UnitId): Promise<void> {
		try {
			await this.#adopt(id);
		} catch (error) {
			// Adoption changes nothing that a client can see; the act itself has not begun.
			if (error instanceof StoreError) throw unavailable(error);
			throw error;
		}
	}

	/** As `act`, for adoption itself: plain objects are not looked for. */
	async actWithoutAdoption<T>(grant: Grant, id: UnitId, decide: DecideUnit<T>): Promise<T> {
		if (grant.resource !== id) throw grantMismatch();
		return await this.#actOnce(grant, id, decide, false);
	}

	async #actOnce<T>(
		grant: Grant,
		id: UnitId,
		decide: DecideUnit<T>,
		isAdopting: boolean,
	): Promise<T> {
		const appended: UnitRecord[] = [];
		const isUnknown = isAdopting && this.lastSeen(id)?.record == null;
		const hasPlain = isUnknown ? this.#findPlain(id) : Promise.resolve(false);
		hasPlain.catch(() => undefined);
		const decideOnHead = async (head: UnitRecord | null): Promise<Decision<UnitRecord, T>> => {
			if (isAdopting) {
				if (head === null && (await hasPlain)) throw new NeedsAdoption();
				if (head?.state.adopting) throw new NeedsAdoption();
			}
			const decision = decide(head?.state ?? null, head?.generation ?? 0);
			if ("answer" in decision) return decision;
			if (head === null) checkStorable(id);
			const body = this.#body(grant, id, decision.operation, decision.state);
			return {
				append: body,
				prepare: decision.prepare,
				result: (record: UnitRecord) => {
					appended.push(record);
					return decision.result(record);
				},
			};
		};
		try {
			const result = await this.#log.act<T>(logName(id), decideOnHead);
			for (const record of appended) this.#announce(id, record);
			return result;
		} catch (error) {
			// Whatever a decision reads or prepares, it does before anything is appended.
			if (error instanceof StoreError) throw unavailable(error);
			if (isDomainError(error, "outcome_unknown")) {
				for (const listener of this.#unknownListeners) listener(id);
			}
			throw error;
		}
	}

	#body(grant: Grant, id: UnitId, operation: Operation, state: UnitState) {
		return {
			schema: recordSchema,
			unit: id,
			operation,
			...attributionOf(grant.caller),
			time: new Date(this.#clock.now()).toISOString(),
			state,
		};
	}

	#announce(id: UnitId, record: UnitRecord): void {
		for (const listener of this.#listeners) listener(id, record);
	}
}

/** A unit must not come to be whose plain objects no store can hold. */
function checkStorable(id: UnitId): void {
	if (isKey(stateKeyOfUnit(id)) && isKey(lockKeyOfUnit(id))) return;
	throw new DomainError("invalid_unit_id", "no store can hold a unit with this id", {
		hint: "its path has an empty segment, `.` or `..` as a segment, or a backslash; choose another",
	});
}

function grantMismatch(): DomainError {
	return new DomainError("internal", "a permission was used for another unit");
}

function foreignRecord(): DomainError {
	return new DomainError("storage_corrupt", "a record belongs to another unit", {
		hint: "is the folder's file system case-sensitive? run `taco doctor` on the store",
	});
}

/**
 * A document under compare-and-swap: the protocol of units for everything else that servers share
 * (the admin token, keys, roles, tokens). Each change is a record that says who made it, so the
 * register's log is its history and its audit trail (I13).
 */
import { DomainError } from "../errors.ts";
import type { ConfirmedHead, LogRecord } from "../log/head-finder.ts";
import { RecordLog } from "../log/record-log.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import { type Attribution, attributionOf } from "../principal.ts";
import type { Grant } from "../rbac/grant.ts";
import { registerRoot } from "../unit/keys.ts";

const registerSchema = 1;

export interface RegisterRecord extends LogRecord, Attribution {
	readonly schema: number;
	readonly register: string;
	readonly operation: string;
	/** What the operation was about, for the audit trail: no secret. */
	readonly detail?: string;
	/** ISO 8601, by the server that wrote it. */
	readonly time: string;
	readonly value: unknown;
}

export interface RegisterDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
	readonly headAgeMaxMs: number;
	readonly actDeadlineMs: number;
}

/** What an update does: a new value, or an answer that needs none. */
export type RegisterChange<T, R> =
	| {
			readonly operation: string;
			/** What it is about, for the audit trail: no secret. */
			readonly detail?: string;
			readonly value: T;
			readonly result: R;
	  }
	| { readonly answer: R };

export interface RegisterValue<T> {
	/** null: never written. */
	readonly value: T | null;
	readonly generation: number;
}

/** One shared document. */
export class Register<T> {
	readonly #log: RecordLog<RegisterRecord>;
	readonly #clock: Clock;
	readonly #name: string;
	readonly #logName: string;
	readonly #parse: (value: unknown) => T;
	#reading: Promise<ConfirmedHead<RegisterRecord>> | null = null;

	/** `name` is the register's own segment in the store; `parse` fails on a value it does not know. */
	constructor(deps: RegisterDeps, name: string, parse: (value: unknown) => T) {
		this.#clock = deps.clock;
		this.#name = name;
		this.#logName = `${registerRoot}${name}`;
		this.#parse = parse;
		this.#log = new RecordLog<RegisterRecord>({
			...deps,
			headsCachedMax: 1,
			prunesRecords: false,
			codec: {
				encode: (record) => new TextEncoder().encode(`${JSON.stringify(record)}\n`),
				decode: (bytes) => decodeRegisterRecord(bytes, name),
			},
		});
	}

	/** The value as it is now. Fails with `storage_unavailable`, `storage_corrupt`, `schema_too_new`. */
	async read(): Promise<RegisterValue<T>> {
		return await orUnavailable(async () => this.#value(await this.#log.confirm(this.#logName)));
	}

	/**
	 * The value as it was at most `ageMaxMs` ago: for what every request needs. Calls at the same
	 * time share one read. A failure to read is a failure, however recent the last value (I14).
	 */
	async readCached(ageMaxMs: number): Promise<RegisterValue<T>> {
		const seen = this.#log.lastSeen(this.#logName);
		if (seen !== undefined && this.#clock.monotonic() - seen.confirmedFrom <= ageMaxMs) {
			return this.#value(seen);
		}
		this.#reading ??= this.#log.confirm(this.#logName).finally(() => {
			this.#reading = null;
		});
		const reading = this.#reading;
		return await orUnavailable(async () => this.#value(await reading));
	}

	/**
	 * Changes the value; `decide` is pure, may run several times, and throws a DomainError to refuse.
	 * Fails as RecordLog.act.
	 */
	async update<R>(
		grant: Grant,
		decide: (value: T | null, generation: number) => RegisterChange<T, R>,
	): Promise<R> {
		const { caller } = grant;
		return await orUnavailable(() =>
			this.#log.act<R>(this.#logName, (head) => {
				const change = decide(
					head === null ? null : this.#parse(head.value),
					head?.generation ?? 0,
				);
				if ("answer" in change) return change;
				return {
					append: {
						schema: registerSchema,
						register: this.#name,
						operation: change.operation,
						...(change.detail === undefined ? {} : { detail: change.detail }),
						...attributionOf(caller),
						time: new Date(this.#clock.now()).toISOString(),
						value: change.value,
					},
					result: () => change.result,
				};
			}),
		);
	}

	#value(head: ConfirmedHead<RegisterRecord>): RegisterValue<T> {
		return {
			value: head.record === null ? null : this.#parse(head.record.value),
			generation: head.generation,
		};
	}
}

/** Reads a record of the register `name`. Fails with `storage_corrupt` or `schema_too_new`. */
export function decodeRegisterRecord(bytes: Uint8Array, name: string): RegisterRecord {
	let record: Partial<RegisterRecord> | null;
	try {
		record = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch (cause) {
		throw damaged(cause);
	}
	if (typeof record?.schema !== "number") throw damaged();
	if (record.schema > registerSchema) {
		throw new DomainError(
			"schema_too_new",
			"a newer version of this program has written to the store",
			{
				hint: "upgrade this server",
			},
		);
	}
	if (record.register !== name || typeof record.generation !== "number") throw damaged();
	return record as RegisterRecord;
}

function damaged(cause?: unknown): DomainError {
	return new DomainError("storage_corrupt", "a shared document in the store is damaged", {
		hint: "run `taco doctor` on the store",
		...(cause === undefined ? {} : { cause }),
	});
}

/** Units as things: created, listed, labelled, deleted and brought back. */

import { findPlainLock } from "../adoption/plain-lock.ts";
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { lockedError } from "../lock/rules.ts";
import { orUnavailable } from "../log/record-log.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { traitsOf } from "../rbac/resource.ts";
import { created, deleted, inProject } from "./changes.ts";
import type { UnitDirectory } from "./directory.ts";
import { unitNotFound } from "./not-found.ts";
import { defaultProjectId, type UnitState } from "./record.ts";
import { summaryOf, summaryOfPlain, type UnitSummary } from "./summary.ts";
import { stateKeyOfUnit, type UnitId } from "./unit-id.ts";
import type { UnitLog } from "./unit-log.ts";

export interface UnitServiceDeps {
	readonly store: BlobStore;
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly directory: UnitDirectory;
}

export interface ListInput {
	/** A plain string prefix of the id. */
	readonly prefix: string;
	/** Only units that have all of these labels. */
	readonly labels: Readonly<Record<string, string>>;
	/** Deleted units instead of living ones. */
	readonly deleted: boolean;
	/** At most this many; all when absent. */
	readonly limit?: number;
	/** `next` of the page before. */
	readonly cursor?: string;
}

export interface UnitPage {
	readonly units: readonly UnitSummary[];
	readonly next?: string;
}

export type Labels = Readonly<Record<string, string>>;

/** Creates, lists, labels and deletes units. */
export class UnitService {
	readonly #deps: UnitServiceDeps;

	constructor(deps: UnitServiceDeps) {
		this.#deps = deps;
	}

	/**
	 * Creates a unit without state. A deleted one begins a new life; its history is kept.
	 * Fails with `unit_exists`, `invalid_request`, or as UnitLog.act.
	 */
	async create(
		caller: Caller,
		id: UnitId,
		input: { readonly labels: Labels; readonly project?: string } = { labels: {} },
	): Promise<UnitSummary> {
		checkLabels(input.labels);
		const { gate, log, clock } = this.#deps;
		const { labels, project = defaultProjectId } = input;
		const traits = traitsOf(labels, project, "new");
		const grant = await gate.authorize(caller, "unit.write", id, traits);
		const at = new Date(clock.now()).toISOString();
		return await log.act<UnitSummary>(grant, id, (state) => {
			if (state !== null && state.deleted === null) {
				throw new DomainError("unit_exists", "Unit already exists", {
					hint: "use it as it is, choose another id, or import it into your configuration",
				});
			}
			return {
				operation: "create",
				state: created(state, at, labels, project),
				result: (record) => summaryOf(id, record),
			};
		});
	}

	/** One unit as it is now (I7). Fails with `unit_not_found` or `storage_unavailable`. */
	async get(caller: Caller, id: UnitId): Promise<UnitSummary> {
		await this.#deps.gate.authorize(caller, "unit.read", id);
		return await orUnavailable(async () => {
			const head = await this.#deps.log.confirm(id);
			if (head.record !== null) {
				if (head.record.state.deleted !== null) throw unitNotFound();
				if (!head.record.state.adopting) return summaryOf(id, head.record);
			}
			return await this.#plain(id);
		});
	}

	async #plain(id: UnitId): Promise<UnitSummary> {
		const { store } = this.#deps;
		const key = stateKeyOfUnit(id);
		const [page, lock] = await Promise.all([
			store.list({ prefix: key, limit: 1 }),
			findPlainLock(store, id, 0),
		]);
		const blob = page.blobs[0];
		if (blob?.key !== key) throw unitNotFound();
		return summaryOfPlain(id, blob.size, blob.modified, lock);
	}

	/**
	 * Units in order of their ids, only those that the caller may read. Answered from the index:
	 * this server's changes are in it at once, others' within seconds.
	 * Fails with `invalid_request` or `storage_unavailable`.
	 */
	async list(caller: Caller, input: ListInput): Promise<UnitPage> {
		const limit = input.limit ?? limits.unitsPerPageMax;
		if (!Number.isInteger(limit) || limit < 1 || limit > limits.unitsPerPageMax) {
			throw new DomainError("invalid_request", "the limit is not a whole number in range", {
				hint: `give a limit from 1 to ${limits.unitsPerPageMax}`,
			});
		}
		const labels = Object.entries(input.labels);
		const all = await orUnavailable(() => this.#deps.directory.all());
		const wanted = all.filter(
			(unit) =>
				unit.id.startsWith(input.prefix) &&
				(unit.deleted !== null) === input.deleted &&
				(input.cursor === undefined || unit.id > input.cursor) &&
				labels.every(
					([key, value]) => Object.hasOwn(unit.labels, key) && unit.labels[key] === value,
				),
		);
		const units = await this.#deps.gate.filter(
			...([caller, "unit.read", wanted] as const),
			({ id, traits }) => ({ id, labels: traits }),
		);
		const last = units[limit - 1];
		if (units.length > limit && last !== undefined) {
			return { units: units.slice(0, limit), next: last.id };
		}
		return { units };
	}

	/**
	 * Replaces the unit's labels. With `ifGeneration`, only if nothing changed since.
	 * Fails with `unit_not_found`, `invalid_request`, `precondition_failed`, or as UnitLog.act.
	 */
	async update(
		caller: Caller,
		id: UnitId,
		input: { readonly labels: Labels; readonly ifGeneration?: number },
	): Promise<UnitSummary> {
		checkLabels(input.labels);
		const grant = await this.#deps.gate.authorize(caller, "unit.write", id);
		// Labels can decide rights: nobody moves a unit to where they could not have created it.
		await this.#deps.gate.authorize(caller, "unit.write", id, input.labels);
		return await this.#deps.log.act<UnitSummary>(grant, id, (state, generation) => {
			const living = checkLiving(state);
			checkGeneration(generation, input.ifGeneration);
			return {
				operation: "update",
				state: { ...living, labels: input.labels },
				result: (record) => summaryOf(id, record),
			};
		});
	}

	/**
	 * Puts the unit into another project; who could not create it there may not.
	 * Fails with `unit_not_found`, `forbidden`, or as UnitLog.act.
	 */
	async move(caller: Caller, id: UnitId, project: string): Promise<UnitSummary> {
		const { gate, log } = this.#deps;
		const grant = await gate.authorize(caller, "unit.write", id);
		const { labels } = await this.get({ ...caller, principal: systemPrincipal }, id);
		await gate.authorize(caller, "unit.write", id, traitsOf(labels, project, "new"));
		return await log.act<UnitSummary>(grant, id, (state) => ({
			operation: "update",
			state: inProject(checkLiving(state), project),
			result: (record) => summaryOf(id, record),
		}));
	}

	/**
	 * Deletes the unit: it is gone from every surface, and `undelete` brings it back whole.
	 * A locked unit only with `force`, which needs unit.force-unlock as well.
	 * Fails with `unit_not_found`, `locked`, `precondition_failed`, or as UnitLog.act.
	 */
	async delete(
		caller: Caller,
		id: UnitId,
		input: { readonly force: boolean; readonly ifGeneration?: number },
	): Promise<void> {
		const { gate, log, clock } = this.#deps;
		const grant = await gate.authorize(caller, "unit.delete", id);
		if (input.force) await gate.authorize(caller, "unit.force-unlock", id);
		const at = new Date(clock.now()).toISOString();
		await log.act<void>(grant, id, (state, generation) => {
			const living = checkLiving(state);
			checkGeneration(generation, input.ifGeneration);
			if (living.lock !== null && !input.force) throw lockedError(living.lock);
			return {
				operation: "delete",
				state: deleted(living, at),
				result: () => undefined,
			};
		});
	}

	/**
	 * Brings a deleted unit back as it was, unlocked. A unit that is not deleted is a success.
	 * Fails with `unit_not_found`, or as UnitLog.act.
	 */
	async undelete(caller: Caller, id: UnitId): Promise<UnitSummary> {
		const { gate, log } = this.#deps;
		const grant = await gate.authorize(caller, "unit.delete", id);
		const living = await log.act<UnitSummary | null>(grant, id, (state) => {
			if (state === null) throw unitNotFound();
			if (state.deleted === null) return { answer: null };
			return {
				operation: "undelete",
				state: { ...state, deleted: null },
				result: (record) => summaryOf(id, record),
			};
		});
		return living ?? (await this.get(caller, id));
	}
}

function checkLiving(state: UnitState | null): UnitState {
	if (state === null || state.deleted !== null) throw unitNotFound();
	return state;
}

function checkGeneration(generation: number, expected: number | undefined): void {
	if (expected === undefined || expected === generation) return;
	throw new DomainError("precondition_failed", "the unit has changed since it was read", {
		hint: "read it again and decide again",
	});
}

function checkLabels(labels: Labels): void {
	const entries = Object.entries(labels);
	const isBad = entries.some(
		([key, value]) =>
			key === "" ||
			key.includes("\u0000") ||
			Buffer.byteLength(key) > limits.labelKeyBytesMax ||
			Buffer.byteLength(value) > limits.labelValueBytesMax,
	);
	if (entries.length > limits.labelsMax || isBad) {
		throw new DomainError("invalid_request", "the labels are not acceptable", {
			hint: `at most ${limits.labelsMax} labels; keys of 1 to ${limits.labelKeyBytesMax} bytes, values up to ${limits.labelValueBytesMax} bytes`,
		});
	}
}

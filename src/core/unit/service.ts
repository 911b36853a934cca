/** Units as things: created, listed, labelled, deleted and brought back. */

import { isSame } from "../../lib/is-same.ts";
import { findPlainLock } from "../adoption/plain-lock.ts";
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { lockedError } from "../lock/rules.ts";
import { contention } from "../log/record-log.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import type { Caller } from "../principal.ts";
import { type Action, actions, isUnitAction } from "../rbac/action.ts";
import type { Gate } from "../rbac/grant.ts";
import { traitsOf } from "../rbac/resource.ts";
import { created, deleted, settingsOf, type UnitSettings, withSettings } from "./changes.ts";
import type { UnitDirectory } from "./directory.ts";
import { unitNotFound } from "./not-found.ts";
import { defaultProjectId, type UnitState } from "./record.ts";
import { summaryOf, summaryOfPlain, type UnitSummary } from "./summary.ts";
import { stateKeyOfUnit, systemUnitId, type UnitId } from "./unit-id.ts";
import type { UnitLog } from "./unit-log.ts";

export interface UnitServiceDeps {
	readonly store: BlobStore;
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly directory: UnitDirectory;
	/** The unit whose state declares the graph's edges. */
	readonly systemUnit?: UnitId | undefined;
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

/** A change of settings is decided anew so often when others keep changing the unit. */
const movesMax = 10;

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
		input: Partial<UnitSettings> = {},
	): Promise<UnitSummary> {
		const { gate, log, clock } = this.#deps;
		const { labels = {}, project = defaultProjectId, settings = {} } = input;
		checkLabels(labels);
		const traits = traitsOf(labels, project, "new");
		const grant = await gate.authorize(caller, "unit.configure", id, traits);
		if (id === (this.#deps.systemUnit ?? systemUnitId)) {
			// It speaks of all units: no label and no project is enough, only a right on it by name.
			await gate.authorize(caller, "unit.configure", id, traitsOf({}, "", "new"));
		}
		const earlier = (await orUnavailable(() => log.confirm(id))).record?.state;
		if (earlier !== undefined && earlier.deleted !== null) {
			const before = settingsOf(earlier);
			// What it was before comes with it, for those who may see that.
			await this.#refuseGain(
				...([caller, id, ["unit.manage"]] as const),
				traitsOf(before.labels, before.project),
				traitsOf(labels, project),
			);
		}
		const at = new Date(clock.now()).toISOString();
		return await log.act<UnitSummary>(grant, id, (state) => {
			if (state !== null && state.deleted === null) {
				throw new DomainError("unit_exists", "Unit already exists", {
					hint: "use it as it is, choose another id, or import it into your configuration",
				});
			}
			return {
				operation: "create",
				state: created(state, at, { labels, project, settings }),
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
	 * Living units of which the caller may read outputs or variables and no more, in order of ids.
	 * Answered as `list`, and fails as it does.
	 */
	async listByParts(caller: Caller): Promise<UnitSummary[]> {
		const { directory, gate } = this.#deps;
		const all = await orUnavailable(() => directory.all());
		const living = all.filter((unit) => unit.deleted === null);
		const known = ({ id, traits }: UnitSummary) => ({ id, labels: traits });
		const readable = new Set(await gate.filter(caller, "unit.read", living, known));
		const others = living.filter((unit) => !readable.has(unit));
		const byOutputs = new Set(await gate.filter(caller, "unit.read-outputs", others, known));
		const byVariables = new Set(await gate.filter(caller, "unit.read-variables", others, known));
		return others.filter((unit) => byOutputs.has(unit) || byVariables.has(unit));
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
		const { labels, ifGeneration } = input;
		return await this.change(
			caller,
			id,
			(before) => ({ ...before, labels }),
			ifGeneration === undefined ? {} : { ifGeneration },
		);
	}

	/**
	 * Changes what people say of the unit, on top of what they say; `change` is pure and may run
	 * several times. What is the same afterwards writes nothing.
	 * Fails with `unit_not_found`, `invalid_request`, `precondition_failed`, or as UnitLog.act.
	 */
	async change(
		caller: Caller,
		id: UnitId,
		change: (before: UnitSettings) => UnitSettings,
		options: { readonly ifGeneration?: number } = {},
	): Promise<UnitSummary> {
		const { gate, log } = this.#deps;
		const grant = await gate.authorize(caller, "unit.configure", id);
		for (let attempt = 1; ; attempt++) {
			const seen = log.lastSeen(id)?.record?.state;
			const known = seen === undefined ? null : settingsOf(seen);
			const planned = known === null ? null : change(known);
			if (known !== null && planned !== null) await this.#check(caller, id, known, planned);
			const done = await log.act<UnitSummary | "moved" | "same">(grant, id, (state, generation) => {
				const living = checkLiving(state);
				checkGeneration(generation, options.ifGeneration);
				const before = settingsOf(living);
				const after = change(before);
				if (planned === null || !isSame(planned, after)) return { answer: "moved" };
				if (isSame(before, after)) return { answer: "same" };
				return {
					operation: "update",
					state: withSettings(living, after),
					result: (record) => summaryOf(id, record),
				};
			});
			const record = log.lastSeen(id)?.record;
			if (done === "same" && record != null) return summaryOf(id, record);
			if (typeof done !== "string") return done;
			if (attempt === movesMax) throw contention();
		}
	}

	/**
	 * Labels and projects can decide rights: nobody gives a unit labels with which they could not
	 * write it, moves it to a project in which they could not create it, or gains anything by it.
	 */
	async #check(
		caller: Caller,
		id: UnitId,
		before: UnitSettings,
		{ labels, project }: UnitSettings,
	): Promise<void> {
		checkLabels(labels);
		if (project === before.project && isSame(labels, before.labels)) return;
		const stage = project === before.project ? "existing" : "new";
		const traits = traitsOf(labels, project, stage);
		await this.#deps.gate.authorize(caller, "unit.configure", id, traits);
		const { labels: labelsBefore, project: projectBefore } = before;
		await this.#refuseGain(
			...([caller, id, actions.filter(isUnitAction)] as const),
			traitsOf(labelsBefore, projectBefore),
			traitsOf(labels, project),
		);
	}

	/** Fails with `forbidden` when the caller would have one of the rights afterwards and not before. */
	async #refuseGain(
		caller: Caller,
		id: UnitId,
		rights: readonly Action[],
		before: Labels,
		after: Labels,
	): Promise<void> {
		const { gate } = this.#deps;
		for (const action of rights) {
			if (await gate.may(caller, action, id, after)) {
				await gate.authorize(caller, action, id, before);
			}
		}
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

/** Fails with `invalid_request` for labels that no unit may have. */
export function checkLabels(labels: Labels): void {
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

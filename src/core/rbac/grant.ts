/**
 * The receipt of the authorisation gate. Mutating functions of the core demand one; only
 * `Gate.authorize` makes one, so a forgotten check does not compile.
 */
import { DomainError } from "../errors.ts";
import { type Caller, type CredentialKind, provenBy } from "../principal.ts";
import { unitNotFound } from "../unit/not-found.ts";
import { type Action, isUnitAction, outputAction } from "./action.ts";
import { everything, type Labels } from "./resource.ts";

const grantBrand: unique symbol = Symbol("grant");

/** Proof that `caller` may do `action` on `resource`. */
export interface Grant<A extends Action = Action> {
	readonly [grantBrand]: true;
	readonly caller: Caller;
	readonly action: A;
	/** A unit id, or `*` for what belongs to no unit. */
	readonly resource: string;
}

/**
 * Decides. Total: never throws for a known principal; storage trouble rejects, and that denies.
 * `labels` are the unit's where the caller knows them: as listed, or as they are about to be.
 */
export type Decide = (
	caller: Caller,
	action: Action,
	resource: string,
	labels?: Labels,
) => Promise<boolean>;

/** Whether one caller may do one action on each of many units, whose labels are known. */
export type Filter = (resource: string, labels: Labels) => boolean;

/** Prepares a filter: what concerns the caller is read once. Fails as Decide does. */
export type FilterFor = (caller: Caller, action: Action) => Promise<Filter>;

/** Whether one caller may read the output of this name of one unit. */
export type OutputFilter = (name: string) => boolean;

/** Prepares a filter of outputs. Fails as Decide does. */
export type OutputsFor = (caller: Caller, resource: string) => Promise<OutputFilter>;

/** Somebody asked for what they may not do. */
export interface Denial {
	readonly caller: Caller;
	readonly action: Action;
	readonly resource: string;
}

/** The one authorisation gate of the core. */
export class Gate {
	readonly #decide: Decide;
	readonly #onDenied: (denial: Denial) => void;
	readonly #filterFor: FilterFor | null;
	readonly #outputsFor: OutputsFor | null;
	readonly #hasStanding: ((caller: Caller) => Promise<boolean>) | null;

	constructor(
		decide: Decide,
		onDenied: (denial: Denial) => void = () => {},
		filterFor: FilterFor | null = null,
		outputsFor: OutputsFor | null = null,
		hasStanding: ((caller: Caller) => Promise<boolean>) | null = null,
	) {
		this.#decide = decide;
		this.#onDenied = onDenied;
		this.#filterFor = filterFor;
		this.#outputsFor = outputsFor;
		this.#hasStanding = hasStanding;
	}

	/** Whether the caller is anybody here, so that what there is need not be hidden from them. */
	async hasStanding(caller: Caller): Promise<boolean> {
		if (this.#hasStanding !== null) return await this.#hasStanding(caller);
		return await this.#decide(caller, "unit.read", everything);
	}

	/**
	 * Makes the receipt. Fails with `forbidden`; for a unit that the caller may not read either,
	 * with the same `unit_not_found` as for one that does not exist. With `labels` the decision does
	 * not depend on what exists, and a refusal tells nothing: it is always `forbidden`. A failure to
	 * decide is a failure (I14).
	 */
	async authorize<A extends Action>(
		caller: Caller,
		action: A,
		resource: string,
		labels?: Labels,
	): Promise<Grant<A>> {
		if (!(await this.#decide(caller, action, resource, labels))) {
			this.#onDenied({ caller, action, resource });
			if (labels === undefined && (await this.#isHidden(caller, action, resource))) {
				throw unitNotFound();
			}
			throw new DomainError("forbidden", "insufficient permissions to access resource", {
				hint: `contact your administrator to grant ${action} permission`,
			});
		}
		return { [grantBrand]: true, caller, action, resource };
	}

	/** Whether the caller may, without a receipt: for filtering lists. */
	async may(caller: Caller, action: Action, resource: string, labels?: Labels): Promise<boolean> {
		return this.#decide(caller, action, resource, labels);
	}

	/**
	 * Which outputs of the unit the caller may read, for those who may read any. Fails as `authorize`
	 * does for unit.read-outputs, also with `unit_not_found`.
	 */
	async outputsFilter(caller: Caller, resource: string): Promise<OutputFilter> {
		await this.authorize(caller, outputAction, resource);
		return this.#outputsFor === null ? () => true : await this.#outputsFor(caller, resource);
	}

	/** Those of many that the caller may, in their order: `may` for each, at the price of one. */
	async filter<T>(
		caller: Caller,
		action: Action,
		items: readonly T[],
		unitOf: (item: T) => { readonly id: string; readonly labels: Labels },
	): Promise<T[]> {
		if (this.#filterFor !== null) {
			const mayOn = await this.#filterFor(caller, action);
			return items.filter((item) => mayOn(unitOf(item).id, unitOf(item).labels));
		}
		const kept: T[] = [];
		for (const item of items) {
			const { id, labels } = unitOf(item);
			if (await this.may(caller, action, id, labels)) kept.push(item);
		}
		return kept;
	}

	async #isHidden(caller: Caller, action: Action, resource: string): Promise<boolean> {
		if (resource === everything) return false;
		if (!isUnitAction(action) && action !== "audit.read") return false;
		if (action === "unit.read") return true;
		return !(await this.#decide(caller, "unit.read", resource));
	}
}

/**
 * The decision until roles exist: whoever the authenticator let in as the admin, as the system, or
 * by `--auth-disable` may do everything; nobody else exists.
 */
export const decideAdminOnly: Decide = async (caller) =>
	administrators.has(provenBy(caller.principal));

const administrators: ReadonlySet<CredentialKind> = new Set([
	"admin-token",
	"auth-disabled",
	"system",
]);

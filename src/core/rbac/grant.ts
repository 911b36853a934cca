/**
 * The receipt of the authorisation gate. Mutating functions of the core demand one; only
 * `Gate.authorize` makes one, so a forgotten check does not compile.
 */
import { DomainError } from "../errors.ts";
import { type Caller, type CredentialKind, provenBy } from "../principal.ts";
import type { Action } from "./action.ts";

const grantBrand: unique symbol = Symbol("grant");

/** Proof that `caller` may do `action` on `resource`. */
export interface Grant<A extends Action = Action> {
	readonly [grantBrand]: true;
	readonly caller: Caller;
	readonly action: A;
	/** A unit id, or `*` for what belongs to no unit. */
	readonly resource: string;
}

/** Decides. Total: never throws for a known principal; storage trouble rejects, and that denies. */
export type Decide = (caller: Caller, action: Action, resource: string) => Promise<boolean>;

/** The one authorisation gate of the core. */
export class Gate {
	readonly #decide: Decide;

	constructor(decide: Decide) {
		this.#decide = decide;
	}

	/**
	 * Makes the receipt, or fails with `forbidden`. A failure to decide is a failure (I14).
	 */
	async authorize<A extends Action>(
		caller: Caller,
		action: A,
		resource: string,
	): Promise<Grant<A>> {
		if (!(await this.#decide(caller, action, resource))) {
			throw new DomainError("forbidden", "insufficient permissions to access resource", {
				hint: `contact your administrator to grant ${action} permission`,
			});
		}
		return { [grantBrand]: true, caller, action, resource };
	}

	/** Whether the caller may, without a receipt: for filtering lists. */
	async may(caller: Caller, action: Action, resource: string): Promise<boolean> {
		return this.#decide(caller, action, resource);
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

/** Who may make API tokens of their own, and for how long. */
import type { ApiToken } from "../../auth/token/api-token.ts";
import { DomainError } from "../../core/errors.ts";
import type { Organization } from "../../core/organization/organization.ts";
import type { Caller } from "../../core/principal.ts";
import type { SurfaceDeps } from "./surface-deps.ts";

/** What is no person speaks for itself by the tokens that others make for it. */
const machines = ["ci:", "service:", "team:", "organization:", "audit-trails:"];

/**
 * Refuses who may not make tokens that speak for themselves: a token that could make a wider or
 * longer-lived one of itself would not be narrow. Fails with `forbidden`.
 */
export function refuseNarrowed(caller: Caller): void {
	const { scope, id, credentialKind } = caller.principal;
	if (scope !== undefined) {
		throw new DomainError("forbidden", "a narrowed credential cannot make tokens", {
			hint: "log in and make the token with that login",
		});
	}
	const isMachine = machines.some((prefix) => id.startsWith(prefix));
	if (isMachine || credentialKind === "auth-disabled") {
		throw new DomainError("forbidden", "only a person can have tokens of their own", {
			hint: "make a token for a machine with --service",
		});
	}
}

/** Whether the token is the organization's to manage: a person's own login is the default one's. */
export function isTokenOf({ organization }: ApiToken, here: Organization): boolean {
	return organization === undefined ? here.isDefault : organization === here.key;
}

/** Whether the token is a team's or the organization's: whoever manages these manages it. */
export function isManaged({ subject }: Pick<ApiToken, "subject">): boolean {
	return /^(?:team|organization|audit-trails):/.test(subject);
}

/**
 * Whether the token speaks for the caller. A machine's name says nothing beyond its organization:
 * there may be one of that name in each. One token of a team is not the master of the others.
 */
export function isOwnToken(token: ApiToken, { principal }: Caller): boolean {
	const { id, subject, organization } = token;
	if (subject !== principal.id || (isManaged(token) && id !== principal.loginId)) return false;
	return principal.organization === undefined || principal.organization === organization;
}

/** The life that is asked for (null: no end), but never beyond the end of the token that asks. */
export async function lifeOf(
	wantedMs: number | null,
	{ principal }: Caller,
	deps: Pick<SurfaceDeps, "identities" | "clock">,
): Promise<number | null> {
	if (principal.credentialKind !== "api-token") return wantedMs;
	const own = await (await deps.identities).tokens.find(principal.loginId);
	if (own === null || own.expires === null) return wantedMs;
	const leftMs = Math.max(1, own.expires - deps.clock.now());
	return wantedMs === null ? leftMs : Math.min(wantedMs, leftMs);
}

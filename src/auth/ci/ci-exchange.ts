/** Trades the ID token of a CI job for a short-lived access token: nothing secret is stored in CI. */
import { DomainError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { MachineLogin } from "../logins.ts";
import type { Fetch } from "../oidc/bounded-fetch.ts";
import { subjectOf } from "../oidc/claims.ts";
import { EndpointFinder } from "../oidc/endpoints.ts";
import { IdTokenVerifier } from "../oidc/id-token.ts";
import { matchingRule, type TrustedIssuer } from "./trust.ts";

/** The key of the organization of this name, null being the default one. Fails with `not_found`. */
export type OrganizationKeyOf = (name: string) => Promise<string | null>;

interface Known {
	readonly trusted: TrustedIssuer;
	readonly verifier: IdTokenVerifier;
}

/** The trusted issuers, each with its keys and rules. */
export class CiExchange {
	readonly #issuers: ReadonlyMap<string, Known>;
	readonly #organizationKey: OrganizationKeyOf;

	constructor(
		deps: {
			readonly fetch: Fetch;
			readonly clock: Clock;
			readonly organizationKey: OrganizationKeyOf;
		},
		trusted: readonly TrustedIssuer[],
	) {
		this.#organizationKey = deps.organizationKey;
		this.#issuers = new Map(
			trusted.map((one) => {
				const fixed =
					one.jwksUrl === null
						? {}
						: // Only the keys are ever asked for.
							{ jwks: one.jwksUrl, authorization: one.issuer, token: one.issuer };
				const endpoints = new EndpointFinder({ ...deps, issuer: one.issuer, fixed });
				const verifier = new IdTokenVerifier({ ...deps, endpoints, isClient: false });
				return [one.issuer, { trusted: one, verifier }];
			}),
		);
	}

	/** Whether tokens of that issuer are for this exchange. */
	trusts(issuer: string): boolean {
		return this.#issuers.has(issuer);
	}

	/** What the job may be. Fails with `unauthenticated`, `forbidden`, `provider_unavailable`. */
	async exchange(issuer: string, idToken: string): Promise<MachineLogin> {
		const known = this.#issuers.get(issuer);
		const claims = await known?.verifier.verify(idToken, known.trusted.audience, null);
		if (known === undefined || claims === undefined || claims === null) {
			throw new DomainError("unauthenticated", "the CI system's token is not valid", {
				hint: "check the audience that the job asks for, and that the token is fresh",
			});
		}
		const rule = matchingRule(known.trusted.rules, claims);
		if (rule === null) {
			throw new DomainError("forbidden", "no rule lets this job in", {
				hint: "compare the token's claims with the rules of OPENTACO_CI_TRUST",
			});
		}
		const subject = subjectOf("ci", issuer, claims.sub);
		const { roles, units } = rule;
		const organization =
			rule.organization === null ? null : await this.#organizationKey(rule.organization);
		return { subject, roles, units, organization };
	}
}

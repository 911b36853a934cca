/** Puts the parts of identity together. No logic of its own beyond who may verify which ID token. */

import { createHash } from "node:crypto";
import { DomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { TokenVerifier } from "./admin-verifier.ts";
import { IdentityAuthenticator } from "./authenticator.ts";
import { CiExchange, type OrganizationKeyOf } from "./ci/ci-exchange.ts";
import type { TrustedIssuer } from "./ci/trust.ts";
import { LocalUsers } from "./local/local-users.ts";
import { Logins, type TokenPair } from "./logins.ts";
import { AuthorizationFlow } from "./oauth/authorization-flow.ts";
import { StateBox } from "./oauth/state-box.ts";
import { TokenEndpoint } from "./oauth/token-endpoint.ts";
import type { Fetch } from "./oidc/bounded-fetch.ts";
import { unverifiedIssuer } from "./oidc/id-token.ts";
import { OidcProvider, type ProviderConfig } from "./oidc/provider.ts";
import { RateLimit } from "./rate-limit.ts";
import type { SharedState } from "./shared-state.ts";
import { Subjects } from "./subjects.ts";
import { ApiTokens } from "./token/api-token.ts";
import { Keyring, type KeyringOptions } from "./token/keyring.ts";
import { SignedTokens } from "./token/signed-token.ts";
import { UsedOnce } from "./used-once.ts";

export interface IdentityConfig {
	readonly privateKey: KeyringOptions["privateKey"];
	readonly accessTokenMs: number;
	readonly refreshTokenMs: number;
	/** null: tokens of `terraform login` do not expire. */
	readonly terraformTokenMs: number | null;
	/** 32 bytes; null: derived from the shared secret. */
	readonly stateKey: Uint8Array | null;
	readonly provider: ProviderConfig | null;
	/** People may log in with passwords and the admin token on the server's own page. */
	readonly isLocalLogin: boolean;
	readonly trustedIssuers: readonly TrustedIssuer[];
	/** Issuer of the tokens; null: a name of this set of servers. */
	readonly publicBaseUrl: string | null;
}

/** A login that was tried, for the audit trail. No secret in it. */
export interface LoginNote {
	readonly outcome: "success" | "failed";
	/** `login.provider`, `login.local`, `login.admin`, `login.ci`, `token.refresh`. */
	readonly operation: string;
	/** null: nobody proved to be anybody. */
	readonly subject: string | null;
	readonly address: string | null;
	readonly requestId: string;
}

export interface IdentityDeps {
	/** Hears of every login; must not throw. */
	readonly noteLogin?: (note: LoginNote) => void;
	readonly shared: SharedState;
	readonly fetch: Fetch;
	/** Verifies the admin token. */
	readonly admin: TokenVerifier;
	/** For trust rules that name an organization; without it there is none but the default one. */
	readonly organizationKey?: OrganizationKeyOf;
}

const noOrganizations: OrganizationKeyOf = async () => {
	throw new DomainError("not_found", "there is no such organization");
};

/** Everything about who is calling. */
export interface Identities {
	readonly keyring: Keyring;
	readonly subjects: Subjects;
	readonly logins: Logins;
	readonly tokens: ApiTokens;
	readonly users: LocalUsers;
	readonly used: UsedOnce;
	readonly signed: SignedTokens;
	readonly provider: OidcProvider | null;
	readonly flow: AuthorizationFlow;
	readonly tokenEndpoint: TokenEndpoint;
	readonly authenticator: IdentityAuthenticator;
	/** See IdTokenExchange. */
	readonly exchange: IdTokenExchange;
	/** Tries to get tokens, by address. */
	readonly tokenTries: RateLimit;
	readonly noteLogin: (note: LoginNote) => void;
	/** What clients must know to log in. */
	readonly isLocalLogin: boolean;
}

/** Opens the keys and builds the rest. Throws AuthConfigError; fails as Keyring.open. */
export async function openIdentities(
	deps: IdentityDeps,
	config: IdentityConfig,
): Promise<Identities> {
	const { shared, fetch, admin, noteLogin = () => {}, organizationKey = noOrganizations } = deps;
	const { clock, random, log } = shared;
	const keyring = await Keyring.open(shared, {
		privateKey: config.privateKey,
		tokenMsMax: Math.max(config.refreshTokenMs, config.accessTokenMs),
	});
	const issuer = config.publicBaseUrl ?? `urn:opentaco:${keyring.installation}`;
	const signed = new SignedTokens({ keyring, clock, random, issuer });
	const used = new UsedOnce(shared);
	const subjects = new Subjects(shared);
	const logins = new Logins({ shared, signed, subjects, used, random, admin, ...config });
	const tokens = new ApiTokens(shared, subjects, admin);
	const users = new LocalUsers(shared, subjects);
	const provider =
		config.provider === null ? null : new OidcProvider({ fetch, clock }, config.provider);
	const box = new StateBox({
		key: config.stateKey ?? keyring.secretFor("oauth-state"),
		issuer,
		clock,
		random,
	});
	const flow = new AuthorizationFlow({
		...{ box, used, signed, logins, random, clock, log, provider },
		authenticate: (name, password) => users.authenticate(name, password),
		adminTokenId: async (token) => (await admin.verify(token))?.adminTokenId ?? null,
		isLocalLogin: config.isLocalLogin,
		noteLogin,
	});
	const { terraformTokenMs } = config;
	return {
		...{ keyring, subjects, logins, tokens, users, used, signed, provider, flow },
		tokenTries: new RateLimit(clock, {
			triesMax: limits.tokenTriesMax,
			refillMs: limits.tokenTryRefillMs,
		}),
		noteLogin,
		isLocalLogin: config.isLocalLogin,
		tokenEndpoint: new TokenEndpoint({ signed, used, tokens, logins, log, terraformTokenMs }),
		authenticator: new IdentityAuthenticator({ admin, logins, tokens }),
		exchange: new IdTokenExchange({
			...{ provider, logins, used },
			ci: new CiExchange({ fetch, clock, organizationKey }, config.trustedIssuers),
		}),
	};
}

interface ExchangeDeps {
	readonly provider: OidcProvider | null;
	readonly ci: CiExchange;
	readonly logins: Logins;
	readonly used: UsedOnce;
}

/** Trades ID tokens that a client got by itself, of people and of CI jobs, for tokens of ours. */
export class IdTokenExchange {
	readonly #deps: ExchangeDeps;

	constructor(deps: ExchangeDeps) {
		this.#deps = deps;
	}

	/**
	 * `nonce` null: the client sent none. A person's ID token counts once, so that one which is found
	 * later is worth nothing. Fails with `unauthenticated`, `forbidden`, `provider_unavailable`.
	 */
	async exchange(idToken: string, nonce: string | null): Promise<TokenPair> {
		const { provider, ci, logins, used } = this.#deps;
		const issuer = unverifiedIssuer(idToken);
		if (issuer !== null && ci.trusts(issuer)) {
			return await logins.beginMachine(await ci.exchange(issuer, idToken));
		}
		if (provider === null) {
			throw new DomainError("unauthenticated", "this server takes no ID tokens of that issuer", {
				hint: "set OPENTACO_AUTH_ISSUER for people, or OPENTACO_CI_TRUST for CI jobs",
			});
		}
		const { identity, expiresMs } = await provider.verifyIdToken(idToken, nonce);
		// The token's own bytes do not tell two spellings of it apart; who it is for and when does.
		const content = idToken.split(".").slice(0, 2).join(".");
		const id = createHash("sha256").update(content, "utf8").digest("hex");
		if (!(await used.claim(id, expiresMs))) {
			throw new DomainError("unauthenticated", "this ID token has been used before", {
				hint: "log in again",
			});
		}
		return await logins.begin(identity, "provider");
	}
}

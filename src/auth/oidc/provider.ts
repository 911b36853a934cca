/** The identity provider that people log in with, as this server is its client (OpenID Connect). */
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { AuthConfigError } from "../config-error.ts";
import type { Identity } from "../subjects.ts";
import { type Fetch, fetchJson, isFetchable } from "./bounded-fetch.ts";
import { type ClaimRules, identityFrom } from "./claims.ts";
import { EndpointFinder, type Endpoints } from "./endpoints.ts";
import { IdTokenVerifier } from "./id-token.ts";

export interface ProviderConfig extends ClaimRules {
	readonly issuer: string;
	readonly clientId: string;
	/** null: a public client, which proves itself by PKCE alone. */
	readonly clientSecret: string | null;
	readonly authorizationUrl: string | null;
	readonly tokenUrl: string | null;
	readonly jwksUrl: string | null;
	readonly scopes: string;
}

export interface AuthorizationRequest {
	readonly redirectUri: string;
	readonly state: string;
	readonly nonce: string;
	/** PKCE, S256. */
	readonly challenge: string;
	/** Ask for the password even if the browser is logged in. */
	readonly isFresh: boolean;
}

/** What of the provider a client must know to log in by itself. */
export interface ProviderView {
	readonly issuer: string;
	readonly clientId: string;
	readonly isPublicClient: boolean;
	readonly endpoints: Endpoints | null;
	readonly scopes: string;
}

/** One OpenID provider, as this server uses it. */
export class OidcProvider {
	readonly config: ProviderConfig;
	readonly #fetch: Fetch;
	readonly #endpoints: EndpointFinder;
	readonly #idTokens: IdTokenVerifier;
	readonly #isWorkos: boolean;

	/** Asks nobody yet: a provider that is down does not keep the server from starting. */
	constructor(deps: { readonly fetch: Fetch; readonly clock: Clock }, config: ProviderConfig) {
		checkUrls(config);
		this.config = config;
		this.#fetch = deps.fetch;
		this.#isWorkos = new URL(config.issuer).hostname === "api.workos.com";
		const workos = this.#isWorkos ? workosUrls(config) : null;
		const endpoints = new EndpointFinder({
			...deps,
			issuer: config.issuer,
			fixed: {
				authorization: config.authorizationUrl ?? workos?.authorization,
				token: config.tokenUrl ?? workos?.token,
				jwks: config.jwksUrl ?? workos?.jwks,
			},
		});
		this.#endpoints = endpoints;
		this.#idTokens = new IdTokenVerifier({ ...deps, endpoints, isClient: true });
	}

	/** Never fails: `endpoints` is null while the provider is not to be reached. */
	async view(): Promise<ProviderView> {
		const { issuer, clientId, clientSecret, scopes } = this.config;
		const endpoints = await this.#endpoints.find().catch(() => null);
		return { issuer, clientId, isPublicClient: clientSecret === null, endpoints, scopes };
	}

	/** Where to send the browser. Fails with `provider_unavailable`. */
	async authorizationUrl(request: AuthorizationRequest): Promise<string> {
		const { authorization } = await this.#endpoints.find();
		if (authorization === null) throw incomplete();
		const url = new URL(authorization);
		const parameters = {
			response_type: "code",
			client_id: this.config.clientId,
			redirect_uri: request.redirectUri,
			scope: this.config.scopes,
			state: request.state,
			nonce: request.nonce,
			code_challenge: request.challenge,
			code_challenge_method: "S256",
			...(request.isFresh ? { prompt: "login", max_age: "0" } : {}),
			...(this.#isWorkos ? { provider: "authkit" } : {}),
		};
		for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
		return url.href;
	}

	/**
	 * Trades the code that the browser brought for the person. Fails with `unauthenticated` when the
	 * provider refuses it or its token is not valid, `provider_unavailable` when it does not answer.
	 */
	async exchangeCode(code: {
		readonly code: string;
		readonly redirectUri: string;
		readonly verifier: string;
		readonly nonce: string;
	}): Promise<Identity> {
		const { token: url } = await this.#endpoints.find();
		if (url === null) throw incomplete();
		const { status, body } = await this.#postCode(url, {
			grant_type: "authorization_code",
			code: code.code,
			redirect_uri: code.redirectUri,
			code_verifier: code.verifier,
		});
		if (status !== 200) {
			const reason = typeof body.error === "string" ? body.error : `status ${status}`;
			throw new DomainError("unauthenticated", "the identity provider refused the login", {
				hint: "log in again; if it goes on, check OPENTACO_AUTH_CLIENT_ID and OPENTACO_AUTH_CLIENT_SECRET",
				privateDetail: `OIDC token exchange: ${reason.slice(0, 200)}`,
			});
		}
		if (this.#isWorkos && body.id_token === undefined) return this.#workosIdentity(body.user);
		if (typeof body.id_token !== "string") throw invalidIdToken();
		return (await this.verifyIdToken(body.id_token, code.nonce)).identity;
	}

	/**
	 * The person of an ID token; `nonce` null: the token was asked for elsewhere. Fails with
	 * `unauthenticated`, `provider_unavailable`.
	 */
	async verifyIdToken(
		token: string,
		nonce: string | null,
	): Promise<{ readonly identity: Identity; readonly expiresMs: number }> {
		const { issuer, clientId } = this.config;
		const claims = await this.#idTokens.verify(token, clientId, nonce);
		if (claims === null) throw invalidIdToken();
		const identity = identityFrom(issuer, claims.sub, claims, this.config);
		return { identity, expiresMs: claims.exp * 1000 };
	}

	/**
	 * The secret goes in the header, as OpenID Connect wants it by default, and in the form for those
	 * who refuse that; a code survives a refusal of the client.
	 */
	async #postCode(url: string, parameters: Readonly<Record<string, string>>) {
		const { clientId, clientSecret } = this.config;
		const inHeader = clientSecret !== null && !this.#isWorkos;
		const post = (form: Record<string, string>, headers: Record<string, string>) =>
			fetchJson(this.#fetch, url, "the token exchange", {
				method: "POST",
				headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
				body: new URLSearchParams({ ...parameters, ...form }).toString(),
			});
		if (inHeader) {
			const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
			const basic = `Basic ${Buffer.from(pair).toString("base64")}`;
			const answer = await post({}, { authorization: basic });
			if (answer.body.error !== "invalid_client" && answer.status !== 401) return answer;
		}
		const secret = clientSecret === null ? {} : { client_secret: clientSecret };
		return await post({ client_id: clientId, ...secret }, {});
	}

	/** WorkOS answers the person beside its tokens; the answer itself came over TLS from it. */
	#workosIdentity(user: unknown): Identity {
		const claims = (typeof user === "object" && user !== null ? user : {}) as Record<
			string,
			unknown
		>;
		const { id } = claims;
		if (typeof id !== "string" || !/^[\w-]{1,128}$/.test(id)) throw invalidIdToken();
		return identityFrom(this.config.issuer, id, claims, this.config);
	}
}

/** RFC 6749, 2.3.1 wants the parts of the header form-encoded. */
function formEncoded(text: string): string {
	return new URLSearchParams({ "": text }).toString().slice(1);
}

function workosUrls(config: ProviderConfig) {
	const root = "https://api.workos.com/user_management";
	return {
		authorization: `${root}/authorize`,
		token: `${root}/authenticate`,
		jwks: `https://api.workos.com/sso/jwks/${encodeURIComponent(config.clientId)}`,
	};
}

function checkUrls(config: ProviderConfig): void {
	const urls = {
		OPENTACO_AUTH_ISSUER: config.issuer,
		OPENTACO_AUTH_AUTH_URL: config.authorizationUrl,
		OPENTACO_AUTH_TOKEN_URL: config.tokenUrl,
		OPENTACO_AUTH_JWKS_URL: config.jwksUrl,
	};
	for (const [name, url] of Object.entries(urls)) {
		if (url !== null && (url.length > limits.redirectUriBytesMax || !isFetchable(url))) {
			throw new AuthConfigError(
				`${name}: must be an https URL without credentials (http only for localhost)`,
			);
		}
	}
}

function invalidIdToken(): DomainError {
	return new DomainError("unauthenticated", "the identity provider's token is not valid", {
		hint: "log in again; check that OPENTACO_AUTH_ISSUER and OPENTACO_AUTH_CLIENT_ID are those of the token, and that the clocks agree",
	});
}

function incomplete(): DomainError {
	return new DomainError(
		"provider_unavailable",
		"the identity provider names no usable endpoint for this login",
		{ hint: "set OPENTACO_AUTH_AUTH_URL and OPENTACO_AUTH_TOKEN_URL" },
	);
}

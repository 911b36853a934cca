/** `/v1/auth`: what a client must know to log in, tokens for proofs, who one is, and the end of it. */
import {
	AuthMessage,
	ExchangeRequest,
	LoginConfig,
	Me,
	RefreshRequest,
	TokenPairView,
} from "../../../api/identity.ts";
import type { Identities } from "../../../auth/identity.ts";
import type { TokenPair } from "../../../auth/logins.ts";
import { DomainError } from "../../../core/errors.ts";
import type { CollectionOperation, PublicExchange, PublicOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

const tag = "Login";

/** Where `taco login` waits when it logs in at the provider itself. */
const redirectUris = ["http://127.0.0.1:8585/callback", "http://localhost:8585/callback"];

function pairResponse(pair: TokenPair): Response {
	const view: TokenPairView = {
		access_token: pair.accessToken,
		...(pair.refreshToken === null ? {} : { refresh_token: pair.refreshToken }),
		expires_in: pair.expiresInSeconds,
		token_type: "Bearer",
	};
	return Response.json(view, { headers: { "cache-control": "no-store", pragma: "no-cache" } });
}

/** Runs a proof for tokens: limited by address, and noted whether it succeeds or not. */
async function proving(
	{ context, deps }: PublicExchange,
	operation: string,
	prove: (identities: Identities) => Promise<TokenPair>,
): Promise<Response> {
	const identities = await deps.identities;
	const address = context.clientAddress;
	identities.tokenTries.take(`address ${address ?? "unknown"}`);
	const note = { operation, address, requestId: context.requestId };
	try {
		const pair = await prove(identities);
		const principal = await identities.logins.verify(pair.accessToken);
		identities.noteLogin({ ...note, outcome: "success", subject: principal?.id ?? null });
		return pairResponse(pair);
	} catch (error) {
		identities.noteLogin({ ...note, outcome: "failed", subject: null });
		throw error;
	}
}

const getLoginConfig: PublicOperation = {
	scope: "public",
	id: "getLoginConfig",
	method: "GET",
	path: "/v1/auth/config",
	tag,
	summary: "How to log in here",
	success: { status: 200, schema: LoginConfig },
	failures: [],
	async handle({ deps }) {
		const { provider, isLocalLogin } = await deps.identities;
		const view = (await provider?.view()) ?? null;
		const endpoints = view?.endpoints ?? null;
		const isDirect = view?.isPublicClient === true && endpoints?.authorization != null;
		const config: LoginConfig = {
			issuer: view?.issuer ?? "",
			client_id: view?.clientId ?? "",
			...(endpoints?.authorization == null
				? {}
				: { authorization_endpoint: endpoints.authorization }),
			...(endpoints?.token == null ? {} : { token_endpoint: endpoints.token }),
			...(endpoints?.deviceAuthorization == null
				? {}
				: { device_authorization_endpoint: endpoints.deviceAuthorization }),
			scopes: view?.scopes ?? "",
			redirect_uris: redirectUris,
			login: isDirect ? "provider" : view !== null || isLocalLogin ? "server" : "none",
		};
		return Response.json(config);
	},
};

const exchangeIdToken: PublicOperation = {
	scope: "public",
	id: "exchangeIdToken",
	method: "POST",
	path: "/v1/auth/exchange",
	tag,
	summary: "Trade an ID token of the provider, or of a trusted CI system, for tokens",
	body: { schema: ExchangeRequest },
	success: { status: 200, schema: TokenPairView },
	failures: [400, 429],
	async handle(exchange) {
		const input = await readJson(exchange.request, ExchangeRequest);
		return await proving(exchange, "login.id-token", (identities) =>
			identities.exchange.exchange(input.id_token, input.nonce ?? null),
		);
	},
};

const refreshLogin: PublicOperation = {
	scope: "public",
	id: "refreshLogin",
	method: "POST",
	path: "/v1/auth/token",
	tag,
	summary: "Renew a login; each refresh token counts once",
	body: { schema: RefreshRequest },
	success: { status: 200, schema: TokenPairView },
	failures: [400, 429],
	async handle(exchange) {
		const input = await readJson(exchange.request, RefreshRequest);
		return await proving(exchange, "token.refresh", (identities) =>
			identities.logins.refresh(input.refresh_token),
		);
	},
};

const revokeLogin: PublicOperation = {
	scope: "public",
	id: "revokeLogin",
	method: "POST",
	path: "/v1/auth/revoke",
	tag,
	summary: "End the login of a refresh token; one that proves nothing is a success as well",
	body: { schema: RefreshRequest },
	success: { status: 200, schema: AuthMessage },
	failures: [400, 429],
	async handle({ request, context, deps }) {
		const input = await readJson(request, RefreshRequest);
		const identities = await deps.identities;
		identities.tokenTries.take(`address ${context.clientAddress ?? "unknown"}`);
		await identities.logins.endByRefreshToken(input.refresh_token);
		const message: AuthMessage = { message: "Logged out" };
		return Response.json(message);
	},
};

const getMe: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "getMe",
	method: "GET",
	path: "/v1/auth/me",
	tag,
	summary: "Whom the credential speaks for",
	success: { status: 200, schema: Me },
	failures: [],
	async handle({ caller }) {
		const { id, email, groups, roles, scope, credentialKind } = caller.principal;
		const me: Me = {
			subject: id,
			email: email ?? "",
			roles: [...(roles ?? [])],
			groups: [...(groups ?? [])],
			scopes: ["api", "s3"],
			credential: credentialKind,
			units: scope?.units == null ? null : [...scope.units],
		};
		return Response.json(me);
	},
};

const logOut: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "logOut",
	method: "POST",
	path: "/v1/auth/logout",
	tag,
	summary: "End the login, or revoke the API token, that the request itself comes with",
	success: { status: 200, schema: AuthMessage },
	failures: [400],
	async handle({ caller, deps, context }) {
		const { principal } = caller;
		const { logins, tokens } = await deps.identities;
		if (principal.credentialKind === "access-token") {
			await logins.end(principal, context.requestId);
		} else if (principal.credentialKind === "api-token") {
			await tokens.revokeOwn(caller);
		} else {
			throw new DomainError("invalid_request", "this credential is no login that could end", {
				hint: "a new admin token is made with `taco serve --reset-admin-token`",
			});
		}
		const message: AuthMessage = { message: "Logged out" };
		return Response.json(message);
	},
};

export const loginOperations = [
	getLoginConfig,
	exchangeIdToken,
	refreshLogin,
	revokeLogin,
	getMe,
	logOut,
] as const;

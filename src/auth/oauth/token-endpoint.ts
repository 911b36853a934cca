/** POST /oauth/token: an authorization code for a token, once (RFC 6749, 4.1.3 and RFC 7636). */
import type { Log } from "../../core/ports/log.ts";
import type { Principal } from "../../core/principal.ts";
import type { LoginMethod, Logins } from "../logins.ts";
import { ownGrant, systemGrant } from "../shared-state.ts";
import { type ApiTokens, tokenIdFrom } from "../token/api-token.ts";
import type { Claims, SignedTokens } from "../token/signed-token.ts";
import type { UsedOnce } from "../used-once.ts";
import { ownClientId } from "./authorization-flow.ts";
import { OAuthError } from "./oauth-error.ts";
import { isVerifierOf } from "./pkce.ts";
import { isLoopbackRedirect } from "./redirect-uri.ts";

export interface TokenEndpointDeps {
	readonly signed: SignedTokens;
	readonly used: UsedOnce;
	readonly tokens: ApiTokens;
	readonly logins: Logins;
	readonly log: Log;
	/** How long the tokens of `terraform login` live; null: until they are revoked. */
	readonly terraformTokenMs: number | null;
}

/** The answer, as it goes on the wire. */
export interface TokenAnswer {
	readonly access_token: string;
	readonly token_type: "Bearer";
	readonly scope: string;
	/** The same as `access_token`, for `terraform login`. */
	readonly token?: string;
	readonly refresh_token?: string;
	/** Seconds; absent: it does not expire. */
	readonly expires_in?: number;
}

const single = ["grant_type", "code", "redirect_uri", "code_verifier", "client_id"];

/** Trades codes for tokens. */
export class TokenEndpoint {
	readonly #deps: TokenEndpointDeps;

	constructor(deps: TokenEndpointDeps) {
		this.#deps = deps;
	}

	/**
	 * Answers the form. Fails with OAuthError for what the client did wrong, DomainError when the
	 * store fails. A second use of a code revokes what the first one gave.
	 */
	async exchange(form: URLSearchParams, requestId: string): Promise<TokenAnswer> {
		for (const name of single) {
			if (form.getAll(name).length > 1)
				throw new OAuthError("invalid_request", `Duplicate ${name}`);
		}
		if (form.get("grant_type") !== "authorization_code") {
			throw new OAuthError("unsupported_grant_type", "Only authorization_code is supported");
		}
		const clientId = form.get("client_id") ?? "";
		if (clientId === "") throw new OAuthError("invalid_client", "Invalid client_id");
		const code = await this.#deps.signed.verify("code", form.get("code") ?? "");
		if (code === null) throw invalidCode();
		const { client_id, redirect_uri, code_challenge } = code;
		if (client_id !== clientId) throw new OAuthError("invalid_grant", "Invalid client_id");
		const redirectUri = form.get("redirect_uri") ?? "";
		if (redirect_uri !== redirectUri || !isLoopbackRedirect(redirectUri)) {
			throw new OAuthError("invalid_grant", "Invalid redirect_uri");
		}
		const challenge = typeof code_challenge === "string" ? code_challenge : "";
		if (!isVerifierOf(form.get("code_verifier") ?? "", challenge)) {
			throw new OAuthError("invalid_grant", "Invalid code_verifier");
		}
		if (!(await this.#deps.used.claim(code.jti, code.exp * 1000))) {
			await this.#undo(code);
			throw invalidCode();
		}
		return clientId === ownClientId
			? await this.#login(code)
			: await this.#apiToken(code, requestId);
	}

	async #login(code: Claims): Promise<TokenAnswer> {
		const method = methodOf(code);
		const login = tokenIdFrom(code.jti);
		const pair = await this.#deps.logins.beginNoted(code.sub, method, login, adminTokenOf(code));
		return {
			access_token: pair.accessToken,
			token_type: "Bearer",
			scope: "api s3",
			...(pair.refreshToken === null ? {} : { refresh_token: pair.refreshToken }),
			expires_in: pair.expiresInSeconds,
		};
	}

	async #apiToken(code: Claims, requestId: string): Promise<TokenAnswer> {
		const { terraformTokenMs, tokens } = this.#deps;
		const principal = {
			id: code.sub,
			credentialKind: "access-token",
			loginId: tokenIdFrom(code.jti),
			...adminTokenOf(code),
		} as const;
		const grant = await ownGrant({ principal, surface: "management", requestId });
		const { token } = await tokens.issue(grant, {
			kind: "tfe",
			name: `${String(code.client_id)} login`,
			subject: code.sub,
			roles: null,
			units: null,
			organization: null,
			lifeMs: terraformTokenMs,
			id: tokenIdFrom(code.jti),
		});
		return {
			access_token: token,
			token,
			token_type: "Bearer",
			scope: "api s3",
			...(terraformTokenMs === null ? {} : { expires_in: Math.floor(terraformTokenMs / 1000) }),
		};
	}

	/** Somebody else has the code as well: nothing that came of it may count (RFC 6749, 4.1.2). */
	async #undo(code: Claims): Promise<void> {
		this.#deps.log.write("warn", "an authorization code was used twice; its token was revoked", {
			subject: code.sub,
		});
		const id = tokenIdFrom(code.jti);
		if (code.client_id === ownClientId) await this.#deps.logins.endById(code.sub, id);
		else await this.#deps.tokens.revoke(await systemGrant(), id);
	}
}

function methodOf(code: Claims): LoginMethod {
	return code.method === "local" || code.method === "admin" ? code.method : "provider";
}

function adminTokenOf(code: Claims): Pick<Principal, "adminTokenId"> {
	return typeof code.admin_token === "string" ? { adminTokenId: code.admin_token } : {};
}

function invalidCode(): OAuthError {
	return new OAuthError("invalid_grant", "Invalid or expired authorization code");
}

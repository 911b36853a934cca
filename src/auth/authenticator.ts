/** Which credential opens which surface, and whom it speaks for. */
import { DomainError } from "../core/errors.ts";
import { type Principal, provenBy, type Surface } from "../core/principal.ts";
import type { TokenVerifier } from "./admin-verifier.ts";
import type { Logins } from "./logins.ts";
import { type ApiTokens, looksLikeApiToken } from "./token/api-token.ts";
import { looksLikeJwt } from "./token/signed-token.ts";

/** What came in the Authorization header. */
export type Credential =
	| { readonly kind: "none" }
	/** Not understood, or of a scheme that is not taken. */
	| { readonly kind: "other" }
	| { readonly kind: "bearer"; readonly token: string }
	/** The password of HTTP basic; the name is not looked at. */
	| { readonly kind: "basic"; readonly token: string };

/** The surfaces that take tokens, and how. What is not named here takes none. */
const takes: Readonly<Partial<Record<Surface, readonly Credential["kind"][]>>> = {
	management: ["bearer"],
	tfe: ["bearer"],
	// Terraform's http backend knows no other way than basic.
	"http-backend": ["bearer", "basic"],
};

export interface IdentityAuthenticatorDeps {
	readonly admin: TokenVerifier;
	readonly logins: Logins;
	readonly tokens: ApiTokens;
}

/** Turns what came in a header into a principal, or refuses it. */
export class IdentityAuthenticator {
	readonly #deps: IdentityAuthenticatorDeps;

	constructor(deps: IdentityAuthenticatorDeps) {
		this.#deps = deps;
	}

	/**
	 * Who the credential speaks for. Fails with `unauthenticated` when it proves nothing or is not
	 * taken on this surface, `storage_unavailable` when the store cannot tell: a token of one kind is
	 * never tried as another (I14).
	 */
	async authenticate(credential: Credential, surface: Surface): Promise<Principal> {
		const taken = takes[surface] ?? [];
		if (credential.kind === "none") throw refused("this needs a token", surface);
		if (credential.kind === "other") {
			throw refused("the Authorization header is not understood", surface);
		}
		if (!taken.includes(credential.kind) && !isAdminPassword(credential, surface)) {
			throw refused("this surface does not take that kind of credential", surface);
		}
		const principal = await this.#verify(credential.token);
		if (principal === null) throw refused("Token verification failed", surface);
		return principal;
	}

	/**
	 * What a principal is now of whom something else than its credential speaks, such as S3
	 * credentials or an upload address: null when the login or token that they were given to has ended, on another server at most `credentialFreshMs` ago. Fails with
	 * `storage_unavailable` when the store cannot tell (I14).
	 */
	async renewPrincipal(principal: Principal): Promise<Principal | null> {
		const { admin, logins, tokens } = this.#deps;
		switch (provenBy(principal)) {
			case "auth-disabled":
				return principal;
			case "admin-token":
				return (await admin.isCurrent(principal.loginId)) ? principal : null;
			case "access-token":
				return await logins.renewPrincipal(principal);
			case "api-token":
				return await tokens.renewPrincipal(principal);
			default:
				return null;
		}
	}

	async #verify(token: string): Promise<Principal | null> {
		const { admin, logins, tokens } = this.#deps;
		if (looksLikeApiToken(token)) return await tokens.verify(token);
		if (looksLikeJwt(token)) return await logins.verify(token);
		return await admin.verify(token);
	}
}

/** On `/v1` the admin token, and it alone, may come as a password too: `curl -u admin:<token>`. */
function isAdminPassword(credential: Credential, surface: Surface): boolean {
	return (
		surface === "management" &&
		credential.kind === "basic" &&
		!looksLikeApiToken(credential.token) &&
		!looksLikeJwt(credential.token)
	);
}

function refused(message: string, surface: Surface): DomainError {
	const hint =
		surface === "http-backend"
			? "send the token as the password of HTTP basic with any username (TF_HTTP_USERNAME and TF_HTTP_PASSWORD), or as `Authorization: Bearer …`"
			: surface === "s3"
				? "sign the request with the credentials that `taco creds` gives"
				: "send the token as `Authorization: Bearer …`; `taco login` and `terraform login` get one";
	return new DomainError("unauthenticated", message, { hint });
}

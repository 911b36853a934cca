/** The one authenticator: reads the credential of a request, whichever surface it is for. */
import type { TokenVerifier } from "../../auth/admin-verifier.ts";
import { anonymousPrincipal } from "../../auth/admin-verifier.ts";
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";

export interface Authenticator {
	/** Who sent the request. Fails with `unauthenticated`. */
	authenticate(request: Request): Promise<Principal>;
}

/** Everybody is let in: `--auth-disable`. */
export const openAuthenticator: Authenticator = {
	async authenticate() {
		return anonymousPrincipal;
	},
};

const hint =
	"send the token as `Authorization: Bearer …`, or as the password of HTTP basic with any username (TF_HTTP_USERNAME and TF_HTTP_PASSWORD for Terraform)";

/** Takes a token as a bearer, or as the password of HTTP basic with any username. */
export class TokenAuthenticator implements Authenticator {
	readonly #verifier: TokenVerifier;

	constructor(verifier: TokenVerifier) {
		this.#verifier = verifier;
	}

	async authenticate(request: Request): Promise<Principal> {
		const header = request.headers.get("authorization");
		if (header === null) throw new DomainError("unauthenticated", "this needs a token", { hint });
		const token = header.length > limits.authorizationBytesMax ? null : tokenOf(header);
		if (token === null) {
			throw new DomainError("unauthenticated", "the Authorization header is not understood", {
				hint,
			});
		}
		const principal = await this.#verifier.verify(token);
		if (principal === null) {
			throw new DomainError("unauthenticated", "the token is not valid", { hint });
		}
		return principal;
	}
}

/** The token in an Authorization header; null when there is none in it. */
export function tokenOf(header: string): string | null {
	const match = /^(bearer|basic) +([^ ]+) *$/i.exec(header);
	const credentials = match?.[2];
	if (match === null || credentials === undefined) return null;
	if (match[1]?.toLowerCase() === "bearer") return credentials;
	if (!/^[A-Za-z0-9+/]+={0,2}$/.test(credentials)) return null;
	const decoded = Buffer.from(credentials, "base64").toString("utf8");
	const colon = decoded.indexOf(":");
	const password = colon === -1 ? "" : decoded.slice(colon + 1);
	return password === "" ? null : password;
}

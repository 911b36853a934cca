/** The one authenticator: reads the credential of a request, whichever surface it is for. */
import { anonymousPrincipal } from "../../auth/admin-verifier.ts";
import type { Credential } from "../../auth/authenticator.ts";
import type { Identities } from "../../auth/identity.ts";
import { limits } from "../../core/limits.ts";
import type { Principal, Surface } from "../../core/principal.ts";
import { splitOrganizationPath } from "./organization-path.ts";
import { splitUrl } from "./request-context.ts";

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

/** Asks who the credential speaks for, and whether the surface takes it. */
export class IdentityGate implements Authenticator {
	readonly #identities: Promise<Identities>;

	constructor(identities: Promise<Identities>) {
		this.#identities = identities;
	}

	async authenticate(request: Request): Promise<Principal> {
		const { authenticator } = await this.#identities;
		const path = splitUrl(request.url)?.path ?? "/";
		const header = request.headers.get("authorization");
		return await authenticator.authenticate(credentialIn(header), surfaceAt(path));
	}
}

/** The surface that a path belongs to, as far as credentials go. */
export function surfaceAt(path: string): Surface {
	const [, first = "", second = ""] = splitOrganizationPath(path).path.split("/");
	if (first === "v1" && second === "backend") return "http-backend";
	if (first === "tfe" || first === "api") return "tfe";
	return first === "s3" ? "s3" : "management";
}

/** What an Authorization header holds. */
export function credentialIn(header: string | null): Credential {
	if (header === null) return { kind: "none" };
	if (header.length > limits.authorizationBytesMax) return { kind: "other" };
	const token = tokenOf(header);
	if (token === null) return { kind: "other" };
	return { kind: /^bearer/i.test(header) ? "bearer" : "basic", token };
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

/** Who is calling, how they proved it, and through which door. Made by the server's one authenticator. */

/** The door through which a request came. */
export type Surface = "management" | "http-backend" | "s3" | "tfe" | "system" | "outside";

/** What the caller proved itself with. */
export type CredentialKind = "admin-token" | "auth-disabled" | "system";

export interface Principal {
	/** Stable identity, e.g. `admin`. */
	readonly id: string;
	readonly credentialKind: CredentialKind;
	/** The login behind the credential, stable over its renewals; equal for the same stored token. */
	readonly loginId: string;
}

/** One request, as the core records it. */
export interface Caller {
	readonly principal: Principal;
	readonly surface: Surface;
	readonly requestId: string;
}

/** The platform itself: sweepers, projections, adoption. */
export const systemPrincipal: Principal = {
	id: "system",
	credentialKind: "system",
	loginId: "system",
};

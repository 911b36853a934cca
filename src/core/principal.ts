/** Who is calling, how they proved it, and through which door. Made by the server's one authenticator. */

/** The door through which a request came. */
export type Surface = "management" | "http-backend" | "s3" | "tfe" | "system" | "outside";

/** What the caller proved itself with. */
export type CredentialKind =
	| "admin-token"
	| "auth-disabled"
	| "system"
	/** A short-lived signed token of this server. */
	| "access-token"
	/** An opaque token that is stored as a hash and can be revoked. */
	| "api-token"
	/** AWS-style credentials derived from a login; good for the S3 surface only. */
	| "s3-credentials";

/** What a credential is narrowed to: never more than its subject may do. */
export interface CredentialScope {
	/** Patterns of unit ids; null: every unit. */
	readonly units: readonly string[] | null;
	/** Role ids that count, of those that the subject has; null: all of them. */
	readonly roles: readonly string[] | null;
}

export interface Principal {
	/** Stable identity, e.g. `admin`. */
	readonly id: string;
	readonly credentialKind: CredentialKind;
	/** The login behind the credential, stable over its renewals; equal for the same stored token. */
	readonly loginId: string;
	/** A person's verified e-mail address in lower case; absent for machines. */
	readonly email?: string;
	/** Groups that the identity provider asserts. */
	readonly groups?: readonly string[];
	/** Roles that the credential itself brings, beside those that are assigned to its subject. */
	readonly roles?: readonly string[];
	readonly scope?: CredentialScope;
	/**
	 * The key of the organization that the credential was made for, null being the default one: it
	 * counts nowhere else. Absent for a person's own login, which has in each organization the rights
	 * that its subject has there.
	 */
	readonly organization?: string | null;
	/** For credentials that were issued for another one: what that one was. */
	readonly derivedFrom?: CredentialKind;
	/** The epoch of its subject in which the credential was issued; it ends with that. */
	readonly epoch?: number;
	/** The admin token that proved it, by its public part: the credential ends with that token. */
	readonly adminTokenId?: string;
}

/** What the caller proved itself with in the first place. */
export function provenBy(principal: Principal): CredentialKind {
	return principal.derivedFrom ?? principal.credentialKind;
}

/** One request, as the core records it. */
export interface Caller {
	readonly principal: Principal;
	readonly surface: Surface;
	readonly requestId: string;
	/** The client's address, as far as proxies that are trusted tell it. */
	readonly address?: string | undefined;
}

/** Who did something, as records keep it. */
export interface Attribution {
	readonly principal: string;
	readonly credentialKind: CredentialKind;
	readonly loginId?: string;
	readonly email?: string;
	readonly surface: Surface;
	readonly requestId: string;
	readonly address?: string;
}

/** What a record says of the caller: enough to find the person and the credential, no secret. */
export function attributionOf(caller: Caller): Attribution {
	const { id, credentialKind, loginId, email } = caller.principal;
	return {
		principal: id,
		credentialKind,
		loginId,
		...(email === undefined ? {} : { email }),
		surface: caller.surface,
		requestId: caller.requestId,
		...(caller.address === undefined ? {} : { address: caller.address }),
	};
}

/** The platform itself: sweepers, projections, adoption. */
export const systemPrincipal: Principal = {
	id: "system",
	credentialKind: "system",
	loginId: "system",
};

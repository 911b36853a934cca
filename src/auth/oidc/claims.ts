/** What an identity provider's claims say about a person, strictly. */
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Identity } from "../subjects.ts";

export interface ClaimRules {
	/** The claim with the groups: a name, or a path with dots. */
	readonly groupsClaim: string;
	/** Believe an e-mail address of which the provider does not say whether it is verified. */
	readonly isEmailTrusted: boolean;
}

type Claims = Readonly<Record<string, unknown>>;

/**
 * The person. Fails with `unauthenticated` when the groups cannot be told completely: rights that
 * depend on them would be decided wrongly.
 */
export function identityFrom(
	issuer: string,
	subject: string,
	claims: Claims,
	rules: ClaimRules,
): Identity {
	return {
		subject: subjectOf("oidc", issuer, subject),
		email: emailFrom(claims, rules),
		groups: groupsFrom(claims, rules.groupsClaim),
	};
}

/** A subject that no other issuer's subject can equal. */
export function subjectOf(kind: "oidc" | "ci", issuer: string, subject: string): string {
	const name = issuer.replace(/^https?:\/\//, "").replace(/\/$/, "");
	return `${kind}:${name}:${subject}`;
}

function emailFrom(claims: Claims, rules: ClaimRules): string | null {
	const { email, email_verified: verified } = claims;
	if (typeof email !== "string" || !/^[^\s@\p{C}]{1,128}@[^\s@\p{C}]{1,128}$/u.test(email)) {
		return null;
	}
	const isVerified = verified === true || verified === "true";
	const isUnsaid = verified === undefined || verified === null;
	return isVerified || (isUnsaid && rules.isEmailTrusted) ? email.toLowerCase() : null;
}

function groupsFrom(claims: Claims, name: string): string[] {
	const value = claimAt(claims, name);
	const distributed = claims._claim_names as Claims | undefined;
	if (value === undefined && distributed?.[name] !== undefined) throw tooManyGroups();
	if (value === undefined || value === null) return [];
	const groups = typeof value === "string" ? [value] : value;
	if (!Array.isArray(groups)) return [];
	if (groups.length > limits.groupsMax) throw tooManyGroups();
	return groups.map((group) => {
		const isFine =
			typeof group === "string" && group !== "" && Buffer.byteLength(group) <= limits.groupBytesMax;
		if (!isFine) {
			throw new DomainError(
				"unauthenticated",
				"a group of the identity provider has no usable name",
				{
					hint: "correct OPENTACO_AUTH_GROUPS_CLAIM, or what the provider puts into it",
				},
			);
		}
		return group;
	});
}

/** The claim of that very name, else the one that the name's dots lead to. */
function claimAt(claims: Claims, name: string): unknown {
	if (Object.hasOwn(claims, name)) return claims[name];
	let value: unknown = claims;
	for (const part of name.split(".")) {
		if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
			return undefined;
		}
		value = (value as Claims)[part];
	}
	return value;
}

function tooManyGroups(): DomainError {
	return new DomainError(
		"unauthenticated",
		`the identity provider tells more than ${limits.groupsMax} groups, or leaves them out because they are many`,
		{ hint: "limit the groups claim to the groups of this application" },
	);
}

/** Organizations: scopes of the store, each with its own units, roles and audit trail. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Principal } from "../principal.ts";
import { idHeadOf } from "./id.ts";

/**
 * What an organization is told from others by, for good: a name that is given away again after a
 * deletion gets another key. null: the default one.
 */
export type OrganizationKey = string | null;

export interface Organization {
	readonly name: string;
	/** The one that the root of the store belongs to; it is always there. */
	readonly isDefault: boolean;
	readonly key: OrganizationKey;
	/** What ids of things in it begin with, behind their kind. No two organizations share one. */
	readonly idHead: string;
}

export const defaultOrganizationName = "default";

/** The default organization under its configured name. */
export function rootOrganization(name: string = defaultOrganizationName): Organization {
	return { name, isDefault: true, key: null, idHead: idHeadOf(null) };
}

/** Any but the default one. */
export function namedOrganization(name: string, key: string): Organization {
	return { name, isDefault: false, key, idHead: idHeadOf(key) };
}

/** Another word for the default organization where a bucket is named. */
export const defaultBucketName = "opentaco";

/** What the organization is called in addresses and as a bucket. */
export function namesOf({ name, isDefault }: Organization): readonly string[] {
	return isDefault && name !== defaultBucketName ? [defaultBucketName, name] : [name];
}

const nameForm = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Whether an organization can have this name. */
export function isOrganizationName(text: string): boolean {
	return nameForm.test(text) && text.length <= limits.organizationNameBytesMax;
}

/** Fails with `invalid_request`. */
export function checkOrganizationName(text: string): void {
	if (isOrganizationName(text)) return;
	throw new DomainError("invalid_request", "the organization's name is not acceptable", {
		hint: `at most ${limits.organizationNameBytesMax} ASCII letters, digits, dashes and underscores, a letter or digit first`,
	});
}

/** Where all but the default one lie. */
export const organizationsPrefix = "__opentaco/orgs/";

/** Where the organization's things lie below the root of the store; empty for the default one. */
export function organizationPrefix(key: OrganizationKey): string {
	return key === null ? "" : `${organizationsPrefix}${key}/`;
}

/** Nobody: whom a credential of one organization speaks for in another. */
const nobody: Principal = {
	id: "",
	credentialKind: "access-token",
	loginId: "",
	scope: { units: [], roles: [] },
};

/**
 * The principal as the organization sees it. A credential that was made for another organization
 * speaks for nobody: neither the roles that it brings nor those that its subject has count.
 */
export function principalIn(organization: Organization, principal: Principal): Principal {
	const { organization: confined } = principal;
	return confined === undefined || confined === organization.key ? principal : nobody;
}

/** Organizations: scopes of the store, each with its own units, roles and audit trail. */
import type { Core } from "../core.ts";

export interface Organization {
	readonly name: string;
	/** The one that the root of the store belongs to; it is always there. */
	readonly isDefault: boolean;
}

/** An organization and what is in it. */
export interface OpenOrganization {
	readonly organization: Organization;
	readonly core: Core;
}

/** An organization together with its core. */
import type { Core } from "../core.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Organization } from "./organization.ts";

/** An organization and what is in it. */
export interface OpenOrganization {
	readonly organization: Organization;
	readonly core: Core;
	/** Holds nothing but what is the organization's. */
	readonly store: BlobStore;
}

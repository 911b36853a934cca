/** Ids of workspaces, as the server makes them of units' ids. */
import { derivedId } from "../../src/core/organization/id.ts";
import { namedOrganization, rootOrganization } from "../../src/core/organization/organization.ts";

/** The id of the unit's workspace in an organization that has had no other life before. */
export function workspaceId(unit: string, organization = "default"): string {
	const root = rootOrganization();
	const where = organization === root.name ? root : namedOrganization(organization, organization);
	return derivedId("ws", where, unit);
}

/** `/v1/orgs/<name>/…`: what belongs to an organization, at the same addresses below its name. */

export const organizationsRoot = "/v1/orgs";

export interface OrganizationPath {
	/** null: the path names none, which means the default one. */
	readonly organization: string | null;
	/** As it is in the default organization. */
	readonly path: string;
}

/** Takes the organization out of a path as it was received. `/v1/orgs/<name>` itself is about it. */
export function splitOrganizationPath(given: string): OrganizationPath {
	const match = /^\/v1\/orgs\/([^/]+)\/(.+)$/s.exec(given);
	if (match === null) return { organization: null, path: given };
	return { organization: match[1] ?? "", path: `/v1/${match[2]}` };
}

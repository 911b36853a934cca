/** Where things of an organization stand: below `/v1/orgs/<name>/`, at the same paths as elsewhere. */

/** What belongs to the whole server and has no address in an organization. */
const serverWide = /^\/v1\/(?:(?:info|orgs)(?:\/|$)|auth\/(?!tokens(?:\/|$)))/;

/** The path in the organization; as it is without one, and for what belongs to the server. */
export function pathIn(organization: string | undefined, path: string): string {
	if (organization === undefined || !path.startsWith("/v1/") || serverWide.test(path)) return path;
	return `/v1/orgs/${encodeURIComponent(organization)}/${path.slice("/v1/".length)}`;
}

/** Under which addresses the states of an organization name its units. */
import type { ServerAddresses } from "../core/graph/reading-source.ts";
import type { ServerConfig } from "./config.ts";

/**
 * `organizations` are the names that the organization has in addresses, buckets and cloud blocks. A
 * server that was told nothing of its names takes every host for possible.
 */
export function graphAddresses(
	{ publicBaseUrl, allowedHosts, port }: ServerConfig,
	organizations: readonly string[],
	isDefault: boolean,
): ServerAddresses {
	const local = ["localhost", "127.0.0.1", "[::1]"].map((name) => `${name}:${port}`);
	const told = publicBaseUrl === null ? [] : [new URL(publicBaseUrl).host];
	return {
		organizations,
		isDefault,
		hosts: [...told, ...allowedHosts, ...local],
		isComplete: told.length > 0 || allowedHosts.length > 0,
	};
}

/** IP addresses: which are local, which are trusted, and who the client behind a proxy is. */
import { BlockList, isIP } from "node:net";

/** One address or a CIDR range. */
export interface AddressRange {
	/** As it was written. */
	readonly text: string;
	contains(address: string): boolean;
}

function family(address: string): "ipv4" | "ipv6" | null {
	const version = isIP(address);
	return version === 4 ? "ipv4" : version === 6 ? "ipv6" : null;
}

/** An IPv4 address in an IPv6 coat is the IPv4 address. */
function plain(address: string): string {
	const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
	return /^::ffff:([0-9.]+)$/i.exec(bare)?.[1] ?? bare;
}

/** Reads `10.0.0.0/8`, `::1` and the like; null for anything else. */
export function parseRange(text: string): AddressRange | null {
	const match = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text);
	const address = plain(match?.[1] ?? "");
	const kind = family(address);
	if (match === null || kind === null) return null;
	const bitsMax = kind === "ipv4" ? 32 : 128;
	const bits = match[2] === undefined ? bitsMax : Number(match[2]);
	if (bits > bitsMax) return null;
	const list = new BlockList();
	list.addSubnet(address, bits, kind);
	return {
		text,
		contains(candidate) {
			const candidateKind = family(plain(candidate));
			return candidateKind !== null && list.check(plain(candidate), candidateKind);
		},
	};
}

/** True when only this machine can reach the address. */
export function isLoopback(host: string): boolean {
	const address = plain(host.toLowerCase());
	return address === "localhost" || address === "::1" || /^127(\.[0-9]{1,3}){3}$/.test(address);
}

/**
 * The client's address: the peer's own, or, behind trusted proxies, the last one in X-Forwarded-For
 * that no trusted proxy has. What stands before it, anybody may have written.
 */
export function clientAddress(
	peer: string | null,
	forwardedFor: string | null,
	trusted: readonly AddressRange[],
): string | null {
	const isTrusted = (address: string) => trusted.some((range) => range.contains(address));
	if (peer === null || forwardedFor === null || !isTrusted(peer)) return peer;
	const hops = forwardedFor.split(",").map((hop) => hop.trim());
	let client = peer;
	for (let hop = hops.pop(); hop !== undefined && isTrusted(client); hop = hops.pop()) {
		if (family(plain(hop)) === null) break;
		client = plain(hop);
	}
	return client;
}

/**
 * Which Host a request may name. A malformed one is refused always: routing by it differs between
 * proxies and servers. Names are checked where the operator lists them, and on a server without
 * authentication, which a web page could otherwise reach by rebinding a name of its own to it.
 */
import { DomainError } from "../../core/errors.ts";

export interface HostRules {
	/** Lower case, without ports; empty allows any. */
	readonly allowed: readonly string[];
}

const hostForm = /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** Fails with `invalid_request` for a malformed Host, `forbidden` for one that is not allowed. */
export function checkHost(request: Request, allowed: readonly string[]): void {
	const host = request.headers.get("host") ?? URL.parse(request.url)?.host ?? "";
	const name = hostForm.exec(host)?.[1]?.toLowerCase();
	if (name === undefined) {
		throw new DomainError("invalid_request", "the Host header is malformed");
	}
	// Elysia looks for the path behind the eleventh character of an https URL.
	if (request.url.startsWith("https:") && host.length < 3) {
		throw new DomainError("invalid_request", "the host's name is too short for this server");
	}
	if (allowed.length > 0 && !allowed.includes(name)) {
		throw new DomainError("forbidden", "this server does not answer under this host name", {
			hint: "the operator lists the names with OPENTACO_ALLOWED_HOSTS",
		});
	}
}

/**
 * Refuses what a browser sends on behalf of another site's page: it would carry the credentials
 * that the browser remembers for this server. Fails with `forbidden`.
 */
export function checkFetchSite(request: Request): void {
	if (request.headers.get("sec-fetch-site") === "cross-site") {
		throw new DomainError("forbidden", "requests from other sites' pages are not taken");
	}
}

/** One request of this surface, and what its handlers share. */
import { DomainError } from "../../../core/errors.ts";
import type { Caller } from "../../../core/principal.ts";
import type { RequestContext } from "../../shared/request-context.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";

export interface Exchange {
	readonly request: Request;
	readonly context: RequestContext;
	readonly caller: Caller;
	/** What stands at the `:name`s of the route, decoded. */
	readonly params: Readonly<Record<string, string>>;
	readonly deps: SurfaceDeps;
}

export type Handler = (exchange: Exchange) => Promise<Response>;

export interface Route {
	readonly method: "GET" | "POST" | "PATCH" | "DELETE" | "PUT";
	/** Behind the base path, `:name` for a segment. */
	readonly path: string;
	/** For logs and metrics. */
	readonly operation: string;
	readonly handle: Handler;
}

export const basePath = "/tfe/api/v2";
/** What clients assume that look for nothing. */
export const otherBasePath = "/api/v2";

/** The one organization. */
export const organization = "default";

/** The parameter of the route. */
export function param({ params }: Exchange, name: string): string {
	return params[name] ?? "";
}

/** Fails with `not_found` for any other organization. */
export function checkOrganization(exchange: Exchange): void {
	if (param(exchange, "organization") === organization) return;
	exchange.deps.log.write("info", "an organization was asked for that does not exist", {
		request_id: exchange.context.requestId,
		organizations: organization,
	});
	throw new DomainError("not_found", "there is no such organization", {
		hint: `this server has one, named "${organization}"`,
	});
}

/** Under which the client reached us, without a slash at the end. */
export function originOf({ request, deps }: Exchange): string {
	if (deps.publicBaseUrl !== null) return deps.publicBaseUrl;
	const host = request.headers.get("host") ?? new URL(request.url).host;
	return `${deps.isTls ? "https" : "http"}://${host}`;
}

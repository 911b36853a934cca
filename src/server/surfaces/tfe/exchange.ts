/** One request of this surface, and what its handlers share. */
import type { Organization } from "../../../core/organization/organization.ts";
import type { Caller } from "../../../core/principal.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import type { RequestContext } from "../../shared/request-context.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";

export interface Exchange {
	readonly request: Request;
	readonly context: RequestContext;
	readonly caller: Caller;
	/** The organization that the request is about; the core in `deps` is its core. */
	readonly organization: Organization;
	/** What stands at the `:name`s of the route, decoded, and ids as they are inside of it. */
	readonly params: Readonly<Record<string, string>>;
	/** The unit whose workspace's id stands in the route; null: none does. */
	readonly unit: UnitId | null;
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

/** The parameter of the route. */
export function param({ params }: Exchange, name: string): string {
	return params[name] ?? "";
}

/** Under which the client reached us, without a slash at the end. */
export function originOf({ request, deps }: Exchange): string {
	if (deps.publicBaseUrl !== null) return deps.publicBaseUrl;
	const host = request.headers.get("host") ?? new URL(request.url).host;
	return `${deps.isTls ? "https" : "http"}://${host}`;
}

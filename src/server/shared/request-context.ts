/** What is known of a request besides the request itself; every layer of the server shares it. */

import { DomainError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Caller, Principal, Surface } from "../../core/principal.ts";

export interface RequestContext {
	readonly clock: Clock;
	readonly requestId: string;
	/** As received, still percent-encoded, without the query. */
	readonly path: string;
	readonly query: URLSearchParams;
	readonly clientAddress: string | null;
	/** Null on public routes. */
	principal: Principal | null;
	/** For logs and metrics: the surface and the pattern of the route; never a unit's name. */
	surface: Surface | "public" | "none";
	operation: string;
	/** For the log: the organization that the request is about, once it is known to the caller. */
	organization: string | null;
	/** For the log. */
	unitId: string | null;
	/** For the log: why the request was refused, in the words of its answer, which clients may hide. */
	refusal?: Refusal;
	/** Gives a transfer more time than an ordinary answer has. */
	allowSlow(): void;
}

export interface Refusal {
	readonly code: string;
	readonly reason: string;
}

const contexts = new WeakMap<Request, RequestContext>();

export function bindContext(request: Request, context: RequestContext): void {
	contexts.set(request, context);
}

export function contextOf(request: Request): RequestContext {
	const context = contexts.get(request);
	if (context === undefined) throw new DomainError("internal", "the request has no context");
	return context;
}

/** The caller as the core records it. Fails with `unauthenticated` where the gate let nobody in. */
export function callerOf(context: RequestContext, surface: Surface): Caller {
	if (context.principal === null) {
		throw new DomainError("unauthenticated", "this needs a token");
	}
	return {
		principal: context.principal,
		surface,
		requestId: context.requestId,
		address: context.clientAddress ?? undefined,
	};
}

const requestIdForm = /^[A-Za-z0-9._-]{1,64}$/;

/** The client's own request id when it is a harmless one, else a fresh one. */
export function requestIdOf(request: Request, fresh: () => string): string {
	const given = request.headers.get("x-request-id");
	return given !== null && requestIdForm.test(given) ? given : fresh();
}

/**
 * Path and query of an absolute URL exactly as they stand there; null when the URL is not absolute,
 * which Bun makes of a malformed Host.
 */
export function splitUrl(url: string): { path: string; query: string } | null {
	const match = /^https?:\/\/[^/?#]*([^?#]*)(?:\?([^#]*))?/.exec(url);
	if (match === null) return null;
	return { path: match[1] || "/", query: match[2] ?? "" };
}

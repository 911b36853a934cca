/**
 * The application: what every request goes through, and the surfaces behind it. Nothing is reached
 * without a credential except the routes that are named as public here (I14).
 */
import { Elysia } from "elysia";
import { DomainError, isDomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Log } from "../core/ports/log.ts";
import { type Random, randomId } from "../core/ports/random.ts";
import type { Principal } from "../core/principal.ts";
import type { RequestSample } from "./metrics.ts";
import { type AddressRange, clientAddress } from "./shared/addresses.ts";
import type { Authenticator } from "./shared/authn.ts";
import { checkFetchSite, checkHost, type HostRules } from "./shared/host.ts";
import { apiStatus, presentError } from "./shared/present-error.ts";
import {
	bindContext,
	contextOf,
	type RequestContext,
	requestIdOf,
	splitUrl,
} from "./shared/request-context.ts";
import type { SurfaceDeps } from "./shared/surface-deps.ts";
import { healthSurface, type Readiness } from "./surfaces/health/index.ts";
import { httpBackendSurface } from "./surfaces/http-backend/index.ts";
import { backendPaths } from "./surfaces/http-backend/openapi.ts";
import {
	managementRoutes,
	managementSurface,
	publicOperationPaths,
} from "./surfaces/management/index.ts";
import { componentSchemas } from "./surfaces/management/openapi.ts";
import { type Exposition, metricsSurface } from "./surfaces/metrics/index.ts";
import { oauthPaths, oauthSurface } from "./surfaces/oauth/index.ts";
import { isS3Path, type S3Surface } from "./surfaces/s3/handler.ts";
import { swaggerSurface } from "./surfaces/swagger/index.ts";
import { presentTfeError } from "./surfaces/tfe/errors.ts";
import { isTfePath, isUploadPath, tfeServices, tfeSurface } from "./surfaces/tfe/index.ts";
import { wellKnownPaths, wellKnownSurface } from "./surfaces/well-known/index.ts";

export interface AppDeps extends SurfaceDeps {
	readonly clock: Clock;
	readonly random: Random;
	readonly log: Log;
	readonly authenticator: Authenticator;
	readonly readiness: Readiness;
	readonly metrics: Exposition & { request(sample: RequestSample): void };
	readonly hostRules: HostRules;
	readonly trustedProxies: readonly AddressRange[];
	readonly s3: S3Surface;
	readonly requestsAtOnceMax: number;
	readonly isDraining: () => boolean;
}

/** What of Bun's server the application uses; absent in tests that call it directly. */
export interface Listener {
	requestIP(request: Request): { readonly address: string } | null;
	timeout(request: Request, seconds: number): void;
}

export interface App {
	fetch(request: Request, listener?: Listener): Promise<Response>;
	/** Requests whose response has not begun. */
	readonly requestsInFlight: () => number;
	/** Every route that is registered, for the coverage test. */
	readonly routes: readonly { readonly method: string; readonly path: string }[];
}

const healthPaths: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

/** The exact paths that need no credential. */
export const publicPaths: ReadonlySet<string> = new Set([
	...healthPaths,
	"/metrics",
	"/swagger",
	"/swagger/json",
	"/swagger/start.js",
	"/swagger/swagger-ui.css",
	"/swagger/swagger-ui-bundle.js",
	...wellKnownPaths,
	...oauthPaths,
	...publicOperationPaths,
]);

function routesOf(deps: AppDeps) {
	const described = () => ({
		routes: managementRoutes(async () => new Response(null)) as unknown as Elysia,
		schemas: componentSchemas(),
		paths: backendPaths,
	});
	return new Elysia({
		strictPath: true,
		// A path is found behind the host: `false` is right for `http://`, `true` for `https://`.
		handler: { standardHostname: deps.isTls },
	})
		.onError(({ code, error, request }) => {
			const thrown =
				code === "NOT_FOUND"
					? new DomainError("route_not_found", "there is no such address", {
							hint: "/swagger lists the addresses",
						})
					: error;
			return presentError(thrown, contextOf(request), deps.log);
		})
		.use(healthSurface(deps.readiness))
		.use(metricsSurface(deps.metrics))
		.use(swaggerSurface(described))
		.use(wellKnownSurface(deps, tfeServices))
		.use(oauthSurface(deps))
		.use(managementSurface(deps))
		.use(httpBackendSurface(deps))
		.use(tfeSurface(deps));
}

/** Who sent the request. A credential that proves nothing is noted; the lack of one is not. */
async function authenticated(
	deps: AppDeps,
	request: Request,
	context: RequestContext,
): Promise<Principal> {
	try {
		return await deps.authenticator.authenticate(request);
	} catch (error) {
		if (isDomainError(error, "unauthenticated") && request.headers.has("authorization")) {
			deps.core.parts.chain.login({
				outcome: "failed",
				operation: "authenticate",
				requestId: context.requestId,
				address: context.clientAddress,
			});
		}
		throw error;
	}
}

/** Builds the application. */
export function createApp(deps: AppDeps): App {
	const routes = routesOf(deps);
	let inFlight = 0;

	function checkLoad(): void {
		if (inFlight <= deps.requestsAtOnceMax) return;
		throw new DomainError("overloaded", "too many requests at once", {
			hint: "try again in a moment",
		});
	}

	async function answer(
		request: Request,
		context: RequestContext,
		isMalformed: boolean,
		listener: Listener | undefined,
	) {
		if (isMalformed) throw new DomainError("invalid_request", "the Host header is malformed");
		if (isS3Path(context.path)) {
			// Raw, and behind no other proof than its signature.
			return await deps.s3.handle(request, context, {
				hosts: signedHosts(deps, request, listener),
				admit() {
					checkHost(request, deps.hostRules.allowed);
					checkLoad();
				},
			});
		}
		checkHost(request, healthPaths.has(context.path) ? [] : deps.hostRules.allowed);
		// Whoever watches the server must see it when it is busiest.
		const isWatching = healthPaths.has(context.path) || context.path === "/metrics";
		if (!isWatching) checkLoad();
		if (!publicPaths.has(context.path)) {
			checkFetchSite(request);
			if (!isUploadPath(context.path)) {
				context.principal = await authenticated(deps, request, context);
			}
		}
		return await routes.fetch(request);
	}

	async function handle(request: Request, listener: Listener | undefined): Promise<Response> {
		const startedAt = deps.clock.monotonic();
		const { context, isMalformed } = beginContext(deps, request, listener);
		bindContext(request, context);
		let response: Response;
		try {
			response = await answer(request, context, isMalformed, listener);
		} catch (error) {
			response = isTfePath(context.path)
				? presentTfeError(error, request, context, deps.log)
				: presentError(error, context, deps.log);
		}
		const finished = finish(deps, request, context, response);
		report(deps, request, context, finished.status, deps.clock.monotonic() - startedAt);
		return finished;
	}

	return {
		async fetch(request, listener) {
			inFlight += 1;
			try {
				return await handle(request, listener);
			} finally {
				inFlight -= 1;
			}
		},
		requestsInFlight: () => inFlight,
		routes: routes.routes.map(({ method, path }) => ({ method, path })),
	};
}

function beginContext(
	deps: AppDeps,
	request: Request,
	listener: Listener | undefined,
): { context: RequestContext; isMalformed: boolean } {
	const url = splitUrl(request.url);
	const peer = listener?.requestIP(request)?.address ?? null;
	const context: RequestContext = {
		clock: deps.clock,
		requestId: requestIdOf(request, () => randomId(deps.random)),
		path: url?.path ?? "/",
		query: new URLSearchParams(url?.query ?? ""),
		clientAddress: clientAddress(peer, request.headers.get("x-forwarded-for"), deps.trustedProxies),
		principal: null,
		surface: publicPaths.has(url?.path ?? "") ? "public" : "none",
		operation: "none",
		organization: null,
		unitId: null,
		allowSlow: () => listener?.timeout(request, limits.connectionIdleSecondsMax),
	};
	return { context, isMalformed: url === null };
}

/** What the client's Host may have been: proxies that are trusted, and the operator, may say so. */
function signedHosts(
	deps: AppDeps,
	request: Request,
	listener: Listener | undefined,
): readonly string[] {
	const hosts = new Set([request.headers.get("host") ?? ""]);
	const peer = listener?.requestIP(request)?.address ?? null;
	const forwarded = request.headers.get("x-forwarded-host")?.split(",")[0]?.trim();
	if (
		forwarded !== undefined &&
		peer !== null &&
		deps.trustedProxies.some((range) => range.contains(peer))
	) {
		hosts.add(forwarded);
	}
	if (deps.publicBaseUrl !== null) hosts.add(new URL(deps.publicBaseUrl).host);
	return [...hosts];
}

const commonHeaders: Readonly<Record<string, string>> = {
	"x-content-type-options": "nosniff",
	"x-frame-options": "DENY",
	"referrer-policy": "no-referrer",
	"cross-origin-resource-policy": "same-origin",
};

/** Headers that every response has, and no body for HEAD. */
function finish(
	deps: AppDeps,
	request: Request,
	context: RequestContext,
	response: Response,
): Response {
	const { headers } = response;
	for (const [name, value] of Object.entries(commonHeaders)) headers.set(name, value);
	headers.set("x-request-id", context.requestId);
	if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
	if (!headers.has("content-security-policy")) {
		headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
	}
	if (deps.isDraining()) headers.set("connection", "close");
	if (request.method !== "HEAD" || response.body === null) return response;
	void response.body.cancel().catch(() => undefined);
	return new Response(null, { status: response.status, headers });
}

const quietMethods: ReadonlySet<string> = new Set(["GET", "HEAD"]);

function report(
	deps: AppDeps,
	request: Request,
	context: RequestContext,
	status: number,
	durationMs: number,
): void {
	const { surface, operation } = context;
	const method = request.method;
	deps.metrics.request({ surface, method, operation, status, durationMs });
	const isQuiet = quietMethods.has(method) && (status < 400 || status === apiStatus.no_state);
	deps.log.write(isQuiet || surface === "public" ? "debug" : "info", "request", {
		request_id: context.requestId,
		method,
		surface,
		operation,
		organization: context.organization ?? undefined,
		unit: context.unitId ?? undefined,
		status,
		...context.refusal,
		ms: Math.round(durationMs * 10) / 10,
		principal: context.principal?.id,
		client: context.clientAddress ?? undefined,
	});
}

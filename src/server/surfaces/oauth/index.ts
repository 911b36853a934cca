/**
 * `/oauth`: the pages of `terraform login` and `taco login`, and the token endpoint. Everything that
 * counts is in src/auth/oauth; here are forms, cookies and responses.
 */
import { Elysia } from "elysia";
import type { Step, Visit } from "../../../auth/oauth/authorization-flow.ts";
import { OAuthError } from "../../../auth/oauth/oauth-error.ts";
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { readBody } from "../../shared/body.ts";
import { toDomainError } from "../../shared/present-error.ts";
import { contextOf, type RequestContext } from "../../shared/request-context.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";

/** GET: shows a page or sends the browser on. */
const pagePaths = ["/oauth/authorization", "/oauth/authorize", "/oauth/oidc-callback"] as const;
const formPaths = ["/oauth/provider", "/oauth/login", "/oauth/consent"] as const;
const tokenPath = "/oauth/token";

/** All of them are open: a login is what gives a credential. */
export const oauthPaths: readonly string[] = [...pagePaths, ...formPaths, tokenPath];

const isLoopbackHost = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/** How the outside reaches us; null when nobody has said so, except on this machine itself. */
function baseUrlOf(request: Request, deps: SurfaceDeps): string | null {
	if (deps.publicBaseUrl !== null) return deps.publicBaseUrl;
	const host = request.headers.get("host") ?? URL.parse(request.url)?.host ?? "";
	return isLoopbackHost.test(host) ? `${deps.isTls ? "https" : "http"}://${host}` : null;
}

function isSecure(deps: SurfaceDeps): boolean {
	return deps.isTls || deps.publicBaseUrl?.startsWith("https:") === true;
}

/** `__Host-` keeps other hosts of the same domain from setting it; browsers want https for it. */
function cookieName(deps: SurfaceDeps): string {
	return isSecure(deps) ? "__Host-opentaco-login" : "opentaco-login";
}

function browserOf(request: Request, deps: SurfaceDeps): string | null {
	const name = cookieName(deps);
	for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
		const at = pair.indexOf("=");
		if (pair.slice(0, at).trim() !== name) continue;
		const value = pair.slice(at + 1).trim();
		if (/^[A-Za-z0-9_-]{43}$/.test(value)) return value;
	}
	return null;
}

function respond(step: Step, deps: SurfaceDeps): Response {
	const headers = new Headers(step.kind === "page" ? step.page.headers : { location: step.url });
	headers.set("cache-control", "no-store");
	if (step.browser !== undefined) {
		const attributes = `Path=/; HttpOnly; SameSite=Lax; Max-Age=${limits.loginFlowMs / 1000}`;
		const secure = isSecure(deps) ? "; Secure" : "";
		headers.append("set-cookie", `${cookieName(deps)}=${step.browser}; ${attributes}${secure}`);
	}
	if (step.kind === "page")
		return new Response(step.page.html, { status: step.page.status, headers });
	return new Response(null, { status: 303, headers });
}

async function readForm(request: Request): Promise<URLSearchParams> {
	const type = request.headers.get("content-type") ?? "";
	if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
		throw new DomainError(
			"invalid_request",
			"this takes a form (application/x-www-form-urlencoded)",
		);
	}
	const bytes = await readBody(request, limits.jsonBodyBytesMax, "the form");
	return new URLSearchParams(Buffer.from(bytes).toString("utf8"));
}

async function page(
	request: Request,
	context: RequestContext,
	deps: SurfaceDeps,
): Promise<Response> {
	const { flow } = await deps.identities;
	const visit: Visit = {
		browser: browserOf(request, deps),
		clientAddress: context.clientAddress,
		requestId: context.requestId,
		baseUrl: baseUrlOf(request, deps),
	};
	switch (context.path) {
		case "/oauth/authorization":
		case "/oauth/authorize":
			return respond(await flow.start(visit, context.query), deps);
		case "/oauth/oidc-callback":
			return respond(await flow.callback(visit, context.query), deps);
		case "/oauth/provider":
			return respond(await flow.chooseProvider(visit, await readForm(request)), deps);
		case "/oauth/login":
			return respond(await flow.login(visit, await readForm(request)), deps);
		default:
			return respond(await flow.consent(visit, await readForm(request)), deps);
	}
}

const tokenHeaders = { "cache-control": "no-store", pragma: "no-cache" };

async function token(
	request: Request,
	context: RequestContext,
	deps: SurfaceDeps,
): Promise<Response> {
	const { tokenEndpoint, tokenTries } = await deps.identities;
	try {
		tokenTries.take(`address ${context.clientAddress ?? "unknown"}`);
		const answer = await tokenEndpoint.exchange(await readForm(request), context.requestId);
		return Response.json(answer, { headers: tokenHeaders });
	} catch (error) {
		return tokenFailure(error);
	}
}

/** Failures as RFC 6749, 5.2 has them; those of the store go on as they are. */
function tokenFailure(error: unknown): Response {
	if (error instanceof OAuthError) {
		const body = { error: error.code, error_description: error.message };
		return Response.json(body, { status: 400, headers: tokenHeaders });
	}
	const { code, message, hint } = toDomainError(error);
	const description = hint === "" ? message : `${message}; ${hint}`;
	if (code === "invalid_request" || code === "too_large" || code === "unauthenticated") {
		const name = code === "unauthenticated" ? "invalid_grant" : "invalid_request";
		const body = { error: name, error_description: description };
		return Response.json(body, { status: 400, headers: tokenHeaders });
	}
	throw error;
}

/** The surface. */
export function oauthSurface(deps: SurfaceDeps) {
	const app = new Elysia({ name: "oauth" });
	const hidden = { parse: "none", detail: { hide: true } } as const;
	const named = (request: Request) => {
		const context = contextOf(request);
		context.operation = context.path.slice(1);
		return context;
	};
	for (const path of pagePaths) {
		app.get(path, ({ request }) => page(request, named(request), deps), hidden);
	}
	for (const path of formPaths) {
		app.post(path, ({ request }) => page(request, named(request), deps), hidden);
	}
	return app.post(tokenPath, ({ request }) => token(request, named(request), deps), hidden);
}

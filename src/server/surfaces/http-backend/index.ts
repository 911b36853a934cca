/**
 * Terraform's HTTP backend at `/v1/backend/<id>`, and at `/v1/orgs/<name>/backend/<id>` in another
 * organization. LOCK and UNLOCK succeed with exactly 200, since
 * the client takes every other status for a failure; an UNLOCK without a body and without an id is
 * `terraform force-unlock`, which never sends the id.
 */
import { Elysia } from "elysia";
import { DomainError, isDomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import type { Caller } from "../../../core/principal.ts";
import type { LockInfo } from "../../../core/unit/record.ts";
import { parseUnitActionPath, type UnitId } from "../../../core/unit/unit-id.ts";
import {
	contentLength,
	contentMd5,
	readBody,
	readStateBody,
	verifyMd5,
} from "../../shared/body.ts";
import { isLock } from "../../shared/lock-view.ts";
import { organizationsRoot, splitOrganizationPath } from "../../shared/organization-path.ts";
import { contentTag } from "../../shared/preconditions.ts";
import { errorBody, presentError } from "../../shared/present-error.ts";
import { callerOf, contextOf, type RequestContext } from "../../shared/request-context.ts";
import { stateResponse } from "../../shared/state-response.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";
import { holderInfo, lockInfoInWrite, parseLockInfo } from "./lock-info.ts";
import { backendStatus } from "./status.ts";

const root = "/v1/backend/";
/** Other servers' spellings: POST and DELETE on `<address>/lock`, PUT on `…/lock` and `…/unlock`. */
const actionWords: ReadonlySet<string> = new Set(["lock", "unlock"]);

interface Exchange {
	readonly request: Request;
	readonly context: RequestContext;
	readonly caller: Caller;
	readonly id: UnitId;
	readonly deps: SurfaceDeps;
}

/** The lock that the client says it holds: from the query, or from the predecessor's header. */
function claimedLock({ request, context }: Exchange): string | null {
	const { query } = context;
	return query.get("ID") || query.get("id") || request.headers.get("x-terraform-lock-id") || null;
}

async function read(exchange: Exchange): Promise<Response> {
	const { request, context, caller, id, deps } = exchange;
	context.operation = "read";
	context.allowSlow();
	try {
		return await stateResponse(request, await deps.core.outputs.readState(caller, id));
	} catch (error) {
		// The client closes a connection whose 404 has a body that it does not read.
		if (isDomainError(error, "unit_not_found")) return new Response(null, { status: 404 });
		if (isDomainError(error, "no_state")) return new Response(null, { status: 204 });
		throw error;
	}
}

async function write(exchange: Exchange): Promise<Response> {
	const { request, context, caller, id, deps } = exchange;
	context.operation = "write";
	context.allowSlow();
	const md5 = contentMd5(request);
	const body = await readStateBody(request, deps.stateBytesMax);
	const info = body instanceof Uint8Array ? lockInfoInWrite(body) : null;
	if (info !== null && body instanceof Uint8Array) {
		verifyMd5(body, md5);
		return await lockWith(exchange, info);
	}
	const { version } = await deps.core.states.write(caller, id, {
		body,
		lockId: claimedLock(exchange),
		md5,
		force: false,
		autoCreate: true,
	});
	return new Response(null, {
		status: 200,
		headers: { etag: contentTag(version.sha256), "x-opentaco-version": String(version.number) },
	});
}

async function readLockBody(request: Request): Promise<Uint8Array> {
	const md5 = contentMd5(request);
	const bytes = await readBody(request, limits.lockInfoBytesMax, "the lock info");
	verifyMd5(bytes, md5);
	return bytes;
}

async function lock(exchange: Exchange): Promise<Response> {
	exchange.context.operation = "lock";
	return await lockWith(exchange, parseLockInfo(await readLockBody(exchange.request)));
}

async function lockWith(exchange: Exchange, info: LockInfo): Promise<Response> {
	const { context, caller, id, deps } = exchange;
	context.operation = "lock";
	try {
		const held = await deps.core.locks.lock(caller, id, info, { autoCreate: true });
		return Response.json(held.info);
	} catch (error) {
		const refusal = lockRefusal(error, context);
		if (refusal === null) throw error;
		return refusal;
	}
}

/** 423 or 409 whose body is a lock info: anything else makes the client say that it cannot read it. */
function lockRefusal(error: unknown, context: RequestContext): Response | null {
	if (isDomainError(error, "locked") && isLock(error.details.lock)) {
		return Response.json(holderInfo(error.details.lock), { status: 423 });
	}
	if (isDomainError(error, "lock_mismatch")) {
		return Response.json({ ...errorBody(error, context), ID: error.message }, { status: 409 });
	}
	return null;
}

async function unlock(exchange: Exchange): Promise<Response> {
	const { request, context, caller, id, deps } = exchange;
	context.operation = "unlock";
	const bytes = await readLockBody(request);
	const lockId = bytes.byteLength === 0 ? claimedLock(exchange) : parseLockInfo(bytes).ID;
	if (lockId === null) {
		context.operation = "force-unlock";
		await deps.core.locks.forceUnlock(caller, id);
	} else {
		await deps.core.locks.unlock(caller, id, lockId);
	}
	return new Response(null, { status: 200 });
}

/**
 * DELETE is an unlock where `unlock_method` says so, and it deletes the unit where it is a bare
 * one. Terraform's unlocks always bring a Content-MD5, forced ones too, whose body is empty.
 */
async function remove(exchange: Exchange): Promise<Response> {
	const { request, context, caller, id, deps } = exchange;
	const isUnlock =
		request.headers.has("content-md5") ||
		claimedLock(exchange) !== null ||
		(contentLength(request) ?? (request.headers.has("transfer-encoding") ? 1 : 0)) > 0;
	if (isUnlock) return await unlock(exchange);
	context.operation = "delete";
	await deps.core.units.delete(caller, id, { force: false });
	return new Response(null, { status: 200 });
}

type Handler = (exchange: Exchange) => Promise<Response>;

const onUnit: Readonly<Record<string, Handler>> = {
	GET: read,
	HEAD: read,
	POST: write,
	PUT: write,
	DELETE: remove,
	LOCK: lock,
	UNLOCK: unlock,
};

const onLockAction: Readonly<Record<string, Handler>> = {
	POST: lock,
	PUT: lock,
	LOCK: lock,
	DELETE: unlock,
	UNLOCK: unlock,
};

const onUnlockAction: Readonly<Record<string, Handler>> = {
	POST: unlock,
	PUT: unlock,
	DELETE: unlock,
	UNLOCK: unlock,
};

async function dispatch(
	request: Request,
	context: RequestContext,
	deps: SurfaceDeps,
): Promise<Response> {
	const { organization, path } = splitOrganizationPath(context.path);
	const { id, action } = parseUnitActionPath(path.slice(root.length), actionWords, new Map());
	context.unitId = id;
	const handlers = action === null ? onUnit : action === "lock" ? onLockAction : onUnlockAction;
	const handler = Object.hasOwn(handlers, request.method) ? handlers[request.method] : undefined;
	if (handler === undefined) {
		throw new DomainError(
			"method_not_allowed",
			`this address takes ${Object.keys(handlers).join(", ")}`,
			{
				hint:
					action === null
						? ""
						: "a unit whose last segment is `lock` or `unlock` is written with `__` or `%2F` before it",
			},
		);
	}
	const caller = callerOf(context, "http-backend");
	const { organizations } = deps;
	const name = organization ?? organizations.root.organization.name;
	return await organizations.use(caller, name, async (open) => {
		context.organization = open.organization.name;
		return await handler({ request, context, caller, id, deps: { ...deps, core: open.core } });
	});
}

/** The methods of the surface, for the routes' coverage test. */
export const backendMethods = Object.keys(onUnit);

/** The surface. */
export function httpBackendSurface(deps: SurfaceDeps) {
	const handle = async ({ request }: { request: Request }): Promise<Response> => {
		const context = contextOf(request);
		context.surface = "http-backend";
		try {
			return await dispatch(request, context, deps);
		} catch (error) {
			return presentError(error, context, deps.log, backendStatus);
		}
	};
	const hidden = { parse: "none", detail: { hide: true } } as const;
	return new Elysia({ name: "http-backend" })
		.all(`${root}*`, handle, hidden)
		.all(`${organizationsRoot}/:organization/backend/*`, handle, hidden);
}

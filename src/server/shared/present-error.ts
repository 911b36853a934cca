/**
 * Failures as the wire shows them. The text of a DomainError is public; of anything else nothing
 * but the request's id leaves the server (I14 and layout rule "public text, private detail").
 */
import type { ErrorBody } from "../../api/errors.ts";
import { DomainError, type ErrorCode } from "../../core/errors.ts";
import { StoreError } from "../../core/ports/blob-store.ts";
import type { Log } from "../../core/ports/log.ts";
import { isLock, lockView } from "./lock-view.ts";
import type { RequestContext } from "./request-context.ts";

/** What each code is in HTTP. A surface may have a table of its own; each must name every code. */
export type StatusTable = Readonly<Record<ErrorCode, number>>;

export const apiStatus: StatusTable = {
	invalid_request: 400,
	invalid_unit_id: 400,
	invalid_state: 400,
	checksum_mismatch: 400,
	too_large: 413,
	length_required: 411,
	unauthenticated: 401,
	forbidden: 403,
	unit_not_found: 404,
	version_not_found: 404,
	no_state: 404,
	route_not_found: 404,
	method_not_allowed: 405,
	unit_exists: 409,
	not_found: 404,
	conflict: 409,
	unit_reserved: 403,
	locked: 409,
	lock_mismatch: 409,
	state_conflict: 409,
	precondition_failed: 412,
	contention: 503,
	storage_unavailable: 503,
	outcome_unknown: 503,
	storage_corrupt: 500,
	schema_too_new: 500,
	rate_limited: 429,
	provider_unavailable: 502,
	shutting_down: 503,
	overloaded: 503,
	internal: 500,
};

/** Any thrown value as a DomainError: what is not one already says nothing to the client. */
export function toDomainError(error: unknown): DomainError {
	if (error instanceof DomainError) return error;
	if (error instanceof StoreError) {
		return error.notDone
			? new DomainError("storage_unavailable", "the storage did not answer as it should", {
					hint: "try again; the server's log says more under the request id",
					cause: error,
				})
			: new DomainError("outcome_unknown", "the storage did not say whether it happened", {
					hint: "send the same request again",
					cause: error,
				});
	}
	return new DomainError("internal", "an unexpected error; this is a defect of the server", {
		hint: "report it with the request id and the server's log",
		cause: error,
	});
}

export function errorBody(error: DomainError, context: RequestContext): ErrorBody {
	const { lock } = error.details;
	return {
		error: error.code,
		message: error.message,
		hint: error.hint,
		request_id: context.requestId,
		...(isLock(lock) ? { lock: lockView(lock) } : {}),
	};
}

/** Headers that go with a code. */
export function errorHeaders(error: DomainError, status: number): Record<string, string> {
	const headers: Record<string, string> = {};
	if (status === 401) {
		headers["www-authenticate"] =
			'Basic realm="opentaco", charset="UTF-8", Bearer realm="opentaco"';
	}
	if (status === 503 || status === 429) {
		headers["retry-after"] = String(error.details.retryAfterSeconds ?? 2);
	}
	return headers;
}

/** The reply for a failure, and the log line for one that an operator should know of. */
export function presentError(
	thrown: unknown,
	context: RequestContext,
	log: Log,
	statuses: StatusTable = apiStatus,
): Response {
	const error = toDomainError(thrown);
	const status = statuses[error.code];
	logError(error, status, context, log);
	return Response.json(errorBody(error, context), {
		status,
		headers: errorHeaders(error, status),
	});
}

/** Logs what the client is not told, and has the request's line in the log tell the rest. */
export function logError(
	error: DomainError,
	status: number,
	context: RequestContext,
	log: Log,
): void {
	context.refusal = { code: error.code, reason: error.message };
	if (status < 500) return;
	log.write(status === 500 ? "error" : "warn", error.message, {
		request_id: context.requestId,
		code: error.code,
		detail: error.privateDetail || undefined,
		cause: causeText(error.cause, error.code === "internal"),
	});
}

function causeText(cause: unknown, isDefect: boolean): string | undefined {
	if (!(cause instanceof Error)) return undefined;
	const own = isDefect ? (cause.stack ?? cause.message) : `${cause.name}: ${cause.message}`;
	const below = causeText(cause.cause, false);
	return below === undefined ? own : `${own} (${below})`;
}

/**
 * Failures as JSON:API documents. The statuses are those that Terraform's client knows: 409 alone
 * makes it wait for a lock, 404 means "not there" and "not for you", and what a user should read
 * must be a 422 or 403. An address that is not there is never a 5xx: the client would retry it.
 */
import type { ErrorCode } from "../../../core/errors.ts";
import type { Log } from "../../../core/ports/log.ts";
import {
	apiStatus,
	errorHeaders,
	logError,
	type StatusTable,
	toDomainError,
} from "../../shared/present-error.ts";
import type { RequestContext } from "../../shared/request-context.ts";
import { withProductHeaders } from "./document.ts";

const tfeStatus: StatusTable = {
	...apiStatus,
	invalid_request: 422,
	invalid_unit_id: 422,
	invalid_state: 422,
	checksum_mismatch: 422,
	method_not_allowed: 404,
	unit_exists: 422,
	conflict: 422,
	unit_reserved: 404,
};

const titles: Readonly<Record<number, string>> = {
	400: "bad request",
	401: "unauthorized",
	403: "forbidden",
	404: "not found",
	409: "conflict",
	411: "length required",
	412: "precondition failed",
	413: "too large",
	422: "unprocessable entity",
	429: "too many requests",
};

/** As the vendor's API calls what its clients may have got wrong in a document. */
const codeTitles: Readonly<Partial<Record<ErrorCode, string>>> = {
	invalid_request: "invalid attribute",
	invalid_unit_id: "invalid attribute",
	unit_exists: "invalid attribute",
};

/** A refusal whose status and text are part of the protocol, and not those of a code. */
export class TfeRefusal extends Error {
	readonly status: number;
	readonly title: string;

	constructor(status: number, title: string, detail: string) {
		super(detail);
		this.status = status;
		this.title = title;
	}
}

/** One error as a document. */
export function errorDocument(status: number, title: string, detail: string): Response {
	const errors = [{ status: String(status), title, detail }];
	return withProductHeaders(new Response(JSON.stringify({ errors }), { status }));
}

/** The reply for a failure on this surface. */
export function presentTfeError(
	thrown: unknown,
	request: Request,
	context: RequestContext,
	log: Log,
): Response {
	if (thrown instanceof TfeRefusal) {
		context.refusal = { code: thrown.title, reason: thrown.message };
		return errorDocument(thrown.status, thrown.title, thrown.message);
	}
	const error = toDomainError(thrown);
	const status = tfeStatus[error.code];
	logError(error, status, context, log);
	const title = codeTitles[error.code];
	const text = error.hint === "" ? error.message : `${error.message}; ${error.hint}`;
	// Who got an attribute wrong needs no server's log, and clients may know the vendor's texts.
	const detail = title === undefined ? `${text} (request ${context.requestId})` : text;
	const isUnread = status === 404 && request.headers.get("user-agent") === "go-tfe";
	// go-tfe does not read a 404 and gives up the connection on which there is one to be read.
	const response = isUnread
		? withProductHeaders(new Response(null, { status }))
		: errorDocument(status, title ?? titles[status] ?? "server error", detail);
	for (const [name, value] of Object.entries(errorHeaders(error, status))) {
		response.headers.set(name, value);
	}
	// Anything but a number here ends Terraform's process.
	if (status === 429) {
		response.headers.set("x-ratelimit-reset", String(error.details.retryAfterSeconds ?? 2));
	}
	return response;
}

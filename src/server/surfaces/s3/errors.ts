/** Failures as S3 clients know them: a status, a code that they print, and a message for people. */
import { StsFault, type StsFaultCode } from "../../../auth/sts/fault.ts";
import type { DomainError, ErrorCode } from "../../../core/errors.ts";
import type { Log } from "../../../core/ports/log.ts";
import { logError, toDomainError } from "../../shared/present-error.ts";
import type { RequestContext } from "../../shared/request-context.ts";
import { type Element, xmlDocument } from "./xml.ts";

interface Answer {
	readonly status: number;
	readonly code: string;
}

/** What each code of the domain is in S3. */
export const domainAnswers: Readonly<Record<ErrorCode, Answer>> = {
	invalid_request: { status: 400, code: "InvalidRequest" },
	invalid_unit_id: { status: 400, code: "InvalidArgument" },
	invalid_state: { status: 400, code: "InvalidRequest" },
	checksum_mismatch: { status: 400, code: "BadDigest" },
	too_large: { status: 400, code: "EntityTooLarge" },
	length_required: { status: 411, code: "MissingContentLength" },
	unauthenticated: { status: 403, code: "AccessDenied" },
	forbidden: { status: 403, code: "AccessDenied" },
	unit_not_found: { status: 404, code: "NoSuchKey" },
	version_not_found: { status: 404, code: "NoSuchVersion" },
	no_state: { status: 404, code: "NoSuchKey" },
	// The only thing here that is named and no unit: the organization.
	not_found: { status: 404, code: "NoSuchBucket" },
	conflict: { status: 409, code: "OperationAborted" },
	route_not_found: { status: 404, code: "NoSuchKey" },
	method_not_allowed: { status: 405, code: "MethodNotAllowed" },
	unit_exists: { status: 409, code: "OperationAborted" },
	unit_reserved: { status: 403, code: "AccessDenied" },
	locked: { status: 412, code: "PreconditionFailed" },
	lock_mismatch: { status: 412, code: "PreconditionFailed" },
	state_conflict: { status: 409, code: "StateConflict" },
	precondition_failed: { status: 412, code: "PreconditionFailed" },
	contention: { status: 503, code: "SlowDown" },
	storage_unavailable: { status: 503, code: "ServiceUnavailable" },
	outcome_unknown: { status: 503, code: "ServiceUnavailable" },
	storage_corrupt: { status: 500, code: "InternalError" },
	schema_too_new: { status: 500, code: "InternalError" },
	shutting_down: { status: 503, code: "ServiceUnavailable" },
	overloaded: { status: 503, code: "SlowDown" },
	rate_limited: { status: 503, code: "SlowDown" },
	provider_unavailable: { status: 503, code: "ServiceUnavailable" },
	internal: { status: 500, code: "InternalError" },
};

/** What each refusal of a signature or a body is in S3. */
export const stsAnswers: Readonly<Record<StsFaultCode, Answer>> = {
	unsigned: { status: 403, code: "AccessDenied" },
	authorization_malformed: { status: 400, code: "AuthorizationHeaderMalformed" },
	query_malformed: { status: 400, code: "AuthorizationQueryParametersError" },
	header_missing: { status: 403, code: "AccessDenied" },
	time_skewed: { status: 403, code: "RequestTimeTooSkewed" },
	url_expired: { status: 403, code: "AccessDenied" },
	unknown_access_key: { status: 403, code: "InvalidAccessKeyId" },
	credentials_expired: { status: 400, code: "ExpiredToken" },
	signature_mismatch: { status: 403, code: "SignatureDoesNotMatch" },
	payload_mismatch: { status: 400, code: "XAmzContentSHA256Mismatch" },
	checksum_mismatch: { status: 400, code: "BadDigest" },
	body_incomplete: { status: 400, code: "IncompleteBody" },
	body_malformed: { status: 400, code: "InvalidRequest" },
	trailer_malformed: { status: 400, code: "MalformedTrailerError" },
	length_missing: { status: 411, code: "MissingContentLength" },
	unsupported: { status: 400, code: "InvalidRequest" },
};

/** A failure that only S3 knows. The message is public. */
export class S3Error extends Error {
	readonly status: number;
	readonly code: string;
	readonly headers: Readonly<Record<string, string>>;

	constructor(
		status: number,
		code: string,
		message: string,
		headers: Readonly<Record<string, string>> = {},
	) {
		super(message);
		this.name = "S3Error";
		this.status = status;
		this.code = code;
		this.headers = headers;
	}
}

export function notImplemented(what: string): S3Error {
	return new S3Error(501, "NotImplemented", `${what} is not implemented by this endpoint`);
}

export function noSuchKey(message = "there is no state under this key"): S3Error {
	return new S3Error(404, "NoSuchKey", message);
}

export function preconditionFailed(message: string): S3Error {
	return new S3Error(412, "PreconditionFailed", message);
}

/** Any thrown value as S3 answers it. */
export function toS3Error(thrown: unknown): { error: S3Error; domain: DomainError | null } {
	if (thrown instanceof S3Error) return { error: thrown, domain: null };
	if (thrown instanceof StsFault) {
		const { status, code } = stsAnswers[thrown.code];
		return { error: new S3Error(status, code, thrown.message), domain: null };
	}
	const domain = toDomainError(thrown);
	const { status, code } = domainAnswers[domain.code];
	const message = domain.hint === "" ? domain.message : `${domain.message}; ${domain.hint}`;
	const retry = String(domain.details.retryAfterSeconds ?? 2);
	const headers: Record<string, string> = status === 503 ? { "retry-after": retry } : {};
	return { error: new S3Error(status, code, message, headers), domain };
}

/** The reply for a failure; without a body for HEAD. Logs what an operator should know of. */
export function presentS3Error(
	thrown: unknown,
	method: string,
	context: RequestContext,
	log: Log,
): Response {
	const { error, domain } = toS3Error(thrown);
	context.refusal = { code: error.code, reason: error.message };
	if (domain !== null) logError(domain, error.status, context, log);
	const headers: Record<string, string> = {
		...error.headers,
		"x-amz-request-id": context.requestId,
	};
	const hasBody = method !== "HEAD" && error.status !== 304;
	if (!hasBody) return new Response(null, { status: error.status, headers });
	return new Response(xmlDocument(["Error", errorFields(error, context.requestId)], false), {
		status: error.status,
		headers: { ...headers, "content-type": "application/xml" },
	});
}

function errorFields(error: S3Error, requestId: string): Element[] {
	return [
		["Code", error.code],
		["Message", error.message],
		["RequestId", requestId],
	];
}

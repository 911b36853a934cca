/**
 * The one error type of the domain and its closed set of codes.
 * Every surface maps the codes by a table typed `Record<ErrorCode, …>`, so a new code does not
 * compile until each surface and the CLI's exit codes say what it means there.
 */

export const errorCodes = [
	/** The request cannot be understood: bad JSON, a bad id, a bad parameter. */
	"invalid_request",
	/** The unit id breaks the id grammar. */
	"invalid_unit_id",
	/** The body is not a Terraform state (not JSON, or version, serial or lineage are missing). */
	"invalid_state",
	/** The body does not match the checksum that the client sent. */
	"checksum_mismatch",
	/** A configured bound was exceeded; the message names it. */
	"too_large",
	/** The body's length is not known in advance and the body is too large to be held. */
	"length_required",
	/** No credential, or one that proves nothing. */
	"unauthenticated",
	/** The principal is known and may not do this. */
	"forbidden",
	/** The unit does not exist (or the caller may not know that it does). */
	"unit_not_found",
	/** The unit exists and the version does not, or its body was removed by retention. */
	"version_not_found",
	/** The unit exists and has no state yet. */
	"no_state",
	/** A route that this server does not have. */
	"route_not_found",
	/** The method does not exist on this route. */
	"method_not_allowed",
	/** Create of a unit that exists. */
	"unit_exists",
	/** A role, a permission or another named thing besides units that is not there. */
	"not_found",
	/** It is there already, is still in use, or is one that must stay. */
	"conflict",
	/** The id belongs to the platform (`__opentaco_…`) and is created by the CLI only. */
	"unit_reserved",
	/** Somebody else holds the lock; `details.lock` is the holder. */
	"locked",
	/** The caller names a lock that is not the one that is held, or none is held. */
	"lock_mismatch",
	/** The serial or lineage of the new state does not follow the current one. */
	"state_conflict",
	/** An `If-Match` that does not hold. */
	"precondition_failed",
	/** Several servers kept changing the unit; nothing of this request was done. */
	"contention",
	/** The store did not answer, or answered with an error. Nothing was changed. */
	"storage_unavailable",
	/** The request may or may not have taken effect; the same request may be sent again. */
	"outcome_unknown",
	/** Stored data does not match its hash, or cannot be parsed. */
	"storage_corrupt",
	/** The store holds data written by a newer version of this program. */
	"schema_too_new",
	/** Too many attempts to log in, or with tokens that prove nothing. */
	"rate_limited",
	/** The identity provider did not answer, or not as it should. */
	"provider_unavailable",
	/** The server is shutting down. */
	"shutting_down",
	/** Too many requests at once. */
	"overloaded",
	/** A defect in this program. */
	"internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
	/** The lock that stands in the way, when the caller may see it. */
	readonly lock?: unknown;
	/** Seconds after which a retry makes sense. */
	readonly retryAfterSeconds?: number;
	/** What the limit is, for `too_large`. */
	readonly limitBytes?: number;
}

/**
 * An expected failure. `message` and `hint` are public: they hold no secret and no value that the
 * caller submitted. `cause` and `privateDetail` go to the log only.
 */
export class DomainError extends Error {
	readonly code: ErrorCode;
	/** What to do next, one sentence; empty when there is nothing to do. */
	readonly hint: string;
	readonly details: ErrorDetails;
	readonly privateDetail: string;

	constructor(
		code: ErrorCode,
		message: string,
		options: {
			hint?: string;
			details?: ErrorDetails;
			cause?: unknown;
			privateDetail?: string;
		} = {},
	) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.name = "DomainError";
		this.code = code;
		this.hint = options.hint ?? "";
		this.details = options.details ?? {};
		this.privateDetail = options.privateDetail ?? "";
	}
}

/** True for a DomainError, optionally of one of the given codes. */
export function isDomainError(error: unknown, ...codes: ErrorCode[]): error is DomainError {
	return error instanceof DomainError && (codes.length === 0 || codes.includes(error.code));
}

/** What the client throws: always a ClientError, whoever is at fault. */
import type { ErrorBody } from "../api/errors.ts";
import type { LockView } from "../api/units.ts";

/** Codes that the client makes itself; all others come from the server's ErrorBody. */
export const clientErrorCodes = [
	/** The server could not be reached; nothing was sent. */
	"server_unreachable",
	/** A certificate that is not trusted, or no TLS at all; nothing was sent. */
	"tls_failed",
	/** A request that changes nothing got no answer in time. */
	"request_timeout",
	/** The caller's signal ended it. */
	"interrupted",
	/** The answer is not what an OpenTaco server says. */
	"invalid_response",
	/** The server points elsewhere. Redirects are not followed: the token stays where it belongs. */
	"redirected",
	/** The bytes that arrived are not those that the server announced. */
	"download_damaged",
	/** The server's address cannot be used. */
	"invalid_server_url",
	/** The token cannot stand in a header. */
	"invalid_token",
] as const;

export type ClientErrorCode = (typeof clientErrorCodes)[number];

export interface ClientErrorOptions {
	readonly hint?: string | undefined;
	readonly status?: number | undefined;
	readonly requestId?: string | undefined;
	readonly lock?: LockView | undefined;
	readonly cause?: unknown;
}

/**
 * A request that did not succeed. `code` is the server's stable error code or one of
 * `clientErrorCodes`; `outcome_unknown` (from either side) means that the change may have happened.
 */
export class ClientError extends Error {
	readonly code: string;
	/** What to do next, one sentence; empty when there is nothing to do. */
	readonly hint: string;
	/** The HTTP status, or null when there was no answer. */
	readonly status: number | null;
	/** The id under which the server's log has the request. */
	readonly requestId: string | null;
	/** The lock that stands in the way. */
	readonly lock: LockView | null;

	constructor(code: string, message: string, options: ClientErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.name = "ClientError";
		this.code = code;
		this.hint = options.hint ?? "";
		this.status = options.status ?? null;
		this.requestId = options.requestId ?? null;
		this.lock = options.lock ?? null;
	}
}

/** True for a ClientError, optionally of one of the given codes. */
export function isClientError(error: unknown, ...codes: string[]): error is ClientError {
	return error instanceof ClientError && (codes.length === 0 || codes.includes(error.code));
}

/** The server's error body in the text, or null when it is none. Tolerates unknown fields. */
export function parseErrorBody(text: string): ErrorBody | null {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return null;
	}
	if (typeof value !== "object" || value === null) return null;
	const { error, message, hint, request_id, lock } = value as Record<string, unknown>;
	if (typeof error !== "string" || typeof message !== "string") return null;
	return {
		error,
		message,
		hint: typeof hint === "string" ? hint : "",
		request_id: typeof request_id === "string" ? request_id : "",
		...(isLock(lock) ? { lock } : {}),
	};
}

function isLock(value: unknown): value is LockView {
	return typeof value === "object" && value !== null && typeof (value as LockView).id === "string";
}

/** What an answer of the server means, and what the lack of one means. */
import type { Deadline } from "./deadline.ts";
import { ClientError, parseErrorBody } from "./errors.ts";
import { clientLimits } from "./limits.ts";

/** An answer whose body is still to be read, under the deadline that came with it. */
export interface Answer {
	readonly response: Response;
	readonly deadline: Deadline;
	readonly requestId: string;
}

export interface Failure {
	readonly error: ClientError;
	/** The pause that the server asked for. */
	readonly retryAfterMs: number | null;
	/** The server says that nothing of the request was done: any request may be sent again. */
	readonly notDone: boolean;
}

/** What had been asked, as far as it says what may have happened. */
interface Asked {
	readonly method: string;
}

/** Answers after which what may be repeated is tried again. */
export const retriedStatus: ReadonlySet<number> = new Set([502, 503, 504]);

/** Codes by which the server says that nothing was changed, and that it may work a little later. */
const notDoneCodes: ReadonlySet<string> = new Set([
	"contention",
	"storage_unavailable",
	"shutting_down",
	"overloaded",
]);

/** Marks a timeout as the cause: waiting as long again would not help. */
export class TimeRanOut extends Error {}

/** The caller's signal ended it. */
export function interrupted(request: Asked): ClientError {
	return new ClientError("interrupted", "interrupted", {
		hint: request.method === "GET" ? "" : "the change may have been made: look at the unit",
	});
}

/** The request was sent, and nobody says what became of it. */
export function unknownOutcome(why: string, cause: unknown, requestId?: string): ClientError {
	return new ClientError("outcome_unknown", `${why}: the change may or may not have been made`, {
		hint: "look at the unit, or send the same again",
		requestId,
		cause,
	});
}

/** What an answer that is no success means, and the pause that it asks for. */
export async function failureOf(answer: Answer, request: Asked): Promise<Failure> {
	const { response, requestId } = answer;
	const { status } = response;
	const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"));
	if (status >= 300 && status < 400) {
		await response.body?.cancel();
		return { error: redirected(response, requestId), retryAfterMs, notDone: false };
	}
	let text = "";
	try {
		text = await readText(answer, clientLimits.errorBytesMax);
	} catch {
		// The status alone must do.
	}
	const body = parseErrorBody(text);
	if (body !== null) {
		const error = new ClientError(body.error, body.message, {
			hint: body.hint,
			status,
			requestId: body.request_id === "" ? requestId : body.request_id,
			lock: body.lock,
		});
		const notDone = retriedStatus.has(status) && notDoneCodes.has(body.error);
		return { error, retryAfterMs, notDone };
	}
	return { error: withoutBody(response, request, requestId), retryAfterMs, notDone: false };
}

/** An error that something between us and the server made, or a server that is not ours. */
function withoutBody(response: Response, request: Asked, requestId: string): ClientError {
	const { status } = response;
	if (retriedStatus.has(status)) {
		// A gateway that could not connect and one that lost the answer look alike.
		return request.method === "GET" || status === 503
			? new ClientError("storage_unavailable", `the server is not available (HTTP ${status})`, {
					status,
					requestId,
					hint: "try again later",
				})
			: new ClientError(
					"outcome_unknown",
					`a gateway answered HTTP ${status}: the change may or may not have been made`,
					{ status, requestId, hint: "look at the unit, or send the same again" },
				);
	}
	const known = status === 401 ? "unauthenticated" : status === 403 ? "forbidden" : null;
	return new ClientError(
		known ?? "invalid_response",
		known === null
			? `the answer (HTTP ${status}) is not one of an OpenTaco server`
			: `something before the server refused the request (HTTP ${status})`,
		{ status, requestId, hint: "check the address in --server or OPENTACO_SERVER" },
	);
}

function redirected(response: Response, requestId: string): ClientError {
	let target = "elsewhere";
	try {
		target = new URL(response.headers.get("location") ?? "", response.url || undefined).origin;
	} catch {
		// No usable address: the status says enough.
	}
	return new ClientError("redirected", `the server redirects to ${target}`, {
		status: response.status,
		requestId,
		hint: "redirects are not followed, so that the token stays here; use the address in --server",
	});
}

/** Milliseconds of a Retry-After in either form (RFC 9110 10.2.3), or null. */
export function parseRetryAfter(value: string | null, now: number = Date.now()): number | null {
	if (value === null) return null;
	if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * 1000;
	const date = Date.parse(value);
	return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/**
 * The whole body, at most `bytesMax` bytes. With `idleMs` the deadline counts from the last byte.
 * @throws ClientError `invalid_response` when it is larger; what the connection throws.
 */
export async function readText(
	{ response, deadline }: Answer,
	bytesMax: number,
	idleMs?: number,
): Promise<string> {
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of response.body ?? []) {
		if (idleMs !== undefined) deadline.restart(idleMs);
		bytes += chunk.length;
		if (bytes > bytesMax) {
			throw new ClientError("invalid_response", "the answer is larger than it may be", {
				status: response.status,
			});
		}
		chunks.push(chunk);
	}
	return Buffer.concat(chunks).toString("utf8");
}

/** @throws ClientError `invalid_response`. */
export function parseJson(
	text: string,
	{ response, requestId }: Answer,
	parse: (text: string) => unknown = JSON.parse,
): unknown {
	try {
		return parse(text);
	} catch (cause) {
		throw new ClientError("invalid_response", "the answer is not JSON", {
			status: response.status,
			requestId,
			hint: "check the address in --server or OPENTACO_SERVER",
			cause,
		});
	}
}

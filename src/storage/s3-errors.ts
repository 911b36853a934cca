/** What an S3 server's refusals and broken answers mean for the port: the table of section 3.3. */

import { StoreError } from "../core/ports/blob-store.ts";

/** A refusal: the status, and what the XML body and the headers say. */
export interface S3Refusal {
	readonly status: number;
	/** AWS's error code, empty without a body (HEAD) or for other formats. */
	readonly code: string;
	/** Where the bucket is, when the server tells. */
	readonly region: string;
}

/** A write may have happened when its outcome is in doubt; a read never matters. */
export type S3Effect = "read" | "write";

const errorBodyBytesMax = 64 * 1024;

/** Codes whose credentials are no good any more; new ones may be. */
const staleCredentialCodes = new Set([
	"ExpiredToken",
	"InvalidToken",
	"TokenRefreshRequired",
	"InvalidAccessKeyId",
]);

/** True when credentials should be loaded afresh before the next attempt. */
export function meansStaleCredentials(code: string): boolean {
	return staleCredentialCodes.has(code);
}

/** Reads a refusal's bounded body and headers. Never throws. */
export async function refusalOf(response: Response): Promise<S3Refusal> {
	const text = await boundedText(response);
	return {
		status: response.status,
		code: xmlText(text, "Code"),
		region: response.headers.get("x-amz-bucket-region") ?? xmlText(text, "Region"),
	};
}

async function boundedText(response: Response): Promise<string> {
	const decoder = new TextDecoder();
	let text = "";
	try {
		for await (const chunk of response.body ?? []) {
			text += decoder.decode(chunk, { stream: true });
			if (text.length > errorBodyBytesMax) break;
		}
	} catch {
		// The status alone has to do.
	}
	return text;
}

/** The text of the first element of that name, "" without one. For error documents only. */
export function xmlText(xml: string, element: string): string {
	const match = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml);
	return match?.[1]?.trim() ?? "";
}

/** The StoreError for a refusal. 404 for a missing object is not one: callers sort it out first. */
export function errorOfRefusal(refusal: S3Refusal, effect: S3Effect): StoreError {
	const { status, code, region } = refusal;
	const known = errorOfCode(code, region);
	if (known !== null) return known;
	const told = code === "" ? `status ${status}` : `${status} ${code}`;
	if (status >= 500 || status === 429 || status < 100) {
		const slow = status === 503 || status === 429 || code === "SlowDown";
		return new StoreError(slow ? "throttled" : "unavailable", `the S3 server answered ${told}`, {
			notDone: effect === "read",
		});
	}
	if (status >= 300 && status < 400) return wrongRegion(region);
	if (status === 401 || status === 403) {
		return new StoreError("denied", `the S3 server refused access (${told})`);
	}
	if (status === 408) {
		return new StoreError("timeout", `the S3 server answered ${told}`, {
			notDone: effect === "read",
		});
	}
	if (status < 300) {
		return new StoreError("unavailable", `the S3 server's answer makes no sense (${told})`, {
			notDone: effect === "read",
		});
	}
	// The remaining 4xx, 409 of a raced conditional write among them: refused, without effect.
	return new StoreError("unavailable", `the S3 server answered ${told}`, {
		notDone: true,
	});
}

/** Codes that mean the same whatever their status: Bun's listing tells the code only. */
function errorOfCode(code: string, region: string): StoreError | null {
	switch (code) {
		case "NoSuchBucket":
			return new StoreError("no_such_store", "the bucket does not exist");
		case "PermanentRedirect":
		case "TemporaryRedirect":
		case "Redirect":
		case "AuthorizationHeaderMalformed":
		case "AuthorizationQueryParametersError":
		case "IllegalLocationConstraintException":
			return wrongRegion(region);
		case "RequestTimeTooSkewed":
		case "RequestExpired":
			return new StoreError("denied", "this machine's clock is too far from the S3 server's");
		case "InvalidAccessKeyId":
		case "SignatureDoesNotMatch":
		case "ExpiredToken":
		case "InvalidToken":
		case "TokenRefreshRequired":
			return new StoreError("denied", `the S3 server does not take these credentials (${code})`);
		case "AccessDenied":
		case "AllAccessDisabled":
		case "AccountProblem":
			return new StoreError("denied", `the S3 server refused access (${code})`);
		case "QuotaExceeded":
		case "InsufficientStorage":
		case "InsufficientCapacity":
		case "XMinioStorageFull":
			return new StoreError("not_writable", "the bucket's quota is used up");
		case "EntityTooLarge":
			return new StoreError("not_writable", "the object is larger than the S3 server takes");
		case "KeyTooLongError":
			return new StoreError("invalid_key", "the key is too long for the S3 server");
		case "BadDigest":
		case "IncompleteBody":
		case "XAmzContentSHA256Mismatch":
			return new StoreError(
				"corrupt",
				`the bytes were damaged on their way to the S3 server (${code})`,
				{ notDone: true },
			);
		default:
			return null;
	}
}

function wrongRegion(region: string): StoreError {
	return new StoreError(
		"no_such_store",
		region === ""
			? "the bucket is in another region, or the endpoint is not the bucket's"
			: `the bucket is in the region ${/^[a-z0-9-]{1,40}$/.test(region) ? region : "that the server names"}; configure that region`,
	);
}

/** The StoreError for a request that ended without an answer. */
export function errorOfFailure(
	error: unknown,
	signal: AbortSignal | undefined,
	effect: S3Effect,
): StoreError {
	if (error instanceof StoreError) return error;
	const notDone = effect === "read";
	if (signal?.aborted || isTimeout(error)) {
		return new StoreError("timeout", "the S3 server did not answer in time", {
			notDone,
			cause: error,
		});
	}
	const code = codeOf(error);
	const unreachable = /REFUSED|NOTFOUND|EAI_AGAIN|DNS|Resolve/i.test(code);
	return new StoreError(
		"unavailable",
		unreachable
			? `the S3 server cannot be reached (${code})`
			: `the connection to the S3 server broke (${code})`,
		{ notDone, cause: error },
	);
}

/** The SDK calls a reset connection a TimeoutError too; its code tells them apart. */
function isTimeout(error: unknown): boolean {
	if (!(error instanceof Error)) return false;
	const { code } = error as { code?: unknown };
	if (typeof code === "string" && /^E(CONNRE|PIPE|NOTFOUND)/.test(code)) return false;
	return error.name === "TimeoutError" || error.name === "AbortError";
}

function codeOf(error: unknown): string {
	const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
	const text = typeof code === "string" ? code : String(name ?? "unknown");
	return text.slice(0, 60);
}

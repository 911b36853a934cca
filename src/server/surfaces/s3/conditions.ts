/** Conditions and ranges of requests for an object (RFC 9110, sections 13 and 14, as S3 reads them). */
import { preconditionFailed, S3Error } from "./errors.ts";

/** What conditions are judged by. */
export interface ObjectFacts {
	/** With its quotes. */
	readonly etag: string;
	/** Ms since the epoch. */
	readonly modified: number;
}

function names(header: string, etag: string): boolean {
	if (header.trim() === "*") return true;
	const bare = etag.replaceAll('"', "");
	return header
		.split(",")
		.some((part) => part.trim().replace(/^W\//, "").replaceAll('"', "") === bare);
}

function seconds(ms: number): number {
	return Math.floor(ms / 1000);
}

/**
 * Judges the conditions of a GET or HEAD.
 * @throws S3Error PreconditionFailed, or with the status 304.
 */
export function checkReadConditions(headers: Headers, facts: ObjectFacts): void {
	const ifMatch = headers.get("if-match");
	const ifNoneMatch = headers.get("if-none-match");
	const since = Date.parse(headers.get("if-modified-since") ?? "");
	const unmodified = Date.parse(headers.get("if-unmodified-since") ?? "");
	if (ifMatch !== null) {
		if (!names(ifMatch, facts.etag)) {
			throw preconditionFailed("the state is not the one that If-Match names");
		}
	} else if (seconds(facts.modified) > seconds(unmodified)) {
		throw preconditionFailed("the state has changed since the time of If-Unmodified-Since");
	}
	const isSame =
		ifNoneMatch === null
			? seconds(facts.modified) <= seconds(since)
			: names(ifNoneMatch, facts.etag);
	if (isSame) {
		throw new S3Error(304, "NotModified", "not modified", {
			etag: facts.etag,
			"last-modified": new Date(facts.modified).toUTCString(),
		});
	}
}

/** What a writer asks for. */
export type WriteCondition =
	| { readonly kind: "none" }
	| { readonly kind: "absent" }
	| { readonly kind: "match"; readonly etag: string };

/** Reads the condition of a PUT. @throws S3Error NotImplemented for those that S3 has not either. */
export function writeCondition(headers: Headers): WriteCondition {
	const ifMatch = headers.get("if-match");
	const ifNoneMatch = headers.get("if-none-match");
	if (ifMatch !== null && ifNoneMatch !== null) {
		throw new S3Error(
			501,
			"NotImplemented",
			"If-Match and If-None-Match together are not implemented",
		);
	}
	if (ifNoneMatch !== null) {
		if (ifNoneMatch.trim() !== "*") {
			throw new S3Error(
				501,
				"NotImplemented",
				"If-None-Match with anything but * is not implemented",
			);
		}
		return { kind: "absent" };
	}
	return ifMatch === null ? { kind: "none" } : { kind: "match", etag: ifMatch };
}

/** Whether an ETag is the one that a condition names. */
export function isSameEtag(condition: string, etag: string): boolean {
	return names(condition, etag);
}

/** First and last byte, both included. */
export interface ByteSpan {
	readonly first: number;
	readonly last: number;
}

/**
 * The range that is asked for; null for the whole object, also when the header is not understood.
 * @throws S3Error InvalidRange when nothing of the object is in it.
 */
export function readRange(header: string | null, sizeBytes: number): ByteSpan | null {
	const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header?.trim() ?? "");
	const from = match?.[1] ?? "";
	const to = match?.[2] ?? "";
	if (from === "" && to === "") return null;
	const first = from === "" ? Math.max(0, sizeBytes - Number(to)) : Number(from);
	const last = from === "" || to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
	if (from !== "" && to !== "" && Number(to) < Number(from)) return null;
	if (first >= sizeBytes || (from === "" && Number(to) === 0)) {
		throw new S3Error(416, "InvalidRange", "the state has no bytes in the range", {
			"content-range": `bytes */${sizeBytes}`,
		});
	}
	return { first, last };
}

/** Answers about objects, as responses. */
import { readRange } from "./conditions.ts";
import type { LockObject } from "./lock-objects.ts";
import type { S3Request } from "./request.ts";
import { objectHeaders } from "./service.ts";
import type { StateObject } from "./state-objects.ts";

/** An answer in XML, already written. */
export function xmlText(text: string): Response {
	return new Response(text, { headers: { "content-type": "application/xml" } });
}

/** Headers of a state, or of the part of it that is asked for. */
export function stateHeaders(
	request: S3Request,
	object: StateObject,
	span: { readonly first: number; readonly last: number } | null,
): Record<string, string> {
	const isWhole = span === null || (span.first === 0 && span.last === object.sizeBytes - 1);
	// A checksum of the whole on a part of it would be taken for a wrong one.
	const hasChecksum =
		isWhole &&
		object.sha256 !== null &&
		request.headers.get("x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
	return {
		...objectHeaders(object),
		"content-type": "application/json",
		"accept-ranges": "bytes",
		...(span === null
			? {}
			: { "content-range": `bytes ${span.first}-${span.last}/${object.sizeBytes}` }),
		...(hasChecksum && object.sha256 !== null
			? { "x-amz-checksum-sha256": object.sha256, "x-amz-checksum-type": "FULL_OBJECT" }
			: {}),
	};
}

/** A lock, or the part of it that is asked for. */
export function lockAnswer(lock: LockObject, method: string, range: string | null): Response {
	const size = lock.bytes.length;
	const span = readRange(range, size);
	const bytes = span === null ? lock.bytes : lock.bytes.subarray(span.first, span.last + 1);
	const headers: Record<string, string> = {
		etag: lock.etag,
		"last-modified": new Date(lock.modified).toUTCString(),
		"content-type": "application/json",
		"accept-ranges": "bytes",
		"content-length": String(bytes.length),
		...(span === null ? {} : { "content-range": `bytes ${span.first}-${span.last}/${size}` }),
	};
	return new Response(method === "HEAD" ? null : (bytes as Uint8Array<ArrayBuffer>), {
		status: span === null ? 200 : 206,
		headers,
	});
}

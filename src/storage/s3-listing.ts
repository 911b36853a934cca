/** Reading the pages of ListObjectsV2 as Bun's client gives them. */

import { compareKeys, isKey } from "../core/ports/blob-key.ts";
import { type BlobInfo, StoreError } from "../core/ports/blob-store.ts";
import { errorOfFailure, errorOfRefusal } from "./s3-errors.ts";

/** A key, or a folded prefix that ends in `/`, relative to the store's root. */
export type S3Entry =
	| { readonly key: string; readonly folded: true }
	| { readonly key: string; readonly folded: false; readonly info: BlobInfo };

/**
 * What is on a page, in the order of bytes. Names outside `keyPrefix` or that are no keys of ours
 * are left out.
 */
export function entriesOf(page: Bun.S3ListObjectsResponse, keyPrefix: string): S3Entry[] {
	const encoded = page.encodingType === "url";
	const relative = (name: string | undefined): string | null => {
		const plain = encoded ? decoded(name ?? "") : (name ?? "");
		return plain.startsWith(keyPrefix) ? plain.slice(keyPrefix.length) : null;
	};
	const entries: S3Entry[] = [];
	for (const { prefix } of page.commonPrefixes ?? []) {
		const key = relative(prefix);
		if (key !== null && isKey(key.slice(0, -1))) entries.push({ key, folded: true });
	}
	for (const content of page.contents ?? []) {
		const key = relative(content.key);
		if (key === null || !isKey(key)) continue;
		const info = { key, size: content.size ?? 0, modified: timeOf(content.lastModified ?? null) };
		entries.push({ key, folded: false, info });
	}
	return entries.sort((a, b) => compareKeys(a.key, b.key));
}

/** The name that a listing encoded as in a form; a name that is not encoded stays. */
function decoded(name: string): string {
	try {
		return decodeURIComponent(name.replaceAll("+", "%20"));
	} catch {
		return name;
	}
}

/** A time of the server in ms. Throws StoreError where it is missing or cannot be read. */
export function timeOf(text: string | null): number {
	const time = text === null ? Number.NaN : Date.parse(text);
	if (Number.isNaN(time)) {
		throw new StoreError("unavailable", "the S3 server does not tell when an object was changed", {
			notDone: true,
		});
	}
	return time;
}

/** A page says that there is more and not how to get it. */
export function brokenListing(): StoreError {
	return new StoreError("unavailable", "the S3 server's listing cannot be read on", {
		notDone: true,
	});
}

/** The StoreError for a listing that failed. */
export function listingError(
	error: unknown,
	code: string,
	signal: AbortSignal | undefined,
): StoreError {
	if (code === "InvalidResponse") return brokenListing();
	const throttled = /^(SlowDown|ServiceUnavailable|TooManyRequests)/.test(code);
	const refused = errorOfRefusal({ status: throttled ? 503 : 403, code, region: "" }, "read");
	// Bun tells a code only: the server's own, or a name for what happened to the connection.
	const known = throttled || !refused.message.endsWith(`(403 ${code})`);
	return known ? refused : errorOfFailure(error, signal, "read");
}

/** ListObjectsV2's parameters and answer, and GetBucketVersioning's. */

import type { Listing, ListRequest, Versioning } from "./bucket.ts";
import { Refusal } from "./refusal.ts";

export function listRequestOf(query: URLSearchParams): ListRequest {
	const maxKeys = Number(query.get("max-keys") ?? 1000);
	if (!Number.isInteger(maxKeys) || maxKeys < 0) {
		throw new Refusal(400, "InvalidArgument");
	}
	const token = query.get("continuation-token");
	return {
		prefix: query.get("prefix") ?? "",
		delimiter: query.get("delimiter") ?? "",
		maxKeys: Math.min(maxKeys, 1000),
		startAfter: query.get("start-after") ?? "",
		continueAfter: token === null ? null : Buffer.from(token, "base64url").toString(),
	};
}

export function listingXml(listing: Listing, request: ListRequest, query: URLSearchParams): string {
	const urlEncoded = query.get("encoding-type") === "url";
	const name = (text: string) => (urlEncoded ? formEncoded(text) : xmlEscaped(text));
	const contents = listing.objects.map(
		([key, object]) =>
			`<Contents><Key>${name(key)}</Key><LastModified>${new Date(object.modifiedMs).toISOString()}</LastModified><ETag>${xmlEscaped(object.etag)}</ETag><Size>${object.bytes.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
	);
	const prefixes = listing.prefixes.map(
		(prefix) => `<CommonPrefixes><Prefix>${name(prefix)}</Prefix></CommonPrefixes>`,
	);
	const token = Buffer.from(listing.last).toString("base64url");
	return [
		'<?xml version="1.0" encoding="UTF-8"?>',
		'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
		`<Prefix>${name(request.prefix)}</Prefix>`,
		`<KeyCount>${contents.length + prefixes.length}</KeyCount>`,
		`<MaxKeys>${request.maxKeys}</MaxKeys>`,
		urlEncoded ? "<EncodingType>url</EncodingType>" : "",
		`<IsTruncated>${listing.truncated}</IsTruncated>`,
		listing.truncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : "",
		...contents,
		...prefixes,
		"</ListBucketResult>",
	].join("");
}

export function versioningXml(versioning: Versioning): string {
	const status =
		versioning === "off"
			? ""
			: `<Status>${versioning === "enabled" ? "Enabled" : "Suspended"}</Status>`;
	return `<?xml version="1.0" encoding="UTF-8"?>\n<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${status}</VersioningConfiguration>`;
}

/** As AWS does it: like a form, but slashes stay. */
function formEncoded(text: string): string {
	return encodeURIComponent(text).replaceAll("%20", "+").replaceAll("%2F", "/");
}

function xmlEscaped(text: string): string {
	return text
		.replaceAll("&", "&amp;")
		.replaceAll("<", "&lt;")
		.replaceAll(">", "&gt;")
		.replaceAll('"', "&quot;");
}

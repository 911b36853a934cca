/** ListObjectVersions: the history of units as versions of their keys. */
import type { VersionRow } from "../../../core/state/service.ts";
import { compareUtf8 } from "../../../lib/utf8-order.ts";
import { S3Error } from "./errors.ts";
import { keyWriter, pageOfKeys, unitKeys } from "./listing.ts";
import { numberParameter, type S3Request } from "./request.ts";
import type { S3Deps } from "./service.ts";
import { objectOfUnit, objectOfVersion, type StateObject } from "./state-objects.ts";
import { type Element, xmlDocument } from "./xml.ts";

const versionsMax = 1000;

function element(key: string, object: StateObject, isLatest: boolean): Element {
	return [
		"Version",
		[
			["Key", key],
			["VersionId", object.versionId],
			["IsLatest", isLatest],
			["LastModified", new Date(object.modified).toISOString()],
			["ETag", object.etag],
			["Size", object.sizeBytes],
			["StorageClass", "STANDARD"],
		],
	];
}

interface Marker {
	readonly key: string;
	/** Of versions of this key, only those with a lower number are still to be shown. */
	readonly belowNumber: number | null;
}

function readMarker(query: ReadonlyMap<string, string>): Marker {
	const key = query.get("key-marker") ?? "";
	const version = query.get("version-id-marker") ?? "";
	if (version === "") return { key, belowNumber: null };
	if (key === "" || !/^[0-9]{1,10}$/.test(version)) {
		throw new S3Error(400, "InvalidArgument", "the version-id-marker is not one of this endpoint");
	}
	return { key, belowNumber: Number(version) };
}

/** Versions of all keys, newest first within a key; those whose content retention removed are left out. */
export async function listVersions(deps: S3Deps, request: S3Request): Promise<string> {
	const { query } = request;
	const prefix = query.get("prefix") ?? "";
	const delimiter = query.get("delimiter") ?? "";
	const marker = readMarker(query);
	const writeKey = keyWriter(query);
	const limit = numberParameter(query, "max-keys", {
		fallback: versionsMax,
		min: 1,
		max: versionsMax,
	});
	const entries = await unitKeys(deps, request.caller, prefix, false);
	const found: Element[] = [];
	let next: { key: string; number: string } | null = null;
	const folded = pageOfKeys(entries, { prefix, delimiter, after: "", limit: entries.length + 1 });
	for (const entry of folded.items) {
		const order = marker.key === "" ? 1 : compareUtf8(entry.key, marker.key);
		if (order < 0 || (order === 0 && marker.belowNumber === null)) continue;
		const below = order === 0 ? marker.belowNumber : null;
		if (found.length >= limit) break;
		const rows = await deps.core.states.versions(request.caller, entry.unit.id);
		const plain = rows.length === 0 && below === null ? objectOfUnit(entry.unit) : null;
		if (plain !== null) {
			found.push(element(writeKey(entry.key), plain, true));
			next = { key: entry.key, number: "0" };
		}
		for (const row of rows.filter((candidate) => isShown(candidate, below))) {
			if (found.length >= limit) break;
			found.push(element(writeKey(entry.key), objectOfVersion(row.version), row.isCurrent));
			next = { key: entry.key, number: String(row.version.number) };
		}
		if (found.length < limit) next = null;
	}
	// Folded keys have no versions to cut pages by: all of them stand on the first page.
	const prefixes = marker.key === "" ? folded.prefixes : [];
	return xmlDocument([
		"ListVersionsResult",
		[
			["Name", request.bucket],
			["Prefix", writeKey(prefix)],
			["KeyMarker", writeKey(marker.key)],
			["VersionIdMarker", marker.belowNumber === null ? "" : String(marker.belowNumber)],
			["MaxKeys", limit],
			["IsTruncated", next !== null],
			...(delimiter === "" ? [] : [["Delimiter", writeKey(delimiter)] as const]),
			...(query.has("encoding-type") ? [["EncodingType", "url"] as const] : []),
			...(next === null
				? []
				: [
						["NextKeyMarker", writeKey(next.key)] as const,
						["NextVersionIdMarker", next.number] as const,
					]),
			...found,
			...prefixes.map((name) => ["CommonPrefixes", [["Prefix", writeKey(name)]]] as const),
		],
	]);
}

function isShown(row: VersionRow, below: number | null): boolean {
	return row.isAvailable && (below === null || row.version.number < below);
}

/** Lists of keys: the states and locks of the units that the caller may read. */

import type { Caller } from "../../../core/principal.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import { stateKeyOfUnit } from "../../../core/unit/unit-id.ts";
import { compareUtf8 } from "../../../lib/utf8-order.ts";
import { S3Error } from "./errors.ts";
import { lockObject } from "./lock-objects.ts";
import {
	continuationParameter,
	continuationToken,
	numberParameter,
	type S3Request,
} from "./request.ts";
import type { S3Deps } from "./service.ts";
import { objectOfUnit } from "./state-objects.ts";
import { type Element, xmlDocument } from "./xml.ts";

const keysMax = 1000;
/** As Terraform names it; `.lock` is the other view of the same lock. */
const lockKeyEnd = ".tflock";

interface KeyEntry {
	readonly key: string;
	readonly unit: UnitSummary;
	readonly isLock: boolean;
}

/** Keys of living units, by the index: the server's own changes at once, others' within seconds. */
export async function unitKeys(
	deps: S3Deps,
	caller: Caller,
	prefix: string,
	withLocks: boolean,
): Promise<KeyEntry[]> {
	const { directory, gate } = deps.core.parts;
	const entries: KeyEntry[] = [];
	for (const unit of await directory.all()) {
		if (unit.deleted !== null) continue;
		const key = stateKeyOfUnit(unit.id);
		const lockKey = `${key}${lockKeyEnd}`;
		const hasState = unit.sizeBytes > 0 && key.startsWith(prefix);
		const hasLock = withLocks && unit.lock !== null && lockKey.startsWith(prefix);
		if (!hasState && !hasLock) continue;
		if (!(await gate.may(caller, "unit.read", unit.id, unit.traits))) continue;
		if (hasState) entries.push({ key, unit, isLock: false });
		if (hasLock) entries.push({ key: lockKey, unit, isLock: true });
	}
	return entries.sort((a, b) => compareUtf8(a.key, b.key));
}

/** Keys and folded prefixes of one page. */
interface KeyPage<T> {
	readonly items: readonly T[];
	readonly prefixes: readonly string[];
	/** The last key or prefix of the page when there is more. */
	readonly next: string | null;
}

/** Folds by the delimiter and cuts a page out of what comes after `after`. Pure. */
export function pageOfKeys<T extends { readonly key: string }>(
	sorted: readonly T[],
	options: {
		readonly prefix: string;
		readonly delimiter: string;
		readonly after: string;
		readonly limit: number;
	},
): KeyPage<T> {
	const { prefix, delimiter, after, limit } = options;
	const items: T[] = [];
	const prefixes: string[] = [];
	let last = "";
	for (const item of sorted) {
		const at = delimiter === "" ? -1 : item.key.indexOf(delimiter, prefix.length);
		const folded = at === -1 ? null : item.key.slice(0, at + delimiter.length);
		if (folded !== null && prefixes.at(-1) === folded) continue;
		const name = folded ?? item.key;
		if (after !== "" && compareUtf8(name, after) <= 0) continue;
		if (items.length + prefixes.length >= limit) {
			return { items, prefixes, next: limit === 0 ? null : last };
		}
		last = name;
		if (folded === null) items.push(item);
		else prefixes.push(folded);
	}
	return { items, prefixes, next: null };
}

/** Escapes a key for `encoding-type=url`. */
export function urlEncodedKey(key: string): string {
	return encodeURIComponent(key)
		.replaceAll("%2F", "/")
		.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** How the answer writes keys. @throws S3Error InvalidArgument. */
export function keyWriter(query: ReadonlyMap<string, string>): (key: string) => string {
	const encoding = query.get("encoding-type");
	if (encoding === undefined || encoding === "") return (key) => key;
	if (encoding === "url") return urlEncodedKey;
	throw new S3Error(400, "InvalidArgument", "encoding-type must be url");
}

function contents(bucket: string, entry: KeyEntry, writeKey: (key: string) => string): Element {
	const { unit } = entry;
	const object =
		entry.isLock && unit.lock !== null
			? lockObject(unit.lock, bucket, unit.id)
			: objectOfUnit(unit);
	const size = object === null ? 0 : "bytes" in object ? object.bytes.length : object.sizeBytes;
	return [
		"Contents",
		[
			["Key", writeKey(entry.key)],
			["LastModified", new Date(object?.modified ?? 0).toISOString()],
			["ETag", object?.etag ?? ""],
			["Size", size],
			["StorageClass", "STANDARD"],
		],
	];
}

/** ListObjectsV2, and ListObjects (version 1). */
export async function listObjects(deps: S3Deps, request: S3Request): Promise<string> {
	const { query } = request;
	const isV2 = query.get("list-type") === "2";
	const prefix = query.get("prefix") ?? "";
	const delimiter = query.get("delimiter") ?? "";
	const token = isV2 ? continuationParameter(query) : "";
	const start = query.get(isV2 ? "start-after" : "marker") ?? "";
	const writeKey = keyWriter(query);
	const limit = numberParameter(query, "max-keys", { fallback: keysMax, min: 0, max: keysMax });
	const entries = await unitKeys(deps, request.caller, prefix, true);
	const page = pageOfKeys(entries, { prefix, delimiter, after: token || start, limit });
	const next = page.next;
	const elements: Element[] = [
		["Name", request.bucket],
		["Prefix", writeKey(prefix)],
		["MaxKeys", limit],
		["IsTruncated", next !== null],
		...(delimiter === "" ? [] : [["Delimiter", writeKey(delimiter)] as const]),
		...(query.has("encoding-type") ? [["EncodingType", "url"] as const] : []),
		...(isV2
			? v2Fields(query, page.items.length + page.prefixes.length, next, start, writeKey)
			: v1Fields(start, next, writeKey)),
		...page.items.map((entry) => contents(request.bucket, entry, writeKey)),
		...page.prefixes.map((folded) => ["CommonPrefixes", [["Prefix", writeKey(folded)]]] as const),
	];
	return xmlDocument(["ListBucketResult", elements]);
}

function v2Fields(
	query: ReadonlyMap<string, string>,
	count: number,
	next: string | null,
	startAfter: string,
	writeKey: (key: string) => string,
): Element[] {
	const token = query.get("continuation-token");
	return [
		["KeyCount", count],
		...(token === undefined ? [] : [["ContinuationToken", token] as const]),
		...(next === null ? [] : [["NextContinuationToken", continuationToken(next)] as const]),
		...(startAfter === "" ? [] : [["StartAfter", writeKey(startAfter)] as const]),
	];
}

function v1Fields(
	marker: string,
	next: string | null,
	writeKey: (key: string) => string,
): Element[] {
	return [
		["Marker", writeKey(marker)],
		...(next === null ? [] : [["NextMarker", writeKey(next)] as const]),
	];
}

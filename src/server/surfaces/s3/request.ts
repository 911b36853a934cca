/** What a request to the S3 surface names: bucket, key, and what of it is asked for. */
import { rawQueryPairs } from "../../../auth/sts/canonical.ts";
import type { VerifiedRequest } from "../../../auth/sts/sigv4.ts";
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import type { Caller } from "../../../core/principal.ts";
import { isPlatformKey } from "../../../core/unit/platform-key.ts";
import { lockKeyOwner, type UnitId, unitIdOfKey } from "../../../core/unit/unit-id.ts";
import type { RequestContext } from "../../shared/request-context.ts";
import { S3Error } from "./errors.ts";

/** Before bucket and key. */
export const s3Root = "/s3";

/** Decoded. */
export interface S3Target {
	/** null: the list of buckets. */
	readonly bucket: string | null;
	/** null: the bucket itself. */
	readonly key: string | null;
}

/** A request whose sender is known. */
export interface S3Request {
	readonly method: string;
	readonly bucket: string;
	readonly query: ReadonlyMap<string, string>;
	readonly headers: Headers;
	readonly body: ReadableStream<Uint8Array> | null;
	readonly verified: VerifiedRequest;
	readonly caller: Caller;
	readonly context: RequestContext;
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw new S3Error(400, "InvalidURI", "the path or query is not correctly percent-encoded");
	}
}

/** Reads the path as it was received, `/s3` included. @throws S3Error InvalidURI. */
export function readTarget(rawPath: string): S3Target {
	const match = /^\/s3(?:\/([^/]*)(?:\/(.*))?)?$/s.exec(rawPath);
	if (match === null) throw new S3Error(400, "InvalidURI", "the path is not one of this endpoint");
	const bucket = decode(match[1] ?? "");
	const key = decode(match[2] ?? "");
	if (bucket === "" && key !== "") {
		throw new S3Error(400, "InvalidBucketName", "the path names no bucket");
	}
	return { bucket: bucket === "" ? null : bucket, key: key === "" ? null : key };
}

/** Decoded parameters. A name that stands twice is refused: two readers would choose differently. */
export function readQuery(rawQuery: string): ReadonlyMap<string, string> {
	const query = new Map<string, string>();
	for (const [rawName, rawValue] of rawQueryPairs(rawQuery)) {
		const name = decode(rawName);
		if (query.has(name)) {
			throw new S3Error(400, "InvalidArgument", "a parameter of the query stands twice");
		}
		// Spaces are %20 in a signed query; a plus is a plus there, but older clients mean a space.
		query.set(name, decode(rawValue.replaceAll("+", " ")));
	}
	return query;
}

/** What a key stands for. */
export type KeyTarget =
	| { readonly kind: "state"; readonly id: UnitId; readonly key: string }
	| { readonly kind: "lock"; readonly id: UnitId; readonly key: string };

/** @throws DomainError `invalid_unit_id` for keys that are no unit's. */
export function keyTarget(key: string): KeyTarget {
	const owner = lockKeyOwner(key);
	if (owner !== null) return { kind: "lock", id: owner, key };
	const id = unitIdOfKey(key);
	if (id !== null) return { kind: "state", id, key };
	const isOurs = isPlatformKey(key);
	throw new DomainError(
		"invalid_unit_id",
		isOurs ? "keys below __opentaco/ belong to the server" : "the key cannot be the key of a state",
		{
			hint: isOurs
				? "use another key"
				: `use a shorter key: at most ${limits.keyBytesMax} bytes, and at most ${limits.escapedIdBytesMax} as a unit id`,
		},
	);
}

/** A parameter that is a whole number within bounds. @throws S3Error InvalidArgument. */
export function numberParameter(
	query: ReadonlyMap<string, string>,
	name: string,
	bounds: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
	const text = query.get(name);
	if (text === undefined || text === "") return bounds.fallback;
	const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : -1;
	if (value < bounds.min) {
		throw new S3Error(400, "InvalidArgument", `${name} must be a number from ${bounds.min}`);
	}
	return Math.min(value, bounds.max);
}

/** The token with which a list goes on behind this key or bucket. */
export function continuationToken(last: string): string {
	return Buffer.from(last).toString("base64url");
}

/** What the list goes on behind; empty for its beginning. @throws S3Error InvalidArgument. */
export function continuationParameter(query: ReadonlyMap<string, string>): string {
	const text = query.get("continuation-token") ?? "";
	const bytes = Buffer.from(text, "base64url");
	if (bytes.toString("base64url") === text) return bytes.toString("utf8");
	throw new S3Error(400, "InvalidArgument", "the continuation token is not one of this endpoint");
}

/** The version that `?versionId` names; undefined for the current one. @throws S3Error. */
export function versionParameter(query: ReadonlyMap<string, string>): number | undefined {
	const text = query.get("versionId");
	if (text === undefined) return undefined;
	// S3's id for "the object without a version": a plain state that nobody has taken over.
	if (text === "null") return undefined;
	if (!/^[1-9][0-9]{0,9}$/.test(text)) {
		throw new S3Error(404, "NoSuchVersion", "the unit has no such version");
	}
	return Number(text);
}

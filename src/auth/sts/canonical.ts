/** The canonical request of AWS Signature Version 4, made of what was received, byte for byte. */
import { createHash, createHmac } from "node:crypto";

export const algorithm = "AWS4-HMAC-SHA256";
export const scopeEnd = "aws4_request";

/** The scope of a signature: `<date>/<region>/s3/aws4_request`. */
export interface SigningScope {
	/** `YYYYMMDD`. */
	readonly day: string;
	readonly region: string;
	readonly service: string;
}

/** The scope as it is signed. */
export function scopeText(scope: SigningScope): string {
	return `${scope.day}/${scope.region}/${scope.service}/${scopeEnd}`;
}

/** Hex SHA-256. */
export function sha256Hex(data: string | Uint8Array): string {
	return createHash("sha256").update(data).digest("hex");
}

export const emptySha256 = sha256Hex("");

/** The key that signs within a scope. */
export function signingKey(secretAccessKey: string, scope: SigningScope): Uint8Array {
	const step = (key: string | Uint8Array, text: string) =>
		createHmac("sha256", key).update(text).digest();
	const day = step(`AWS4${secretAccessKey}`, scope.day);
	return step(step(step(day, scope.region), scope.service), scopeEnd);
}

/** Hex signature of a string to sign. */
export function sign(key: Uint8Array, stringToSign: string): string {
	return createHmac("sha256", key).update(stringToSign).digest("hex");
}

/**
 * The query as it was received, in order of its names and then its values. `leaveOut` is the one
 * parameter that cannot be signed: the signature itself.
 */
export function canonicalQuery(rawQuery: string, leaveOut: string | null): string {
	return rawQueryPairs(rawQuery)
		.filter(([name]) => name !== leaveOut)
		.sort(([aName, aValue], [bName, bValue]) => {
			if (aName !== bName) return aName < bName ? -1 : 1;
			return aValue === bValue ? 0 : aValue < bValue ? -1 : 1;
		})
		.map(([name, value]) => `${name}=${value}`)
		.join("&");
}

/** Names and values of a query, still percent-encoded. */
export function rawQueryPairs(rawQuery: string): [string, string][] {
	return rawQuery
		.split("&")
		.filter((pair) => pair !== "")
		.map((pair) => {
			const at = pair.indexOf("=");
			return at === -1 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
		});
}

export interface CanonicalInput {
	readonly method: string;
	readonly rawPath: string;
	/** From `canonicalQuery`. */
	readonly query: string;
	/** In order: names in lower case, values as received. */
	readonly headers: readonly (readonly [string, string])[];
	readonly payloadHash: string;
}

/** The canonical request (Signature Version 4, step 1; S3 takes the path as it is). */
export function canonicalRequest(input: CanonicalInput): string {
	const headers = input.headers.map(
		([name, value]) => `${name}:${value.trim().replace(/[ \t]+/g, " ")}\n`,
	);
	return [
		input.method,
		input.rawPath,
		input.query,
		headers.join(""),
		input.headers.map(([name]) => name).join(";"),
		input.payloadHash,
	].join("\n");
}

/** The string to sign (step 2). */
export function stringToSign(time: string, scope: SigningScope, canonical: string): string {
	return [algorithm, time, scopeText(scope), sha256Hex(canonical)].join("\n");
}

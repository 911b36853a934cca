/** Verifies AWS Signature Version 4 as a server does: in headers and in presigned URLs. */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { Refusal } from "./refusal.ts";

export interface SignedRequest {
	readonly method: string;
	/** As sent, still percent-encoded, without the query. */
	readonly rawPath: string;
	readonly query: URLSearchParams;
	/** Lower-case names. */
	readonly headers: Readonly<Record<string, string>>;
}

export interface KeyPair {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken?: string | undefined;
}

const skewMaxMs = 15 * 60 * 1000;

/**
 * Throws a Refusal unless the signature is right, the clocks agree and the region is the bucket's.
 * Gives the hash that the body must have, or null for an unsigned payload.
 */
export function verifySignature(
	request: SignedRequest,
	keys: KeyPair,
	region: string,
	nowMs: number,
): string | null {
	const presigned = request.query.get("X-Amz-Algorithm") !== null;
	const parts = presigned ? partsOfQuery(request) : partsOfHeader(request);
	const [accessKeyId, day, scopeRegion, service, end] = parts.credential.split("/");
	if (accessKeyId !== keys.accessKeyId) {
		throw new Refusal(403, "InvalidAccessKeyId");
	}
	if (scopeRegion !== region) {
		const code = presigned ? "AuthorizationQueryParametersError" : "AuthorizationHeaderMalformed";
		throw new Refusal(400, code, region);
	}
	if (service !== "s3" || end !== "aws4_request") {
		throw new Refusal(400, "AuthorizationHeaderMalformed");
	}
	if ((parts.token ?? undefined) !== keys.sessionToken) {
		throw new Refusal(400, "InvalidToken");
	}
	checkTime(parts.time, parts.expiresSeconds, nowMs);
	if (!parts.time.startsWith(day ?? "?")) {
		throw new Refusal(400, "AuthorizationHeaderMalformed");
	}
	checkSignedHeaders(request, parts.signedHeaders);
	const canonical = canonicalRequest(request, parts);
	const scope = `${day}/${scopeRegion}/${service}/${end}`;
	const toSign = `AWS4-HMAC-SHA256\n${parts.time}\n${scope}\n${sha256(canonical)}`;
	let key: Buffer | string = `AWS4${keys.secretAccessKey}`;
	for (const part of scope.split("/")) key = hmac(key, part);
	const expected = hmac(key, toSign).toString("hex");
	const same =
		expected.length === parts.signature.length &&
		timingSafeEqual(Buffer.from(expected), Buffer.from(parts.signature));
	if (!same) throw new Refusal(403, "SignatureDoesNotMatch");
	return parts.payloadHash === "UNSIGNED-PAYLOAD" ? null : parts.payloadHash;
}

interface Parts {
	readonly credential: string;
	readonly time: string;
	readonly signedHeaders: string[];
	readonly signature: string;
	readonly token: string | null;
	readonly payloadHash: string;
	readonly expiresSeconds: number | null;
}

function partsOfQuery({ query }: SignedRequest): Parts {
	const need = (name: string): string => {
		const value = query.get(name);
		if (value === null) {
			throw new Refusal(400, "AuthorizationQueryParametersError");
		}
		return value;
	};
	if (need("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256") {
		throw new Refusal(400, "AuthorizationQueryParametersError");
	}
	return {
		credential: need("X-Amz-Credential"),
		time: need("X-Amz-Date"),
		signedHeaders: need("X-Amz-SignedHeaders").split(";"),
		signature: need("X-Amz-Signature"),
		token: query.get("X-Amz-Security-Token"),
		payloadHash: "UNSIGNED-PAYLOAD",
		expiresSeconds: Number(need("X-Amz-Expires")),
	};
}

function partsOfHeader({ headers }: SignedRequest): Parts {
	const authorization = headers.authorization;
	if (authorization === undefined) throw new Refusal(403, "AccessDenied");
	const match =
		/^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
			authorization,
		);
	const payloadHash = headers["x-amz-content-sha256"];
	if (!match || payloadHash === undefined) {
		throw new Refusal(400, "AuthorizationHeaderMalformed");
	}
	if (payloadHash.startsWith("STREAMING-")) {
		throw new Refusal(501, "NotImplemented");
	}
	return {
		credential: match[1] as string,
		time: headers["x-amz-date"] ?? "",
		signedHeaders: (match[2] as string).split(";"),
		signature: match[3] as string,
		token: headers["x-amz-security-token"] ?? null,
		payloadHash,
		expiresSeconds: null,
	};
}

function checkTime(time: string, expiresSeconds: number | null, nowMs: number): void {
	const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time);
	if (!match) throw new Refusal(403, "AccessDenied");
	const [, year, month, day, hour, minute, second] = match;
	const signedMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
	if (expiresSeconds === null) {
		if (Math.abs(nowMs - signedMs) > skewMaxMs) {
			throw new Refusal(403, "RequestTimeTooSkewed");
		}
		return;
	}
	if (!(expiresSeconds > 0 && expiresSeconds <= 604_800)) {
		throw new Refusal(400, "AuthorizationQueryParametersError");
	}
	const early = signedMs - nowMs > skewMaxMs;
	if (early || nowMs > signedMs + expiresSeconds * 1000) {
		throw new Refusal(403, "AccessDenied");
	}
}

/** The host and every x-amz header must be signed. */
function checkSignedHeaders(request: SignedRequest, signed: string[]): void {
	const unsigned = Object.keys(request.headers).some(
		(name) => name.startsWith("x-amz-") && !signed.includes(name),
	);
	if (unsigned || !signed.includes("host")) {
		throw new Refusal(403, "AccessDenied");
	}
}

function canonicalRequest(request: SignedRequest, parts: Parts): string {
	const query = [...request.query]
		.filter(([name]) => name !== "X-Amz-Signature")
		.map(([name, value]) => `${encode(name)}=${encode(value)}`)
		.sort()
		.join("&");
	const headers = parts.signedHeaders
		.map((name) => `${name}:${(request.headers[name] ?? "").trim()}\n`)
		.join("");
	const path = request.rawPath
		.split("/")
		.map((segment) => encode(decodeURIComponent(segment)))
		.join("/");
	return [
		request.method,
		path,
		query,
		headers,
		parts.signedHeaders.join(";"),
		parts.payloadHash,
	].join("\n");
}

/** AWS's URI encoding: everything but unreserved characters. */
function encode(text: string): string {
	return encodeURIComponent(text).replace(
		/[!'()*]/g,
		(c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}

function sha256(text: string): string {
	return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
	return createHmac("sha256", key).update(text).digest();
}

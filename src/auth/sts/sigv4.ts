/**
 * Verifies AWS Signature Version 4 over the request exactly as it was received. Only the headers
 * that the client signed count, so that proxies may add others; what gives the request a meaning
 * must be among them. A `VerifiedRequest` exists only after the signature matched.
 */
import { timingSafeEqual } from "node:crypto";
import { limits } from "../../core/limits.ts";
import type { Principal } from "../../core/principal.ts";
import {
	canonicalQuery,
	canonicalRequest,
	scopeText,
	sign,
	signingKey,
	stringToSign,
} from "./canonical.ts";
import type { ResolvedCredentials } from "./credentials.ts";
import { StsFault } from "./fault.ts";
import { type Claim, readHeaderClaim, readQueryClaim } from "./signature-claim.ts";

const verifiedBrand: unique symbol = Symbol("verified request");

/** What the chunks of a signed stream are checked with. */
export interface ChunkSigning {
	readonly key: Uint8Array;
	/** As in x-amz-date. */
	readonly time: string;
	readonly scope: string;
	/** The signature of the request itself: the first chunk's predecessor. */
	readonly seedSignature: string;
}

/** How the body is protected. */
export type PayloadMode =
	/** Hex SHA-256 of the whole body. */
	| { readonly kind: "hash"; readonly sha256: string }
	| { readonly kind: "unsigned" }
	| {
			readonly kind: "chunked";
			readonly hasTrailer: boolean;
			/** null: the chunks carry no signatures. */
			readonly signing: ChunkSigning | null;
	  };

/** A request whose sender is known. */
export interface VerifiedRequest {
	readonly [verifiedBrand]: true;
	readonly principal: Principal;
	readonly payload: PayloadMode;
}

/** The request as it was received. */
export interface ReceivedRequest {
	readonly method: string;
	/** Still percent-encoded. */
	readonly rawPath: string;
	/** Without the `?`. */
	readonly rawQuery: string;
	/** Repeated headers joined by `, `. */
	readonly headers: { get(name: string): string | null; keys(): Iterable<string> };
	/** What `host` may have been when it was signed: as received, and as trusted proxies say. */
	readonly hosts: readonly string[];
}

export interface VerifyDeps {
	readonly resolve: (accessKeyId: string, sessionToken: string) => Promise<ResolvedCredentials>;
	/** Ms since the epoch. */
	readonly now: () => number;
}

/** Added by AWS's own content delivery network on the way; no part of any operation. */
const addedOnTheWay: ReadonlySet<string> = new Set(["x-amz-cf-id"]);

/**
 * What Terraform, OpenTofu and the other clients in Go sign as Accept-Encoding. Load balancers and
 * content delivery networks replace or remove it; no answer here depends on it.
 */
const usualAcceptEncoding = "identity";

/**
 * Verifies the signature in the headers or in the query.
 * @throws StsFault; whatever `resolve` throws.
 */
export async function verifyRequest(
	request: ReceivedRequest,
	deps: VerifyDeps,
): Promise<VerifiedRequest> {
	const claim = readClaim(request);
	checkTime(claim, deps.now());
	checkSignedHeaders(claim, request);
	const credentials = await deps.resolve(claim.accessKeyId, claim.sessionToken);
	const key = signingKey(credentials.secretAccessKey, claim.scope);
	if (!matches(claim, request, key)) {
		throw new StsFault(
			"signature_mismatch",
			"the signature does not match the request; a proxy that changes the Host, the path or signed headers also causes this",
		);
	}
	return {
		[verifiedBrand]: true,
		principal: credentials.principal,
		payload: payloadMode(claim.payloadHash, {
			key,
			time: claim.time,
			scope: scopeText(claim.scope),
			seedSignature: claim.signature,
		}),
	};
}

/**
 * Takes a request without any proof, for servers that let everybody in: nothing is verified but
 * the body's own checksums.
 */
export function acceptUnverified(request: ReceivedRequest, principal: Principal): VerifiedRequest {
	const hash = request.headers.get("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
	return { [verifiedBrand]: true, principal, payload: payloadMode(hash, null) };
}

function readClaim(request: ReceivedRequest): Claim {
	const header = request.headers.get("authorization");
	const fromQuery = readQueryClaim(request);
	if (header !== null && fromQuery !== null) {
		throw new StsFault(
			"authorization_malformed",
			"the request is signed twice, in the Authorization header and in the query",
		);
	}
	if (fromQuery !== null) return fromQuery;
	if (header === null) {
		throw new StsFault(
			"unsigned",
			"the request is not signed; use the credentials that `taco creds` gives",
		);
	}
	return readHeaderClaim(header, request);
}

/** The parsed time of the claim, ms since the epoch. */
function timeOf(time: string): number {
	const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(time);
	if (match === null) return Number.NaN;
	const [, year, month, day, hour, minute, second] = match;
	return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function checkTime(claim: Claim, now: number): void {
	const fault = claim.expiresSeconds === null ? "authorization_malformed" : "query_malformed";
	const signedAt = timeOf(claim.time);
	if (Number.isNaN(signedAt)) {
		throw new StsFault(fault, "the time of the signature is not of the form YYYYMMDDTHHMMSSZ");
	}
	if (claim.scope.day !== claim.time.slice(0, 8)) {
		throw new StsFault(fault, "the day of the credential's scope is not that of the signature");
	}
	const isEarly = signedAt - now > limits.signatureSkewMaxMs;
	if (claim.expiresSeconds !== null) {
		if (isEarly) throw new StsFault("time_skewed", "the URL is signed for a time to come");
		if (now > signedAt + claim.expiresSeconds * 1000) {
			throw new StsFault("url_expired", "the URL has expired");
		}
		return;
	}
	if (isEarly || now - signedAt > limits.signatureSkewMaxMs) {
		throw new StsFault(
			"time_skewed",
			"the time of the request is more than 15 minutes from the server's; set the client's clock",
		);
	}
}

function checkSignedHeaders(claim: Claim, request: ReceivedRequest): void {
	const signed = new Set(claim.signedHeaders);
	if (!signed.has("host")) {
		throw new StsFault("header_missing", "the header host must be signed");
	}
	for (const name of request.headers.keys()) {
		const lower = name.toLowerCase();
		if (lower.startsWith("x-amz-") && !signed.has(lower) && !addedOnTheWay.has(lower)) {
			throw new StsFault("header_missing", "every header that starts with x-amz- must be signed");
		}
	}
	for (const name of claim.signedHeaders) {
		if (name === "host" || name === "accept-encoding") continue;
		if (request.headers.get(name) === null) {
			throw new StsFault("header_missing", "a header that was signed is not in the request");
		}
	}
}

function matches(claim: Claim, request: ReceivedRequest, key: Uint8Array): boolean {
	const query = canonicalQuery(
		request.rawQuery,
		claim.expiresSeconds === null ? null : "X-Amz-Signature",
	);
	const given = Buffer.from(claim.signature, "hex");
	const accepted = request.headers.get("accept-encoding");
	const acceptEncodings = claim.signedHeaders.includes("accept-encoding")
		? new Set([accepted ?? usualAcceptEncoding, usualAcceptEncoding])
		: [""];
	let isMatch = false;
	for (const host of request.hosts) {
		for (const acceptEncoding of acceptEncodings) {
			const onTheWay = new Map([
				["host", host],
				["accept-encoding", acceptEncoding],
			]);
			const canonical = canonicalRequest({
				method: request.method,
				rawPath: request.rawPath,
				query,
				headers: claim.signedHeaders.map((name) => [
					name,
					onTheWay.get(name) ?? request.headers.get(name) ?? "",
				]),
				payloadHash: claim.payloadHash,
			});
			const expected = Buffer.from(
				sign(key, stringToSign(claim.time, claim.scope, canonical)),
				"hex",
			);
			if (expected.length === given.length && timingSafeEqual(expected, given)) isMatch = true;
		}
	}
	return isMatch;
}

/** What x-amz-content-sha256 says of the body. */
function payloadMode(hash: string, signing: ChunkSigning | null): PayloadMode {
	if (/^[0-9a-f]{64}$/.test(hash)) return { kind: "hash", sha256: hash };
	switch (hash) {
		case "UNSIGNED-PAYLOAD":
			return { kind: "unsigned" };
		case "STREAMING-UNSIGNED-PAYLOAD-TRAILER":
			return { kind: "chunked", hasTrailer: true, signing: null };
		case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD":
			return { kind: "chunked", hasTrailer: false, signing };
		case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER":
			return { kind: "chunked", hasTrailer: true, signing };
		default:
			throw new StsFault(
				"unsupported",
				"x-amz-content-sha256 is neither a SHA-256 nor a way of signing that is known here",
			);
	}
}

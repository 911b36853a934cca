/** What a request says of its own signature, in its Authorization header or in its query. */
import { limits } from "../../core/limits.ts";
import { algorithm, rawQueryPairs, type SigningScope, scopeEnd } from "./canonical.ts";
import { StsFault, type StsFaultCode } from "./fault.ts";
import type { ReceivedRequest } from "./sigv4.ts";

/** A signature and what it claims to cover; nothing of it is proven yet. */
export interface Claim {
	readonly accessKeyId: string;
	readonly sessionToken: string;
	readonly scope: SigningScope;
	/** As in x-amz-date. */
	readonly time: string;
	/** Lower case, in order, each once. */
	readonly signedHeaders: readonly string[];
	/** Lower-case hex. */
	readonly signature: string;
	/** As signed: a hash, or one of the literals. */
	readonly payloadHash: string;
	/** For presigned URLs; null for a signature in the headers. */
	readonly expiresSeconds: number | null;
}

const oldSignature =
	"Signature Version 2 is not supported; set the region of the profile to auto, or signature_version to s3v4";

/** Reads the claim of an Authorization header. @throws StsFault. */
export function readHeaderClaim(header: string, request: ReceivedRequest): Claim {
	const fault: StsFaultCode = "authorization_malformed";
	if (header.length > limits.authorizationBytesMax) {
		throw new StsFault(fault, "the Authorization header is too long");
	}
	if (/^AWS /.test(header)) throw new StsFault("unsupported", oldSignature);
	if (!header.startsWith(`${algorithm} `)) {
		throw new StsFault(
			fault,
			"this endpoint takes AWS Signature Version 4 only; use the credentials that `taco creds` gives",
		);
	}
	const fields = new Map<string, string>();
	for (const part of header.slice(algorithm.length + 1).split(",")) {
		const match = /^ *(Credential|SignedHeaders|Signature)=([^ ,=]+) *$/.exec(part);
		if (match?.[1] === undefined || match[2] === undefined || fields.has(match[1])) {
			throw new StsFault(fault, "the Authorization header is not understood");
		}
		fields.set(match[1], match[2]);
	}
	const time = request.headers.get("x-amz-date");
	const payloadHash = request.headers.get("x-amz-content-sha256");
	const sessionToken = request.headers.get("x-amz-security-token");
	if (time === null) throw new StsFault("header_missing", "the header x-amz-date is missing");
	if (payloadHash === null) {
		throw new StsFault("header_missing", "the header x-amz-content-sha256 is missing");
	}
	return {
		...readCredential(fields.get("Credential"), fault),
		sessionToken: sessionToken ?? "",
		time,
		signedHeaders: readSignedHeaders(fields.get("SignedHeaders"), fault),
		signature: readSignature(fields.get("Signature"), fault),
		payloadHash,
		expiresSeconds: null,
	};
}

const queryNames = [
	"X-Amz-Algorithm",
	"X-Amz-Credential",
	"X-Amz-Date",
	"X-Amz-Expires",
	"X-Amz-SignedHeaders",
	"X-Amz-Signature",
	"X-Amz-Security-Token",
	"X-Amz-Content-Sha256",
] as const;
const queryNameOf = new Map(queryNames.map((name) => [name.toLowerCase(), name]));

/** Reads the claim of a presigned URL; null when the query holds no signature. @throws StsFault. */
export function readQueryClaim(request: ReceivedRequest): Claim | null {
	const fault: StsFaultCode = "query_malformed";
	const fields = new Map<string, string>();
	for (const [rawName, rawValue] of rawQueryPairs(request.rawQuery)) {
		const name = decode(rawName);
		if (name === "AWSAccessKeyId") throw new StsFault("unsupported", oldSignature);
		const known = queryNameOf.get(name.toLowerCase());
		if (known === undefined) continue;
		// Another spelling of the same name would be read by one side and not by the other.
		// The one that SDKs move there from a header keeps the header's spelling.
		if (known !== rawName && rawName !== "x-amz-content-sha256")
			throw new StsFault(fault, "a parameter of the signature is misspelt");
		if (fields.has(known)) throw new StsFault(fault, "a parameter of the signature stands twice");
		fields.set(known, decode(rawValue));
	}
	if (!fields.has("X-Amz-Signature") && !fields.has("X-Amz-Algorithm")) {
		if (fields.size === 0) return null;
		throw new StsFault(fault, "the query holds a part of a signature only");
	}
	if (fields.get("X-Amz-Algorithm") !== algorithm) {
		throw new StsFault(fault, `X-Amz-Algorithm must be ${algorithm}`);
	}
	const expires = fields.get("X-Amz-Expires") ?? "";
	const expiresSeconds = /^[0-9]{1,6}$/.test(expires) ? Number(expires) : 0;
	if (expiresSeconds < 1 || expiresSeconds > limits.presignedSecondsMax) {
		throw new StsFault(
			fault,
			`X-Amz-Expires must be a number of seconds from 1 to ${limits.presignedSecondsMax}`,
		);
	}
	const payloadHash =
		request.headers.get("x-amz-content-sha256") ??
		fields.get("X-Amz-Content-Sha256") ??
		"UNSIGNED-PAYLOAD";
	if (payloadHash.startsWith("STREAMING-")) {
		throw new StsFault("unsupported", "a presigned URL cannot take a body in signed chunks");
	}
	return {
		...readCredential(fields.get("X-Amz-Credential"), fault),
		sessionToken: fields.get("X-Amz-Security-Token") ?? "",
		time: fields.get("X-Amz-Date") ?? "",
		signedHeaders: readSignedHeaders(fields.get("X-Amz-SignedHeaders"), fault),
		signature: readSignature(fields.get("X-Amz-Signature"), fault),
		payloadHash,
		expiresSeconds,
	};
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		throw new StsFault("query_malformed", "the query is not correctly percent-encoded");
	}
}

function readCredential(
	text: string | undefined,
	fault: StsFaultCode,
): { accessKeyId: string; scope: SigningScope } {
	const match =
		/^([A-Za-z0-9._-]{1,128})\/([0-9]{8})\/([A-Za-z0-9-]{1,64})\/([a-z0-9-]{1,32})\/([a-z0-9_]+)$/.exec(
			text ?? "",
		);
	const [, accessKeyId, day, region, service, end] = match ?? [];
	if (
		accessKeyId === undefined ||
		day === undefined ||
		region === undefined ||
		service === undefined
	) {
		throw new StsFault(fault, "the credential of the signature is not understood");
	}
	if (service !== "s3" || end !== scopeEnd) {
		throw new StsFault(
			fault,
			"the signature is for another service; this endpoint serves s3 only (set it with endpoint_url for s3, or endpoints.s3)",
		);
	}
	return { accessKeyId, scope: { day, region, service } };
}

function readSignedHeaders(text: string | undefined, fault: StsFaultCode): string[] {
	const names = (text ?? "").split(";");
	const isGood =
		names.length <= limits.signedHeadersMax &&
		names.every(
			(name, index) =>
				/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) &&
				(index === 0 || (names[index - 1] as string) < name),
		);
	if (!isGood) {
		throw new StsFault(fault, "the signed headers are not in lower case, in order and each once");
	}
	return names;
}

function readSignature(text: string | undefined, fault: StsFaultCode): string {
	if (text === undefined || !/^[0-9a-f]{64}$/.test(text)) {
		throw new StsFault(fault, "the signature is not 64 lower-case hex digits");
	}
	return text;
}

/** The AWS SDK's own signer, and requests as a server receives them. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { S3Credentials } from "../../../../src/auth/sts/credentials.ts";
import type { ReceivedRequest } from "../../../../src/auth/sts/sigv4.ts";

class Sha256 {
	#hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;
	readonly #secret: string | Uint8Array | undefined;

	constructor(secret?: string | Uint8Array) {
		this.#secret = secret;
		this.#hash = this.#start();
	}

	#start() {
		return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", this.#secret);
	}

	update(data: Uint8Array): void {
		this.#hash.update(data);
	}

	async digest(): Promise<Uint8Array> {
		return new Uint8Array(this.#hash.digest());
	}

	reset(): void {
		this.#hash = this.#start();
	}
}

export interface Sent {
	method: string;
	path: string;
	query?: Record<string, string | string[]>;
	headers: Record<string, string>;
	body?: string | Uint8Array;
}

export function signer(credentials: S3Credentials, region = "auto", service = "s3"): SignatureV4 {
	return new SignatureV4({
		service,
		region,
		credentials: {
			accessKeyId: credentials.accessKeyId,
			secretAccessKey: credentials.secretAccessKey,
			sessionToken: credentials.sessionToken,
		},
		sha256: Sha256 as never,
		uriEscapePath: false,
		applyChecksum: true,
	});
}

/** RFC 3986, as the SDKs escape. */
export function escapeUri(text: string): string {
	return encodeURIComponent(text).replace(
		/[!'()*]/g,
		(c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}

export function queryText(query: Record<string, string | string[]> = {}): string {
	return Object.entries(query)
		.flatMap(([name, value]) =>
			(Array.isArray(value) ? value : [value]).map((one) => `${escapeUri(name)}=${escapeUri(one)}`),
		)
		.join("&");
}

/** A request as it is received. */
export function received(
	sent: { method: string; path: string; query?: unknown; headers: Record<string, string> },
	hosts?: string[],
): ReceivedRequest {
	const headers = new Headers(sent.headers);
	return {
		method: sent.method,
		rawPath: sent.path,
		rawQuery: queryText(sent.query as Record<string, string | string[]>),
		headers,
		hosts: hosts ?? [headers.get("host") ?? ""],
	};
}

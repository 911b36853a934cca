/** Where the bucket is, and the two clients for it: Bun's own and the AWS SDK's. */

import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import { DomainError } from "../core/errors.ts";
import { isKey } from "../core/ports/blob-key.ts";
import type { Clock } from "../core/ports/clock.ts";
import {
	CredentialSource,
	type LoadCredentials,
	providerChain,
	type S3Credentials,
} from "./s3-credentials.ts";

export interface S3Options {
	readonly bucket: string;
	/** Everything is below `<prefix>/`; "" for the whole bucket. */
	readonly prefix: string;
	readonly region?: string | undefined;
	/** `http(s)://host[:port]` of an S3-compatible server; AWS without it. */
	readonly endpoint?: string | undefined;
	/** `endpoint/bucket/key` instead of `bucket.endpoint/key`; default: with an endpoint. */
	readonly pathStyle?: boolean | undefined;
	/** Instead of the AWS SDK's provider chain. */
	readonly credentials?: S3Credentials | LoadCredentials | undefined;
}

/** Checked options. */
export interface S3Address {
	readonly bucket: string;
	/** Empty, or ends in `/`. */
	readonly keyPrefix: string;
	readonly region: string;
	readonly endpoint: string | undefined;
	readonly pathStyle: boolean;
}

const defaultRegion = "us-east-1";
const connectTimeoutMs = 5000;
const sdkSocketsMax = 256;
/** How long a request that was signed here may take to reach the server. */
export const presignSeconds = 900;

/** Checks the options; throws `DomainError("invalid_request")` that says what is wrong. */
export function addressOf(options: S3Options): S3Address {
	if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(options.bucket)) {
		throw invalidOption("The S3 bucket's name is not a bucket name.");
	}
	const prefix = options.prefix.replace(/^\/+|\/+$/g, "");
	if (prefix !== "" && !isKey(prefix)) {
		throw invalidOption("The S3 prefix is not a valid key.");
	}
	const region = options.region || defaultRegion;
	if (!/^[A-Za-z0-9-]{1,64}$/.test(region)) {
		throw invalidOption("The S3 region is not a region name.");
	}
	const endpoint = options.endpoint ? checkedEndpoint(options.endpoint) : undefined;
	return {
		bucket: options.bucket,
		keyPrefix: prefix === "" ? "" : `${prefix}/`,
		region,
		endpoint,
		pathStyle:
			options.pathStyle ??
			// A certificate for *.s3.… does not cover names with further dots.
			(endpoint !== undefined || options.bucket.includes(".")),
	};
}

function checkedEndpoint(endpoint: string): string {
	const url = URL.parse(endpoint);
	const plain =
		url !== null &&
		/^https?:$/.test(url.protocol) &&
		url.pathname === "/" &&
		url.search === "" &&
		url.hash === "" &&
		url.username === "" &&
		url.password === "";
	if (!plain) {
		throw invalidOption("The S3 endpoint is not of the form http(s)://host[:port].");
	}
	return url.origin;
}

function invalidOption(message: string): DomainError {
	return new DomainError("invalid_request", message, {
		hint: "Correct the storage settings.",
	});
}

/** The clients, for the credentials as they are now. */
export interface S3Clients {
	readonly credentials: S3Credentials;
	readonly native: Bun.S3Client;
	/** Loaded when first wanted: the SDK costs start-up time. */
	sdk(): Promise<SdkClient>;
}

/** Builds clients and builds them again when the credentials have changed. */
export class S3ClientSource {
	readonly address: S3Address;
	readonly #credentials: CredentialSource;
	#clients: S3Clients | null = null;

	constructor(options: S3Options, clock: Pick<Clock, "now">) {
		this.address = addressOf(options);
		const { credentials } = options;
		const load =
			typeof credentials === "function"
				? credentials
				: credentials === undefined
					? providerChain(this.address.region)
					: async () => credentials;
		this.#credentials = new CredentialSource(load, clock);
	}

	/** Throws `StoreError("denied")` when there are no credentials. */
	async clients(): Promise<S3Clients> {
		const credentials = await this.#credentials.current();
		if (this.#clients?.credentials !== credentials) {
			this.#clients = buildClients(this.address, credentials);
		}
		return this.#clients;
	}

	/** The server did not take these credentials. */
	forget(credentials: S3Credentials): void {
		this.#credentials.forget(credentials);
	}
}

function buildClients(address: S3Address, credentials: S3Credentials): S3Clients {
	let sdk: Promise<SdkClient> | null = null;
	return {
		credentials,
		native: new Bun.S3Client({
			bucket: address.bucket,
			region: address.region,
			virtualHostedStyle: !address.pathStyle,
			accessKeyId: credentials.accessKeyId,
			secretAccessKey: credentials.secretAccessKey,
			...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
			endpoint: nativeEndpoint(address),
		}),
		sdk() {
			sdk ??= buildSdk(address, credentials);
			return sdk;
		},
	};
}

/** Bun wants the bucket in the endpoint's host for virtual-hosted style. */
function nativeEndpoint(address: S3Address): string {
	const { endpoint, region, bucket, pathStyle } = address;
	const url = new URL(endpoint ?? awsEndpoint(region));
	return pathStyle ? url.origin : `${url.protocol}//${bucket}.${url.host}`;
}

function awsEndpoint(region: string): string {
	const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
	return `https://s3.${region}.${domain}`;
}

async function buildSdk(address: S3Address, credentials: S3Credentials): Promise<SdkClient> {
	const { S3Client } = await import("@aws-sdk/client-s3");
	const agent = { keepAlive: true, maxSockets: sdkSocketsMax };
	return new S3Client({
		region: address.region,
		forcePathStyle: address.pathStyle,
		...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }),
		credentials: {
			accessKeyId: credentials.accessKeyId,
			secretAccessKey: credentials.secretAccessKey,
			...(credentials.sessionToken === undefined ? {} : { sessionToken: credentials.sessionToken }),
		},
		maxAttempts: 1,
		requestChecksumCalculation: "WHEN_REQUIRED",
		responseChecksumValidation: "WHEN_REQUIRED",
		requestHandler: {
			connectionTimeout: connectTimeoutMs,
			httpAgent: agent,
			httpsAgent: agent,
		},
	});
}

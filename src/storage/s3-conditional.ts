/** What goes through the AWS SDK: the conditional PUT, and the question whether a bucket keeps versions. */

import type { S3Client as SdkClient } from "@aws-sdk/client-s3";
import type { StoreError } from "../core/ports/blob-store.ts";
import {
	errorOfFailure,
	errorOfRefusal,
	meansStaleCredentials,
	type S3Refusal,
} from "./s3-errors.ts";

/** An answer to a conditional PUT. */
export type ConditionalAnswer =
	| { readonly created: boolean; readonly dateHeader: string | null }
	| {
			readonly error: StoreError;
			readonly staleCredentials: boolean;
	  };

interface RawResponse {
	readonly statusCode: number;
	readonly headers: Readonly<Record<string, string>>;
}

/**
 * One PUT with `If-None-Match: *` and Content-MD5, sent once. 412 means that an object was there:
 * perhaps one's own, for the HTTP client below re-sends a PUT when a kept-alive connection drops.
 */
export async function putIfNoneMatch(
	client: SdkClient,
	request: {
		readonly bucket: string;
		readonly key: string;
		readonly bytes: Uint8Array;
		readonly md5Base64: string;
	},
	signal: AbortSignal | undefined,
): Promise<ConditionalAnswer> {
	const { PutObjectCommand } = await import("@aws-sdk/client-s3");
	const command = new PutObjectCommand({
		Bucket: request.bucket,
		Key: request.key,
		Body: request.bytes,
		ContentMD5: request.md5Base64,
		ContentType: "application/octet-stream",
		IfNoneMatch: "*",
	});
	const seen: { response: RawResponse | null } = { response: null };
	// Inside the deserializer, so that refusals are seen as well: both dates matter.
	command.middlewareStack.add(
		(next) => async (args) => {
			const result = await next(args);
			seen.response = result.response as RawResponse;
			return result;
		},
		{ step: "deserialize", priority: "low", name: "keepRawResponse" },
	);
	try {
		await client.send(command, signal === undefined ? {} : { abortSignal: signal });
		return { created: true, dateHeader: dateOf(seen.response) };
	} catch (error) {
		const status = seen.response?.statusCode ?? 0;
		if (status === 412) {
			return { created: false, dateHeader: dateOf(seen.response) };
		}
		if (seen.response === null) {
			return {
				error: errorOfFailure(error, signal, "write"),
				staleCredentials: false,
			};
		}
		const refusal = refusalOfSdk(error, seen.response);
		return {
			error: errorOfRefusal(refusal, "write"),
			staleCredentials: meansStaleCredentials(refusal.code),
		};
	}
}

/** Whether the bucket keeps versions; "unknown" where the server or the policy does not tell. */
export async function bucketVersioning(
	client: SdkClient,
	bucket: string,
	signal: AbortSignal | undefined,
): Promise<"off" | "enabled" | "suspended" | "unknown"> {
	const { GetBucketVersioningCommand } = await import("@aws-sdk/client-s3");
	try {
		const { Status } = await client.send(
			new GetBucketVersioningCommand({ Bucket: bucket }),
			signal === undefined ? {} : { abortSignal: signal },
		);
		if (Status === "Enabled") return "enabled";
		return Status === "Suspended" ? "suspended" : "off";
	} catch {
		return "unknown";
	}
}

function dateOf(response: RawResponse | null): string | null {
	return response?.headers.date ?? null;
}

function refusalOfSdk(error: unknown, response: RawResponse): S3Refusal {
	const { Code, name, Region } = error as {
		Code?: unknown;
		name?: unknown;
		Region?: unknown;
	};
	return {
		status: response.statusCode,
		code: String(Code ?? name ?? ""),
		region: response.headers["x-amz-bucket-region"] ?? (typeof Region === "string" ? Region : ""),
	};
}

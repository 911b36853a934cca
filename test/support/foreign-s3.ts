/** What the S3 servers of others have in common. */

import { createServer } from "node:net";

export interface ForeignS3 {
	readonly endpoint: string;
	readonly region: string;
	readonly bucket: string;
	readonly credentials: {
		readonly accessKeyId: string;
		readonly secretAccessKey: string;
	};
	stop(): Promise<void>;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (address === null || typeof address === "string") {
		throw new Error("no port");
	}
	return address.port;
}

/** Resolves when the endpoint answers HTTP at all; throws after `deadlineMs`. */
export async function untilAnswers(
	endpoint: string,
	process: Bun.Subprocess,
	deadlineMs: number,
): Promise<void> {
	const end = performance.now() + deadlineMs;
	for (;;) {
		try {
			await fetch(endpoint, { signal: AbortSignal.timeout(1000) });
			return;
		} catch {
			if (process.exitCode !== null) {
				throw new Error(`the server ended with ${process.exitCode}`);
			}
			if (performance.now() > end) throw new Error("the server does not answer");
			await Bun.sleep(100);
		}
	}
}

/** Makes a bucket with the AWS SDK. */
export async function createBucket(
	endpoint: string,
	region: string,
	bucket: string,
	credentials: ForeignS3["credentials"],
): Promise<void> {
	const { CreateBucketCommand, S3Client } = await import("@aws-sdk/client-s3");
	const client = new S3Client({
		endpoint,
		region,
		credentials,
		forcePathStyle: true,
	});
	await client.send(new CreateBucketCommand({ Bucket: bucket }));
	client.destroy();
}

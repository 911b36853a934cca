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

/**
 * A port of loopback that was free a moment ago, outside of the ports that systems give to outgoing
 * connections (Linux from 32768 on): else a client's connection, be it one to this very port, could
 * sit on it before the server does, or while the server restarts.
 */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = 12_000 + Math.floor(Math.random() * 20_000);
		const server = createServer();
		const isFree = await new Promise<boolean>((resolve) => {
			server.once("error", () => resolve(false));
			server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
		});
		if (isFree) return port;
	}
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

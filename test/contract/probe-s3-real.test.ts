/** The probe against real servers, and against a bucket where a real one ignores conditions. */

import { describe, expect, test } from "bun:test";
import { openStore, probeStore } from "../../src/storage/open.ts";
import type { ForeignS3 } from "../support/foreign-s3.ts";
import { radosgwAvailable, startRadosgw } from "../support/radosgw.ts";
import { machineClock, machineParts } from "../support/store-clock.ts";

const timeoutMs = 180_000;

async function probe(server: ForeignS3) {
	const store = await openStore({ kind: "s3", ...server, prefix: "opentaco" }, machineParts);
	return probeStore(store, machineClock);
}

async function keepVersions(server: ForeignS3): Promise<void> {
	const { PutBucketVersioningCommand, S3Client } = await import("@aws-sdk/client-s3");
	const client = new S3Client({ ...server, forcePathStyle: true });
	await client.send(
		new PutBucketVersioningCommand({
			Bucket: server.bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	client.destroy();
}

const rados = radosgwAvailable();
if (!rados) console.warn("SKIPPED: the probe on Ceph radosgw: not installed");

describe("the probe on servers of others", () => {
	test.skipIf(!rados)(
		"accepts Ceph, and refuses it once the bucket keeps versions",
		async () => {
			const server = await startRadosgw();
			try {
				expect((await probe(server)).bucketVersioning).toBe("off");
				await keepVersions(server);
				await expect(probe(server)).rejects.toMatchObject({
					code: "storage_unavailable",
					message: expect.stringContaining("in a bucket that keeps versions"),
				});
				await expect(probe({ ...server, bucket: "missing" })).rejects.toMatchObject({
					message: expect.stringContaining("the bucket does not exist"),
				});
				const credentials = { ...server.credentials, secretAccessKey: "wrong" };
				await expect(probe({ ...server, credentials })).rejects.toMatchObject({
					message: expect.stringContaining("credentials"),
				});
			} finally {
				await server.stop();
			}
		},
		timeoutMs,
	);
});

import { describe, test } from "bun:test";
import { S3Store } from "../../src/storage/s3.ts";
import { radosgwAvailable, startRadosgw } from "../support/radosgw.ts";
import { machineClock } from "../support/store-clock.ts";
import { blobStoreSuite } from "./blob-store.suite.ts";

if (radosgwAvailable()) {
	blobStoreSuite(
		"S3, Ceph radosgw",
		async () => {
			const server = await startRadosgw();
			const open = () => new S3Store({ ...server, prefix: "opentaco" }, machineClock);
			return { store: open(), second: open(), close: () => server.stop() };
		},
		{ timeoutMs: 180_000 },
	);
} else {
	console.warn(
		"SKIPPED: BlobStore: S3, Ceph radosgw: not installed (scripts/install-radosgw.ts installs it)",
	);
	describe.skip("BlobStore: S3, Ceph radosgw (not installed)", () => {
		test("the contract", () => {});
	});
}

import { describe, test } from "bun:test";
import { openStore } from "../../src/storage/open.ts";
import { radosgwAvailable, startRadosgw } from "../support/radosgw.ts";
import { machineParts } from "../support/store-clock.ts";
import { blobStoreSuite } from "./blob-store.suite.ts";

if (radosgwAvailable()) {
	blobStoreSuite(
		"S3, Ceph radosgw",
		async () => {
			const server = await startRadosgw();
			const open = () => openStore({ kind: "s3", ...server, prefix: "opentaco" }, machineParts);
			return { store: await open(), second: await open(), close: () => server.stop() };
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

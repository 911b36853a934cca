import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BlobStore } from "../../src/core/ports/blob-store.ts";
import { FilesystemStore } from "../../src/storage/filesystem.ts";
import { openStore } from "../../src/storage/open.ts";
import { machineClock, machineParts } from "../support/store-clock.ts";
import { blobStoreSuite } from "./blob-store.suite.ts";

const openers: Record<string, (directory: string) => Promise<BlobStore>> = {
	filesystem: (directory) => FilesystemStore.open({ directory, clock: machineClock }),
	"filesystem with decorators": (directory) =>
		openStore({ kind: "filesystem", directory }, machineParts),
};

for (const [name, open] of Object.entries(openers)) {
	blobStoreSuite(name, async () => {
		const directory = await mkdtemp(join(tmpdir(), "blob-store-"));
		const store = await open(directory);
		const second = await open(directory);
		return {
			store,
			second,
			async close() {
				await store.close();
				await second.close();
				await rm(directory, { recursive: true });
			},
		};
	});
}

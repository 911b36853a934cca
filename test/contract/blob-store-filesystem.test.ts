import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FilesystemStore } from "../../src/storage/filesystem.ts";
import { machineClock } from "../support/store-clock.ts";
import { blobStoreSuite } from "./blob-store.suite.ts";

blobStoreSuite("filesystem", async () => {
	const directory = await mkdtemp(join(tmpdir(), "blob-store-"));
	const open = () => FilesystemStore.open({ directory, clock: machineClock });
	const store = await open();
	const second = await open();
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

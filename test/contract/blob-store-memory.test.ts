import { MemoryStore } from "../../src/storage/memory.ts";
import { machineClock } from "../support/store-clock.ts";
import { blobStoreSuite } from "./blob-store.suite.ts";

blobStoreSuite("memory", async () => {
	const store = new MemoryStore(machineClock);
	return { store, second: store, close: () => store.close() };
});

import { MemoryStore } from "../../src/storage/memory.ts";
import { openStore } from "../../src/storage/open.ts";
import { machineClock, machineParts } from "../support/store-clock.ts";
import { blobStoreSuite } from "./blob-store.suite.ts";

blobStoreSuite("memory", async () => {
	const store = new MemoryStore(machineClock);
	return { store, second: store, close: () => store.close() };
});

blobStoreSuite("memory with decorators", async () => {
	const store = await openStore({ kind: "memory" }, machineParts);
	return { store, second: store, close: () => store.close() };
});

import { expect, test } from "bun:test";
import { scopedStore } from "../../src/core/organization/scoped-store.ts";
import { FilesystemStore } from "../../src/storage/filesystem.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { openStore } from "../../src/storage/open.ts";
import { FakeS3 } from "../support/fake-s3/server.ts";
import { machineClock, machineParts } from "../support/store-clock.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";
import { blobStoreSuite, bytesOf, storeErrorsOf } from "./blob-store.suite.ts";

const prefix = "__opentaco/orgs/acme/";

blobStoreSuite("a part of a store in memory", async () => {
	const inner = new MemoryStore(machineClock);
	const [store, second] = [scopedStore(inner, prefix), scopedStore(inner, prefix)];
	return { store, second, close: () => inner.close() };
});

blobStoreSuite("a part of a folder", async () => {
	const folder = await temporaryDirectory("scoped");
	const inner = await FilesystemStore.open({ directory: folder.path, clock: machineClock });
	const [store, second] = [scopedStore(inner, prefix), scopedStore(inner, prefix)];
	return {
		store,
		second,
		async close() {
			await inner.close();
			await folder.remove();
		},
	};
});

blobStoreSuite("a part of a bucket, with decorators", async () => {
	const fake = await FakeS3.start();
	const inner = await openStore(
		{
			...{ kind: "s3", bucket: "bucket", prefix: "team", region: fake.region },
			...{ endpoint: fake.endpoint, credentials: fake.keys },
		},
		machineParts,
	);
	const [store, second] = [scopedStore(inner, prefix), scopedStore(inner, prefix)];
	return { store, second, close: () => fake.stop() };
});

test("a part reaches nothing outside of it, and what lies beside it shows nowhere in it", async () => {
	const inner = new MemoryStore(machineClock);
	const acme = scopedStore(inner, prefix);
	const beside = ["a", "__opentaco/orgs/acme.2/a", "__opentaco/orgs/acmeb/a", "__opentaco/log/a"];
	for (const key of beside) await inner.put(key, bytesOf(`outside ${key}`));
	await acme.put("a", bytesOf("inside"));
	await acme.delete("__opentaco/log/a");
	expect((await acme.list({ prefix: "", limit: 10 })).blobs.map(({ key }) => key)).toEqual(["a"]);
	expect(await acme.newest("")).toBe("a");
	expect(await acme.newest("__opentaco/")).toBeNull();
	for (const key of ["../acme.2/a", "../../log/a", "/a", "", ".", "a/../../b", "x\0"]) {
		await storeErrorsOf(
			[acme.get(key), acme.getStream(key), acme.delete(key), acme.put(key, bytesOf("x"))],
			"invalid_key",
		);
		await storeErrorsOf([acme.putIfAbsent(key, bytesOf("x"))], "invalid_key");
	}
	await storeErrorsOf(
		[acme.list({ prefix: "../", limit: 1 }), acme.newest("../log/")],
		"invalid_key",
	);
	const keys = (await inner.list({ prefix: "", limit: 10 })).blobs.map(({ key }) => key);
	expect(keys.sort()).toEqual([...beside, `${prefix}a`].sort());
	await acme.close();
	expect((await inner.get("a")).found).toBe(true);
});

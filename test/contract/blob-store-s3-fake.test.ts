import { openStore } from "../../src/storage/open.ts";
import { S3Store } from "../../src/storage/s3.ts";
import { FakeS3 } from "../support/fake-s3/server.ts";
import { machineClock, machineParts } from "../support/store-clock.ts";
import { blobStoreSuite } from "./blob-store.suite.ts";

async function startFake(prefix: string) {
	const fake = await FakeS3.start();
	const target = {
		kind: "s3",
		bucket: "bucket",
		prefix,
		region: fake.region,
		endpoint: fake.endpoint,
		credentials: fake.keys,
	} as const;
	return { fake, target };
}

blobStoreSuite("S3, fake server", async () => {
	const { fake, target } = await startFake("");
	const open = () => new S3Store(target, machineClock);
	return { store: open(), second: open(), close: () => fake.stop() };
});

blobStoreSuite("S3, fake server, with a prefix and decorators", async () => {
	const { fake, target } = await startFake("team/opentaco");
	const open = () => openStore(target, machineParts);
	return { store: await open(), second: await open(), close: () => fake.stop() };
});

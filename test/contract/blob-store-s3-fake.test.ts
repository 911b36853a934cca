import { S3Store } from "../../src/storage/s3.ts";
import { FakeS3 } from "../support/fake-s3/server.ts";
import { machineClock } from "../support/store-clock.ts";
import { blobStoreSuite } from "./blob-store.suite.ts";

for (const prefix of ["", "team/opentaco"]) {
	blobStoreSuite(`S3, fake server, prefix "${prefix}"`, async () => {
		const fake = await FakeS3.start();
		const open = () =>
			new S3Store(
				{
					bucket: "bucket",
					prefix,
					region: fake.region,
					endpoint: fake.endpoint,
					credentials: fake.keys,
				},
				machineClock,
			);
		return { store: open(), second: open(), close: () => fake.stop() };
	});
}

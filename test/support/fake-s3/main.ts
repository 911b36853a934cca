/**
 * The fake as a process of its own, for tests with several servers: prints one line of JSON
 * `{endpoint, region, bucket, accessKeyId, secretAccessKey, control}` when it listens, and takes
 * orders at the control URL (see `control.ts`).
 *
 *     bun test/support/fake-s3/main.ts --port 9000 --bucket bucket
 */

import { parseArgs } from "node:util";
import { startControl } from "./control.ts";
import { FakeS3 } from "./server.ts";

const { values } = parseArgs({
	options: {
		port: { type: "string", default: "0" },
		"control-port": { type: "string", default: "0" },
		bucket: { type: "string", default: "bucket" },
		region: { type: "string", default: "eu-central-1" },
	},
});

const fake = await FakeS3.start({
	port: Number(values.port),
	buckets: [values.bucket],
	region: values.region,
});
const control = startControl(fake, values.bucket, Number(values["control-port"]));

console.log(
	JSON.stringify({
		endpoint: fake.endpoint,
		region: fake.region,
		bucket: values.bucket,
		accessKeyId: fake.keys.accessKeyId,
		secretAccessKey: fake.keys.secretAccessKey,
		control: control.url.origin,
	}),
);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
	process.on(signal, async () => {
		await control.stop(true);
		await fake.stop();
		process.exit(0);
	});
}

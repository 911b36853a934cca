/** moto_server, where it is on PATH: an S3 server of others to test against. */

import { createBucket, type ForeignS3, freePort, untilAnswers } from "./foreign-s3.ts";

/** True when `moto_server` can be run. */
export function motoAvailable(): boolean {
	return Bun.which("moto_server") !== null;
}

/** Starts moto with one empty bucket. */
export async function startMoto(): Promise<ForeignS3> {
	const port = await freePort();
	const endpoint = `http://127.0.0.1:${port}`;
	const process = Bun.spawn(["moto_server", "-p", String(port)], {
		stdout: "ignore",
		stderr: "ignore",
	});
	const stop = async () => {
		process.kill();
		await process.exited;
	};
	try {
		await untilAnswers(endpoint, process, 60_000);
		const credentials = {
			accessKeyId: "MOTOACCESSKEY",
			secretAccessKey: "moto-secret",
		};
		const bucket = "moto-bucket";
		await createBucket(endpoint, "us-east-1", bucket, credentials);
		return { endpoint, region: "us-east-1", bucket, credentials, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

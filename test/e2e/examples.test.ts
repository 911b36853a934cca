/** The examples, as they stand in the repository. */
import { expect, test } from "bun:test";
import { cp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { adminToken, startServer } from "../support/server.ts";
import { httpCredentials, terraformOrSkip, terraformProject } from "../support/terraform.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const examples = resolve(import.meta.dir, "../../examples");
const has = terraformOrSkip("the examples");

test.skipIf(!has)("examples/http-backend applies, and goes on after a change", async () => {
	await using folder = await temporaryDirectory("examples");
	await using server = await startServer({ cwd: folder.path });
	const path = join(folder.path, "example");
	await cp(join(examples, "http-backend"), path, { recursive: true });
	const tf = await terraformProject(path, {}, httpCredentials(adminToken));
	const address = `${server.url}/v1/backend/myapp/prod`;
	const settings = ["address", "lock_address", "unlock_address"];
	await tf.must("init", ...settings.map((name) => `-backend-config=${name}=${address}`));
	await tf.must("apply", "-auto-approve");
	expect(await tf.must("output", "-raw", "greeting")).toBe("hello");
	await tf.must("apply", "-auto-approve", "-var", "greeting=servus");
	expect(await tf.must("plan", "-var", "greeting=servus")).toContain("No changes");
});

test.skipIf(!has)("examples/cloud-block applies after the host is named", async () => {
	await using folder = await temporaryDirectory("examples");
	const caFile = join(folder.path, "taco-data/__opentaco/server/tls/ca.pem");
	await using server = await startServer({
		cwd: folder.path,
		args: ["--tls-self-signed"],
		scheme: "https",
		caFile,
	});
	const path = join(folder.path, "example");
	await cp(join(examples, "cloud-block"), path, { recursive: true });
	const host = `localhost:${server.port}`;
	const env = { SSL_CERT_FILE: caFile, [`TF_TOKEN_${host}`]: adminToken };
	const tf = await terraformProject(path, {}, env);
	const source = await Bun.file(join(path, "main.tf")).text();
	await tf.write("main.tf", source.replace("localhost:8080", host));
	await tf.must("init", "-input=false");
	await tf.must("apply", "-input=false", "-auto-approve");
	expect(await tf.must("output", "-raw", "greeting")).toBe("hello");
});

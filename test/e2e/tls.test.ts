/** The server's own certificates, under curl and the real client. */
import { expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../support/foreign-s3.ts";
import { adminToken, startServer } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const has = terraformOrSkip("the server's own certificates under the real client");

test.skipIf(!has)("one line makes terraform and curl trust --tls-self-signed", async () => {
	await using folder = await temporaryDirectory("tls");
	const port = await freePort();
	const caFile = join(folder.path, "taco-data/__opentaco/server/tls/ca.pem");
	const options = {
		cwd: folder.path,
		port,
		args: ["--tls-self-signed"],
		scheme: "https",
		caFile,
	} as const;
	await using server = await startServer(options);
	const key = await stat(join(folder.path, "taco-data/__opentaco/server/tls"));
	expect(key.mode & 0o077).toBe(0);

	const source = 'output "x" {\n  value = "tls"\n}\n';
	const files = { "backend.tf": httpBackend(server.url, "tls/app"), "main.tf": source };
	const trusting = await terraformProject(join(folder.path, "trusting"), files, {
		...httpCredentials(adminToken),
		SSL_CERT_FILE: caFile,
	});
	await trusting.must("init");
	await trusting.must("apply", "-auto-approve");
	expect(await trusting.must("output", "-raw", "x")).toBe("tls");

	const doubting = await terraformProject(
		join(folder.path, "doubting"),
		files,
		httpCredentials(adminToken),
	);
	expect((await doubting.run("init")).stderr).toContain("certificate");

	if (Bun.which("curl") !== null) {
		const curl = Bun.spawn(["curl", "-sS", "--fail", "--cacert", caFile, `${server.url}/healthz`]);
		expect(await new Response(curl.stdout).text()).toContain('"ok"');
		expect(await curl.exited).toBe(0);
	}
});

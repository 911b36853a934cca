/** The compiled server under the AWS CLI and the AWS SDK. */
import { describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { openSite, type Site } from "../support/s3-site.ts";
import { startServer } from "../support/server.ts";

const aws = Bun.which("aws");
if (aws === null)
	process.stderr.write("\nSKIPPED: the S3 endpoint under the AWS CLI: no aws on PATH\n");

describe("AWS clients", () => {
	async function seeded(isTls = false): Promise<Site> {
		const site = await openSite(isTls);
		for (const [unit, serial] of [
			["a", 1],
			["b/c", 1],
			["b/c", 2],
		] as const) {
			const path = join(site.folder.path, `${serial}.tfstate`);
			await writeFile(path, state(serial));
			if (serial === 1) await site.taco("unit", "create", unit);
			const pushed = await site.taco("unit", "push", unit, path);
			if (pushed.exitCode !== 0) throw new Error(pushed.stderr);
		}
		return site;
	}
	const state = (serial: number, padding = 0) =>
		`{"version":4,"serial":${serial},"lineage":"l","padding":"${"x".repeat(padding)}"}\n`;

	for (const isTls of [false, true]) {
		test.skipIf(aws === null)(
			`the AWS CLI over ${isTls ? "https" : "http"}`,
			async () => {
				await using site = await seeded(isTls);
				const cwd = site.folder.path;
				const run = async (...args: string[]) => {
					const child = Bun.spawn([aws ?? "", ...args], {
						cwd,
						env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...site.env },
						stdio: ["ignore", "pipe", "pipe"],
					});
					const [out, err, code] = await Promise.all([
						new Response(child.stdout).text(),
						new Response(child.stderr).text(),
						child.exited,
					]);
					if (code !== 0) throw new Error(`aws ${args.join(" ")}: ${err}`);
					return out;
				};
				const listed = await run("s3", "ls", "--recursive", "s3://opentaco");
				expect(listed).toContain("a/terraform.tfstate");
				expect(listed).toContain("b/c/terraform.tfstate");
				expect(await run("s3", "ls")).toContain("opentaco");
				expect(await run("s3", "cp", "s3://opentaco/b/c/terraform.tfstate", "-")).toBe(state(2));
				await writeFile(join(cwd, "big.tfstate"), state(1, 20_000_000));
				await run("s3", "cp", "big.tfstate", "s3://opentaco/big/terraform.tfstate");
				await run("s3", "cp", "s3://opentaco/big/terraform.tfstate", "back.tfstate");
				expect((await readFile(join(cwd, "back.tfstate"), "utf8")) === state(1, 20_000_000)).toBe(
					true,
				);
				// Over TLS bodies are signed in another way; the rest is the same.
				if (!isTls) return;
				await run(
					"s3",
					"mv",
					"s3://opentaco/a/terraform.tfstate",
					"s3://opentaco/moved/terraform.tfstate",
				);
				await mkdir(join(cwd, "copy"));
				await run("s3", "sync", "s3://opentaco/b", "copy");
				expect(await readFile(join(cwd, "copy", "c", "terraform.tfstate"), "utf8")).toBe(state(2));
				await run("s3", "sync", "copy", "s3://opentaco/restored");
				await run("s3", "rm", "--recursive", "s3://opentaco/restored");
				const after = await run("s3", "ls", "--recursive", "s3://opentaco");
				expect(after).not.toContain("restored");
				expect(after).not.toMatch(/ a\/terraform/);
				const versions = await run(
					"s3api",
					"list-object-versions",
					"--bucket",
					"opentaco",
					"--prefix",
					"b/",
				);
				expect(JSON.parse(versions).Versions).toHaveLength(2);
				const presigned = (
					await run("s3", "presign", "s3://opentaco/b/c/terraform.tfstate")
				).trim();
				const ca = site.env.AWS_CA_BUNDLE;
				const tls = ca === undefined ? {} : { tls: { ca: Bun.file(ca) } };
				expect(await (await fetch(presigned, tls)).text()).toBe(state(2));
				expect((await fetch(presigned, { ...tls, method: "DELETE" })).status).toBe(403);
				expect((await fetch(`${presigned}x`, tls)).status).toBe(400);
				await expect(run("s3", "ls", "s3://other")).rejects.toThrow("NoSuchBucket");
			},
			120_000,
		);
	}

	test("a dependency's state, read directly as Terragrunt does", async () => {
		await using site = await seeded();
		const issued = JSON.parse((await site.taco("creds", "--json")).stdout);
		const client = new S3Client({
			endpoint: `${site.server.url}/s3`,
			region: "auto",
			forcePathStyle: true,
			credentials: {
				accessKeyId: issued.AccessKeyId,
				secretAccessKey: issued.SecretAccessKey,
				sessionToken: issued.SessionToken,
			},
		});
		const read = await client.send(
			new GetObjectCommand({ Bucket: "opentaco", Key: "b/c/terraform.tfstate" }),
		);
		expect(await read.Body?.transformToString()).toBe(state(2));
		const listed = await client.send(
			new ListObjectsV2Command({ Bucket: "opentaco", Prefix: "b/" }),
		);
		expect(listed.KeyCount).toBe(1);
		// They open nothing else.
		for (const token of [issued.SessionToken, issued.SecretAccessKey, issued.AccessKeyId]) {
			const headers = { authorization: `Bearer ${token}` };
			expect((await fetch(`${site.server.url}/v1/units`, { headers })).status).toBe(401);
		}
	}, 60_000);

	test("two servers on one folder take each other's credentials", async () => {
		await using site = await seeded();
		await using second = await startServer({ cwd: site.folder.path });
		const issued = JSON.parse((await site.taco("creds", "--json")).stdout);
		const client = new S3Client({
			endpoint: `${second.url}/s3`,
			region: "auto",
			forcePathStyle: true,
			credentials: {
				accessKeyId: issued.AccessKeyId,
				secretAccessKey: issued.SecretAccessKey,
				sessionToken: issued.SessionToken,
			},
		});
		const read = await client.send(
			new GetObjectCommand({ Bucket: "opentaco", Key: "a/terraform.tfstate" }),
		);
		expect(await read.Body?.transformToString()).toBe(state(1));
	}, 60_000);
});

/** The compiled server under the real clients, over the S3 endpoint. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { type Outcome, runTaco } from "../support/executable.ts";
import { type RunningServer, startServer } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";
import { until } from "../support/until.ts";

const main = `
variable "input" {
  default = "one"
}
resource "terraform_data" "example" {
  input = var.input
}
output "value" {
  value = terraform_data.example.output
}
output "large" {
  value = 123456789012345678901234567890
}
`;

/** An apply that waits until the file \`go\` appears. */
const waiting = `${main}
resource "terraform_data" "gate" {
  triggers_replace = timestamp()
  provisioner "local-exec" {
    command = "touch waiting; while [ ! -e go ]; do sleep 0.1; done"
  }
}
`;

const has = terraformOrSkip("the S3 endpoint under the real client");
const aws = Bun.which("aws");
if (aws === null)
	process.stderr.write("\nSKIPPED: the S3 endpoint under the AWS CLI: no aws on PATH\n");

/** A server, a folder, and an AWS profile that \`taco creds setup\` wrote. */
interface Site extends AsyncDisposable {
	readonly folder: TemporaryDirectory;
	readonly server: RunningServer;
	/** Of every client: nothing but what a user has after \`taco creds setup --write\`. */
	readonly env: Record<string, string>;
	block(unit: string): Promise<string>;
	taco(...args: string[]): Promise<Outcome>;
	project(name: string, unit: string, source?: string): Promise<Project>;
}

async function openSite(isTls = false): Promise<Site> {
	const folder = await temporaryDirectory("e2e-s3");
	const caFile = join(folder.path, "taco-data", "__opentaco", "server", "tls", "ca.pem");
	const server = await startServer({
		cwd: folder.path,
		...(isTls ? { scheme: "https", caFile, args: ["--tls-self-signed"] } : {}),
	});
	const config = join(folder.path, "aws-config");
	const env: Record<string, string> = {
		OPENTACO_SERVER: server.url,
		OPENTACO_TOKEN: server.token,
		AWS_CONFIG_FILE: config,
		AWS_SHARED_CREDENTIALS_FILE: join(folder.path, "no-credentials"),
		AWS_PROFILE: "opentaco-state-backend",
		XDG_CACHE_HOME: join(folder.path, "cache"),
		AWS_EC2_METADATA_DISABLED: "true",
		...(isTls ? { AWS_CA_BUNDLE: caFile, SSL_CERT_FILE: caFile, OPENTACO_CA_CERT: caFile } : {}),
	};
	const taco = (...args: string[]) => runTaco(args, { cwd: folder.path, env });
	const written = await taco("creds", "setup", "--write");
	if (written.exitCode !== 0) throw new Error(written.stderr);
	const block = async (unit: string) => {
		const { stdout } = await taco("creds", "setup", "--json", "--unit", unit);
		return (JSON.parse(stdout) as { backend: string }).backend;
	};
	return {
		folder,
		server,
		env,
		block,
		taco,
		async project(name, unit, source = main) {
			return await terraformProject(
				join(folder.path, name),
				{ "backend.tf": await block(unit), "main.tf": source },
				env,
			);
		},
		async [Symbol.asyncDispose]() {
			await server[Symbol.asyncDispose]();
			await folder[Symbol.asyncDispose]();
		},
	};
}

for (const isTls of [false, true]) {
	describe.skipIf(!has)(`terraform over ${isTls ? "https" : "http"}`, () => {
		test("init, plan, apply, output, workspaces, state pull and push, destroy", async () => {
			await using site = await openSite(isTls);
			const tf = await site.project("tf", "team/app");
			await tf.must("init");
			expect(await tf.must("plan")).toContain("1 to add");
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("output", "-raw", "value")).toBe("one");
			expect(await tf.must("output", "-raw", "large")).toBe("123456789012345678901234567890");
			const pulled = await tf.must("state", "pull");
			expect((await site.taco("unit", "pull", "team/app")).stdout.trim()).toBe(pulled.trim());
			await tf.must("workspace", "new", "dev");
			await tf.must("apply", "-auto-approve", "-var=input=two");
			expect(await tf.must("workspace", "list")).toContain("* dev");
			expect((await site.taco("unit", "ls")).stdout).toContain("env_.3A/dev/team/app");
			await tf.must("workspace", "select", "default");
			expect(await tf.must("output", "-raw", "value")).toBe("one");
			await tf.must("workspace", "delete", "-force", "dev");
			expect(await tf.must("workspace", "list")).not.toContain("dev");
			await tf.must("apply", "-auto-approve", "-var=input=three");
			await tf.write("old.tfstate", pulled);
			expect((await tf.run("state", "push", "old.tfstate")).exitCode).not.toBe(0);
			await tf.must("state", "push", "-force", "old.tfstate");
			await tf.must("destroy", "-auto-approve");
			const versions = await site.taco("unit", "versions", "team/app", "--json");
			expect(versions.stdout).toContain('"surface": "s3"');
			expect((await site.taco("unit", "who")).stdout).not.toContain("team/app");
		}, 120_000);

		test("a state of 20 MB", async () => {
			await using site = await openSite(isTls);
			const source = `${main}
resource "terraform_data" "large" {
  input = "\${var.input}\${file("large.txt")}"
}
`;
			const tf = await site.project("tf", "big", source);
			await tf.write("large.txt", "0123456789abcdef".repeat(660_000));
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			const listed = JSON.parse((await site.taco("unit", "info", "big", "--json")).stdout);
			expect(listed.size).toBeGreaterThan(20_000_000);
			await tf.must("apply", "-auto-approve", "-var=input=two");
			const pulled = await site.taco("unit", "pull", "big");
			const direct = await tf.must("state", "pull");
			const sha = (text: string) => createHash("sha256").update(text).digest("hex");
			expect(sha(direct.trim())).toBe(sha(pulled.stdout.trim()));
			expect(direct).toContain('"serial": 2');
		}, 180_000);
	});
}

describe.skipIf(!has)("terraform and the other surfaces", () => {
	test("an S3 apply blocks S3, HTTP and the command line, and each names the holder", async () => {
		await using site = await openSite();
		const holder = await site.project("holder", "team/app", waiting);
		await holder.must("init");
		const other = await site.project("other", "team/app");
		await other.must("init");
		const http = await terraformProject(
			join(site.folder.path, "http"),
			{ "backend.tf": httpBackend(site.server.url, "team/app"), "main.tf": main },
			httpCredentials(site.server.token),
		);
		await http.must("init");
		const applying = holder.start("apply", "-auto-approve");
		await until(() => Bun.file(join(holder.path, "waiting")).exists());
		const who = (await site.taco("unit", "who", "--json")).stdout;
		expect(who).toContain('"surface": "s3"');
		const refused = await other.run("apply", "-auto-approve");
		expect(refused.exitCode).toBe(1);
		expect(refused.stderr).toContain("PreconditionFailed");
		expect(refused.stderr).toContain("over the S3 endpoint");
		expect(refused.stderr).toContain("OperationTypeApply");
		const refusedHttp = await http.run("apply", "-auto-approve");
		expect(refusedHttp.exitCode).toBe(1);
		expect(refusedHttp.stderr).toContain("OperationTypeApply");
		await writeFile(join(holder.path, "go"), "");
		expect((await applying.outcome).exitCode).toBe(0);
		expect(await http.must("output", "-raw", "value")).toBe("one");
		await http.must("apply", "-auto-approve", "-var=input=http");
		expect(await other.must("output", "-raw", "value")).toBe("http");
	}, 120_000);

	test("an HTTP apply blocks S3, which names the holder; force-unlock breaks it", async () => {
		await using site = await openSite();
		const http = await terraformProject(
			join(site.folder.path, "http"),
			{ "backend.tf": httpBackend(site.server.url, "team/app"), "main.tf": waiting },
			httpCredentials(site.server.token),
		);
		await http.must("init");
		const s3 = await site.project("s3", "team/app");
		await s3.must("init");
		const applying = http.start("apply", "-auto-approve");
		await until(() => Bun.file(join(http.path, "waiting")).exists());
		const refused = await s3.run("apply", "-auto-approve");
		expect(refused.exitCode).toBe(1);
		expect(refused.stderr).toContain("over the HTTP backend");
		const unlocked = await s3.run("apply", "-auto-approve", "-lock=false");
		expect(unlocked.exitCode).toBe(1);
		expect(unlocked.stderr).toContain("over the HTTP backend");
		const id = /ID:\s+([0-9a-f-]{36})/.exec(refused.stderr)?.[1] ?? "";
		expect((await s3.run("force-unlock", "-force", "0".repeat(8))).exitCode).toBe(1);
		await s3.must("force-unlock", "-force", id);
		await s3.must("apply", "-auto-approve", "-var=input=s3");
		await writeFile(join(http.path, "go"), "");
		// Its lock was broken: whatever it writes is refused.
		expect((await applying.outcome).exitCode).toBe(1);
		expect(await s3.must("output", "-raw", "value")).toBe("s3");
	}, 120_000);

	test("migration in, and out again", async () => {
		await using site = await openSite();
		const tf = await terraformProject(join(site.folder.path, "tf"), { "main.tf": main }, site.env);
		await tf.must("init");
		await tf.must("apply", "-auto-approve");
		await tf.write("backend.tf", await site.block("moved"));
		await tf.must("init", "-migrate-state", "-force-copy");
		expect((await site.taco("unit", "ls")).stdout).toContain("moved");
		expect(await tf.must("output", "-raw", "value")).toBe("one");
		await tf.must("apply", "-auto-approve", "-var=input=two");
		await tf.write("backend.tf", 'terraform {\n  backend "local" {}\n}\n');
		await tf.must("init", "-migrate-state", "-force-copy");
		const local = JSON.parse(await readFile(join(tf.path, "terraform.tfstate"), "utf8"));
		expect(local.outputs.value.value).toBe("two");
	}, 60_000);

	test("another configuration's state, as terraform_remote_state reads it", async () => {
		await using site = await openSite();
		const first = await site.project("first", "network");
		await first.must("init");
		await first.must("apply", "-auto-approve");
		const inner = /backend "s3" \{([\s\S]*)\n {2}\}/.exec(await site.block("network"))?.[1] ?? "";
		const second = await site.project(
			"second",
			"app",
			`data "terraform_remote_state" "network" {\n  backend = "s3"\n  config = {${inner}\n  }\n}\noutput "seen" {\n  value = data.terraform_remote_state.network.outputs.value\n}\n`,
		);
		await second.must("init");
		await second.must("apply", "-auto-approve");
		expect(await second.must("output", "-raw", "seen")).toBe("one");
	}, 60_000);

	test("any key that a team already has", async () => {
		await using site = await openSite();
		const block = (await site.block("x")).replace("x/terraform.tfstate", "prod/net work+1.tfstate");
		const tf = await terraformProject(
			join(site.folder.path, "tf"),
			{ "backend.tf": block, "main.tf": main },
			site.env,
		);
		await tf.must("init");
		await tf.must("apply", "-auto-approve");
		await tf.must("workspace", "new", "dev");
		await tf.must("apply", "-auto-approve");
		expect(await tf.must("workspace", "list")).toContain("* dev");
	}, 60_000);
});

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
				const ca = site.env["AWS_CA_BUNDLE"];
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

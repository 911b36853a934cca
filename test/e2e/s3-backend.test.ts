/** The compiled server under the real clients, over the S3 endpoint. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FakeS3 } from "../support/fake-s3/server.ts";
import { mainSource as main, openSite } from "../support/s3-site.ts";
import {
	httpBackend,
	httpCredentials,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { until } from "../support/until.ts";

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

	test("large states with the server's own data in S3", async () => {
		const fake = await FakeS3.start();
		try {
			await using site = await openSite(false, {
				OPENTACO_STORAGE: "s3",
				OPENTACO_S3_BUCKET: "bucket",
				OPENTACO_S3_ENDPOINT: fake.endpoint,
				OPENTACO_S3_REGION: fake.region,
				AWS_ACCESS_KEY_ID: fake.keys.accessKeyId,
				AWS_SECRET_ACCESS_KEY: fake.keys.secretAccessKey,
			});
			const tf = await site.project(
				"tf",
				"big",
				`${main}\nresource "terraform_data" "large" {\n  input = file("large.txt")\n}\n`,
			);
			await tf.write("large.txt", "0123456789abcdef".repeat(400_000));
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			await tf.must("apply", "-auto-approve", "-var=input=two");
			expect(await tf.must("output", "-raw", "value")).toBe("two");
			const left = await site.taco("unit", "versions", "big", "--json");
			expect(JSON.parse(left.stdout).versions).toHaveLength(2);
		} finally {
			await fake.stop();
		}
	}, 120_000);

	test("examples/s3-compat, as it stands in the repository", async () => {
		await using site = await openSite();
		const path = join(site.folder.path, "example");
		await cp(resolve(import.meta.dir, "../../examples/s3-compat"), path, { recursive: true });
		const tf = await terraformProject(path, {}, site.env);
		await tf.must("init", `-backend-config=endpoints={s3="${site.server.url}/s3"}`);
		await tf.must("apply", "-auto-approve");
		expect(await tf.must("output", "-raw", "greeting")).toBe("Hello from OpenTaco");
		expect((await site.taco("unit", "ls")).stdout).toContain("examples/s3-compat");
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

/** The compiled server under the real client, over the HTTP backend. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { type RunningServer, startServer } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

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

const has = terraformOrSkip("the HTTP backend under the real client");

async function project(
	server: RunningServer,
	path: string,
	unit: string,
	source = main,
): Promise<Project> {
	return await terraformProject(
		path,
		{ "backend.tf": httpBackend(server.url, unit), "main.tf": source },
		httpCredentials(server.token),
	);
}

async function until(condition: () => boolean, what: string): Promise<void> {
	const deadline = performance.now() + 20_000;
	while (!condition()) {
		if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
		await Bun.sleep(20);
	}
}

async function taco(server: RunningServer, cwd: string, ...args: string[]) {
	return await runTaco(args, {
		cwd,
		env: { OPENTACO_SERVER: server.url, OPENTACO_TOKEN: server.token },
	});
}

describe.skipIf(!has)("terraform over the HTTP backend", () => {
	test("init, plan, apply, output, state pull and push, destroy", async () => {
		await using folder = await temporaryDirectory("e2e");
		await using server = await startServer({ cwd: folder.path });
		const tf = await project(server, join(folder.path, "tf"), "myapp/prod");
		await tf.must("init");
		expect(await tf.must("plan")).toContain("1 to add");
		await tf.must("apply", "-auto-approve");
		expect(await tf.must("output", "-raw", "value")).toBe("one");
		const pulled = await tf.must("state", "pull");
		expect(pulled).toContain("123456789012345678901234567890");

		// The same bytes through the command line, and as the plain object in the folder.
		const cli = await taco(server, folder.path, "unit", "pull", "myapp/prod");
		// Terraform prints a line end of its own after the state.
		expect(`${cli.stdout}\n`).toBe(pulled);
		await tf.must("apply", "-auto-approve", "-var", "input=two");
		await writeFile(join(tf.path, "old.tfstate"), pulled);
		const refused = await tf.run("state", "push", "old.tfstate");
		expect(refused.exitCode).not.toBe(0);
		await tf.must("state", "push", "-force", "old.tfstate");
		expect(await tf.must("output", "-raw", "value")).toBe("one");

		await tf.must("destroy", "-auto-approve");
		expect(JSON.parse(await tf.must("state", "pull")).resources).toEqual([]);
		const unit = JSON.parse(
			(await taco(server, folder.path, "unit", "info", "myapp/prod", "--json")).stdout,
		);
		expect(unit.locked).toBe(false);
		await server.stop();
		const plain = await readFile(
			join(folder.path, "taco-data/myapp/prod/terraform.tfstate"),
			"utf8",
		);
		expect(JSON.parse(plain).resources).toEqual([]);
	});

	test("a held lock stops others, names its holder, and can be broken", async () => {
		await using folder = await temporaryDirectory("e2e");
		await using server = await startServer({ cwd: folder.path });
		const holder = await project(server, join(folder.path, "holder"), "team/app", waiting);
		const other = await project(server, join(folder.path, "other"), "team/app");
		await holder.must("init");
		await other.must("init");
		const applying = holder.start("apply", "-auto-approve");
		await until(() => existsSync(join(holder.path, "waiting")), "the first apply holds its lock");

		const refused = await other.run("apply", "-auto-approve");
		expect(refused.exitCode).toBe(1);
		expect(refused.stderr).toContain("held by");
		expect(refused.stderr).toContain("over the HTTP backend");
		const who = await taco(server, folder.path, "unit", "who", "--json");
		expect(who.stdout).toContain("team/app");

		// -lock-timeout waits for the holder.
		const patient = other.start("apply", "-auto-approve", "-lock-timeout=30s", "-var", "input=two");
		await holder.write("go", "");
		expect((await applying.outcome).exitCode).toBe(0);
		expect((await patient.outcome).exitCode).toBe(0);
		expect(await other.must("output", "-raw", "value")).toBe("two");
	});

	test("a crashed apply leaves its lock; force-unlock and the next apply go on", async () => {
		await using folder = await temporaryDirectory("e2e");
		await using server = await startServer({ cwd: folder.path });
		const tf = await project(server, join(folder.path, "tf"), "crash/app", waiting);
		await tf.must("init");
		const applying = tf.start("apply", "-auto-approve");
		await until(() => existsSync(join(tf.path, "waiting")), "the apply holds its lock");
		applying.kill("SIGKILL");
		await applying.outcome;
		await tf.write("go", "");
		const refused = await tf.run("apply", "-auto-approve");
		expect(refused.exitCode).toBe(1);
		const id = /ID=([0-9a-f-]{36})/.exec(refused.stderr)?.[1] ?? "";
		expect(id).not.toBe("");
		await tf.must("force-unlock", "-force", id);
		await tf.must("apply", "-auto-approve");
		const versions = await taco(server, folder.path, "unit", "versions", "crash/app", "--json");
		expect(JSON.parse(versions.stdout).count).toBeGreaterThan(0);
	});

	test("a local state migrates in, and versions restore", async () => {
		await using folder = await temporaryDirectory("e2e");
		await using server = await startServer({ cwd: folder.path });
		const tf = await terraformProject(
			join(folder.path, "tf"),
			{ "main.tf": main },
			httpCredentials(server.token),
		);
		await tf.must("init");
		await tf.must("apply", "-auto-approve");
		await tf.write("backend.tf", httpBackend(server.url, "moved/app"));
		await tf.must("init", "-migrate-state", "-force-copy");
		expect(await tf.must("output", "-raw", "value")).toBe("one");
		await tf.must("apply", "-auto-approve", "-var", "input=two");
		const restored = await taco(server, folder.path, "unit", "restore", "moved/app", "1", "--yes");
		expect(restored).toMatchObject({ exitCode: 0 });
		expect(await tf.must("output", "-raw", "value")).toBe("one");
		// The restored state is newer than what it replaced, so an apply goes on from it.
		await tf.must("apply", "-auto-approve", "-var", "input=three");
		expect(await tf.must("output", "-raw", "value")).toBe("three");
	});

	test("without credentials nothing is told, with wrong ones neither", async () => {
		await using folder = await temporaryDirectory("e2e");
		await using server = await startServer({ cwd: folder.path });
		const files = { "backend.tf": httpBackend(server.url, "secret/app"), "main.tf": main };
		const nobody = await terraformProject(join(folder.path, "nobody"), files, {});
		expect((await nobody.run("init")).stderr).toContain("requires auth");
		const stranger = await terraformProject(
			join(folder.path, "stranger"),
			files,
			httpCredentials("wrong-token"),
		);
		expect((await stranger.run("init")).exitCode).toBe(1);
	});
});

/** `taco provider init`: the printed lines, run as they are printed, with authentication on. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { executable, runTaco } from "../support/executable.ts";
import { ProviderBench } from "../support/provider-bench.ts";
import { adminToken } from "../support/server.ts";

// The printed lines say terraform.
const has = Bun.which("terraform") !== null;
if (!has) process.stderr.write("\nSKIPPED: taco provider init: terraform is not on PATH\n");
const longTimeoutMs = 120_000;
let bench: ProviderBench;
let bin: string;

beforeAll(async () => {
	bench = await ProviderBench.start();
	bin = join(bench.folder.path, "bin");
	await mkdir(bin);
	await symlink(executable(), join(bin, "taco"));
});
afterAll(async () => {
	await bench[Symbol.asyncDispose]();
});

/** The shell of somebody who is logged in, by a token in the environment. */
async function shell(lines: readonly string[]) {
	const child = Bun.spawn(["bash", "-e", "-o", "pipefail", "-c", lines.join("\n")], {
		cwd: bench.folder.path,
		env: {
			PATH: `${bin}:${process.env.PATH ?? ""}`,
			HOME: bench.folder.path,
			OPENTACO_TOKEN: adminToken,
			TF_CLI_CONFIG_FILE: "/dev/null",
			TF_CLI_ARGS: "-no-color",
			CHECKPOINT_DISABLE: "1",
		},
		stdio: [new Blob(["yes\n"]), "pipe", "pipe"],
	});
	const [stdout, stderr, exitCode] = await Promise.all([
		new Response(child.stdout).text(),
		new Response(child.stderr).text(),
		child.exited,
	]);
	return { exitCode, text: `${stdout}${stderr}` };
}

const printed = (stdout: string): string[] =>
	stdout
		.split("\n")
		.filter((line) => line.startsWith("Run: "))
		.map((line) => line.slice("Run: ".length));

describe.skipIf(!has)("the scaffold", () => {
	test(
		"of another organization manages that one, and keeps its state there",
		async () => {
			expect((await bench.taco("org", "create", "acme")).exitCode).toBe(0);
			const made = await bench.taco("provider", "init", "acme-config", "--org", "acme");
			expect(made.exitCode).toBe(0);
			const main = await readFile(join(bench.folder.path, "acme-config", "main.tf"), "utf8");
			expect(main).toContain('organization = "acme"');
			const run = await shell(printed(made.stdout));
			expect(run.text).toContain("Apply complete! Resources: 1 added");
			const there = (await bench.taco("unit", "ls", "--org", "acme")).stdout;
			expect(there).toContain("__opentaco_system");
			expect(there).toContain("myapp/prod");
			expect((await bench.taco("unit", "ls")).stdout).not.toContain("myapp/prod");
		},
		longTimeoutMs,
	);

	test(
		"applies as it stands, by the printed lines, and keeps its state in the system unit",
		async () => {
			const made = await bench.taco("provider", "init", "opentaco-config");
			expect(made.stderr).toBe("");
			expect(made.stdout.split("\n")).toEqual([
				"Created system unit: __opentaco_system",
				"Scaffolded Terraform workspace in opentaco-config",
				`Run: eval "$(taco env --server ${bench.server.url})"`,
				"Run: cd opentaco-config && terraform init && terraform apply",
				"",
			]);
			const path = join(bench.folder.path, "opentaco-config");
			for (const file of await readdir(path)) {
				expect(await readFile(join(path, file), "utf8")).not.toContain(adminToken);
			}
			const run = await shell(printed(made.stdout));
			expect(run.text).toContain("Apply complete! Resources: 1 added");
			expect(run.exitCode).toBe(0);
			const units = (await bench.taco("unit", "ls")).stdout;
			expect(units).toContain("__opentaco_system");
			expect(units).toContain("myapp/prod");
			const state = (await bench.taco("unit", "pull", "__opentaco_system")).stdout;
			expect(JSON.parse(state).resources[0]).toMatchObject({ type: "opentaco_unit" });

			const [env = ""] = printed(made.stdout);
			const again = await shell([env, "cd opentaco-config", "terraform plan -detailed-exitcode"]);
			expect(again.text).toContain("No changes");
			expect(again.exitCode).toBe(0);
			// Without the printed line the server refuses, and says so.
			const without = await shell(["cd opentaco-config", "terraform plan"]);
			expect(without.exitCode).not.toBe(0);
			expect(without.text).toMatch(/401|auth/i);

			const second = await bench.taco("provider", "init", "opentaco-config");
			expect(second.stdout).not.toContain("Created");
			expect(second.stdout).toContain(
				`Skipped existing file: ${join(path, "main.tf")} (use --force`,
			);
			const destroyed = await shell([env, "cd opentaco-config", "terraform destroy -auto-approve"]);
			expect(destroyed.exitCode).toBe(0);
		},
		longTimeoutMs,
	);

	test(
		"goes into the current directory, and into one whose name a shell would take apart; for tofu too",
		async () => {
			const clients = ["terraform", ...(Bun.which("tofu") === null ? [] : ["tofu"])];
			if (clients.length === 1) process.stderr.write("\nSKIPPED: the scaffold under tofu\n");
			for (const [at, name] of [".", "it's $HOME; a -x"].entries()) {
				const cwd = join(bench.folder.path, `within ${name === "." ? "dot" : "odd"}`);
				await mkdir(cwd);
				const made = await runTaco(["provider", "init", name], {
					cwd,
					env: { OPENTACO_SERVER: bench.server.url, OPENTACO_TOKEN: adminToken },
				});
				expect(made.exitCode).toBe(0);
				const [env = "", ...lines] = printed(made.stdout);
				const all = [`cd '${cwd}'`, env, ...lines, "terraform destroy -auto-approve"];
				const client = clients[at % clients.length] ?? "";
				const run = await shell(all.map((line) => line.replaceAll("terraform", client)));
				expect(run.text).toContain("Apply complete! Resources: 1 added");
				expect(run.exitCode).toBe(0);
			}
		},
		longTimeoutMs,
	);

	test("takes its flags: the folder, the unit, no creating, overwriting", async () => {
		await mkdir(join(bench.folder.path, "given"));
		const main = join(bench.folder.path, "given/main.tf");
		await writeFile(main, "# mine\n");
		const args = ["--system-unit", "platform/state", "--no-create"];
		await bench.taco("provider", "init", "--dir", "given", ...args);
		expect(await readFile(main, "utf8")).toBe("# mine\n");
		const given = await bench.taco("provider", "init", "--dir", "given", ...args, "--force");
		expect(given.stdout).not.toContain("Created");
		expect(await readFile(main, "utf8")).toContain("/v1/backend/platform/state");
		expect((await bench.taco("unit", "info", "platform/state")).exitCode).not.toBe(0);
		const both = await bench.taco("provider", "init", "positional", "--dir", "given", ...args);
		expect(both.stdout).toContain("Scaffolded Terraform workspace in positional");
		const json = await bench.taco("provider", "init", "as-json", "--json", "--no-create");
		expect(JSON.parse(json.stdout)).toMatchObject({ created: false, written: { length: 2 } });
	});
});

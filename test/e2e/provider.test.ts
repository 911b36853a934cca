/** The provider as the built executable, under the real terraform. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { runTaco } from "../support/executable.ts";
import { ProviderBench } from "../support/provider-bench.ts";
import { adminToken } from "../support/server.ts";
import { findTerraform, terraformOrSkip, terraformProject } from "../support/terraform.ts";

const examples = resolve(import.meta.dir, "../../examples");
const has = terraformOrSkip("the provider");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (has) bench = await ProviderBench.start();
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

describe.skipIf(!has)("as the executable", () => {
	test(
		"examples/demo-provider, which is the example of the first OpenTaco",
		async () => {
			const tf = await bench.installed({});
			await cp(join(examples, "demo-provider"), tf.path, { recursive: true });
			const main = await readFile(join(tf.path, "main.tf"), "utf8");
			await tf.write("main.tf", main.replace("http://localhost:8080", bench.server.url));
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			const { unit_info } = JSON.parse(await tf.must("output", "-json"));
			expect(unit_info.value).toMatchObject({ id: "myapp/prod", size: 0, locked: false });
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test(
		"an ephemeral token serves a second provider and is gone afterwards",
		async () => {
			const tf = await bench.installed({
				"main.tf": `
terraform {
  required_providers {
    opentaco = { source = "opentaco/opentaco" }
  }
}
ephemeral "opentaco_token" "short" {
  name    = "short"
  service = true
  roles   = ["reader"]
}
provider "opentaco" {
  alias = "reader"
  token = ephemeral.opentaco_token.short.token
}
data "opentaco_units" "all" {
  provider = opentaco.reader
}
output "count" { value = length(data.opentaco_units.all.ids) }
`,
			});
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			expect(await readFile(join(tf.path, "terraform.tfstate"), "utf8")).not.toContain("otc_");
			expect((await bench.taco("token", "ls", "--all")).stdout).not.toContain("short");
		},
		longTimeoutMs,
	);

	test(
		"many units at once, in a directory that would run code in a plain Bun",
		async () => {
			const planted = 'await Bun.write("was-run", "");\n';
			const tf = await bench.installed({
				"main.tf": `${bench.header("")}
resource "opentaco_unit" "many" {
  count  = 150
  id     = "many/\${count.index}"
  labels = { index = count.index }
}
`,
				"bunfig.toml": 'preload = ["./planted.ts"]\n',
				"planted.ts": planted,
				".env": "OPENTACO_TOKEN=planted\nOPENTACO_ENDPOINT=http://127.0.0.1:9\n",
			});
			await tf.must("init");
			await tf.must("apply", "-auto-approve", "-parallelism=40");
			expect(await tf.must("plan")).toContain("No changes");
			await tf.must("destroy", "-auto-approve", "-parallelism=40");
			expect(await readdir(tf.path)).not.toContain("was-run");
		},
		longTimeoutMs,
	);

	test(
		"Ctrl-C ends a request that hangs, and the state is saved",
		async () => {
			await using run = await hangingApply();
			// As the terminal does: to the whole group, the provider included.
			process.kill(-run.pid, "SIGINT");
			const { text, code } = await run.ended();
			expect(code).toBe(1);
			expect(text).toContain("Stopping operation");
			expect(text).not.toContain("plugin crashed");
			expect(await run.state()).toContain('"before/it"');
		},
		longTimeoutMs,
	);

	test.skipIf(process.platform !== "linux")(
		"a provider that is killed is told of, and what was made before is in the state",
		async () => {
			await using run = await hangingApply();
			for (const pid of await childrenOf(run.pid)) process.kill(pid, "SIGKILL");
			const { text, code } = await run.ended();
			expect(code).toBe(1);
			expect(text).toMatch(/Plugin did not respond|plugin crashed|rpc error|request was cancelled/);
			expect(await run.state()).toContain('"before/it"');
		},
		longTimeoutMs,
	);

	const tofu = Bun.which("tofu");
	test.skipIf(tofu === null)(
		"OpenTofu finds and uses it, under both names",
		async () => {
			const env = {
				HOME: bench.folder.path,
				OPENTACO_ENDPOINT: bench.server.url,
				OPENTACO_TOKEN: adminToken,
			};
			for (const name of ["digger", "opentaco"]) {
				const main = `terraform {
  required_providers {
    opentaco = { source = "${name}/opentaco" }
  }
}
resource "opentaco_unit" "u" {
  id     = "tofu/${name}"
  labels = { by = "tofu" }
}
`;
				const path = join(bench.folder.path, `tofu-${name}`);
				const tf = await terraformProject(path, { "main.tf": main }, env, tofu);
				await tf.must("init");
				await tf.must("apply", "-auto-approve");
				expect(await tf.must("plan")).toContain("No changes");
				await tf.must("destroy", "-auto-approve");
			}
		},
		longTimeoutMs,
	);

	test("started by hand it says what it is", async () => {
		const name = join(bench.folder.path, "terraform-provider-opentaco_v9");
		const { exitCode, stdout, stderr } = await runTaco([], { cwd: bench.folder.path, argv0: name });
		expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
		expect(stderr).toContain("is a Terraform provider");
	});
});

/** An apply that has made one unit and waits for the answer about another. */
async function hangingApply() {
	const asked = Promise.withResolvers<void>();
	const server = hangingServer(asked.resolve);
	const tf = await bench.installed({
		"main.tf": `${bench.header("")}resource "opentaco_unit" "before" {
  id = "before/it"
}
resource "opentaco_unit" "u" {
  id         = "hangs"
  depends_on = [opentaco_unit.before]
}
`,
	});
	await tf.must("init");
	const child = Bun.spawn([findTerraform() ?? "", "apply", "-auto-approve", "-no-color"], {
		cwd: tf.path,
		env: {
			PATH: process.env.PATH ?? "",
			HOME: bench.folder.path,
			TF_CLI_CONFIG_FILE: "/dev/null",
			CHECKPOINT_DISABLE: "1",
			OPENTACO_ENDPOINT: server.url,
		},
		stdio: ["ignore", "pipe", "pipe"],
		detached: true,
	});
	await asked.promise;
	return {
		pid: child.pid,
		async ended() {
			const [out, err, code] = await Promise.all([
				new Response(child.stdout).text(),
				new Response(child.stderr).text(),
				child.exited,
			]);
			return { text: `${out}${err}`, code };
		},
		state: () => readFile(join(tf.path, "terraform.tfstate"), "utf8"),
		async [Symbol.asyncDispose]() {
			child.kill("SIGKILL");
			await server[Symbol.asyncDispose]();
		},
	};
}

async function childrenOf(pid: number): Promise<number[]> {
	const ids = await readdir(`/proc/${pid}/task`);
	const lists = ids.map((id) => readFile(`/proc/${pid}/task/${id}/children`, "utf8"));
	return (await Promise.all(lists)).join(" ").split(/\s+/).filter(Boolean).map(Number);
}

/** Makes every unit but the one that hangs; tells when it was asked for that one. */
function hangingServer(onAsked: () => void) {
	const time = "2026-01-02T03:04:05Z";
	const hanging = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		idleTimeout: 0,
		async fetch(request) {
			if (request.method === "GET") return Response.json({ execution_mode: "local" });
			const { id } = (await request.json()) as { id: string };
			if (id !== "hangs") return Response.json({ id, created: time }, { status: 201 });
			onAsked();
			return await new Promise<Response>(() => {});
		},
	});
	const url = `http://127.0.0.1:${hanging.port}`;
	return { url, [Symbol.asyncDispose]: () => hanging.stop(true) };
}

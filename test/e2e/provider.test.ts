/** The Terraform provider, under the real terraform: in this process, and as the built executable. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { executable, runTaco } from "../support/executable.ts";
import { hostPlugin, type PluginHost } from "../support/plugin-host.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import {
	findTerraform,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

const has = terraformOrSkip("the provider");
const examples = resolve(import.meta.dir, "../../examples");
const longTimeoutMs = 120_000;

let folder: TemporaryDirectory;
let server: RunningServer;
let plugin: PluginHost;
let projects = 0;

beforeAll(async () => {
	if (!has) return;
	folder = await temporaryDirectory("provider");
	server = await startServer({ cwd: folder.path });
	plugin = await hostPlugin(folder.path);
	const started = await taco("rbac", "init", "--email", "alice@example.com");
	expect(started.stderr).toBe("");
	const install = await runTaco(["provider", "install"], { cwd: folder.path });
	expect(install.exitCode).toBe(0);
	expect(install.stdout).toContain("dev_overrides");
});

afterAll(async () => {
	await plugin?.[Symbol.asyncDispose]();
	await server?.[Symbol.asyncDispose]();
	await folder?.remove();
});

function taco(...args: string[]) {
	const env = { OPENTACO_SERVER: server.url, OPENTACO_TOKEN: adminToken };
	return runTaco(args, { cwd: folder.path, env });
}

function header(config = `endpoint = "${server.url}"\n  token = "${adminToken}"`): string {
	return `terraform {
  required_providers {
    opentaco = { source = "digger/opentaco" }
  }
}
provider "opentaco" {
  ${config}
}
`;
}

/** A project whose provider runs in this process. */
async function attached(main: string, config?: string): Promise<Project> {
	const path = join(folder.path, `project-${++projects}`);
	return await terraformProject(path, { "main.tf": header(config) + main }, plugin.env);
}

/** A project whose provider is the executable, found in the implied mirror. */
async function installed(files: Record<string, string>, env: Record<string, string> = {}) {
	const path = join(folder.path, `project-${++projects}`);
	return await terraformProject(path, files, {
		HOME: folder.path,
		OPENTACO_ENDPOINT: server.url,
		OPENTACO_TOKEN: adminToken,
		...env,
	});
}

async function rewrite(project: Project, main: string): Promise<void> {
	await project.write("main.tf", header() + main);
}

async function failure(project: Project, ...args: string[]): Promise<string> {
	const { exitCode, stdout, stderr } = await project.run(...args);
	expect(exitCode).not.toBe(0);
	// Terraform breaks lines and frames them.
	return `${stdout}${stderr}`.replace(/[│╷╵\s]+/g, " ");
}

describe.skipIf(!has)("in this process", () => {
	test(
		"a unit is created, changed, refreshed, replaced and destroyed",
		async () => {
			const unit = (id: string, labels: string) =>
				`resource "opentaco_unit" "u" {\n  id = "${id}"\n  ${labels}\n}\n`;
			const tf = await attached(unit("life/a", 'labels = { team = "core", "__proto__" = "x" }'));
			await tf.must("apply", "-auto-approve");
			const info = JSON.parse((await taco("unit", "info", "life/a", "--json")).stdout);
			expect(Object.entries(info.labels).sort()).toEqual([
				["__proto__", "x"],
				["team", "core"],
			]);
			expect(await tf.must("plan")).toContain("No changes");

			await rewrite(tf, unit("life/a", 'labels = { team = "edge" }'));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			await rewrite(tf, unit("life/a", ""));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			expect(await tf.must("plan")).toContain("No changes");

			await taco("unit", "rm", "life/a", "--yes");
			expect(await tf.must("plan")).toContain("1 to add, 0 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve");

			await rewrite(tf, unit("life/b", ""));
			const replaced = await tf.must("apply", "-auto-approve");
			expect(replaced).toContain("forces replacement");
			expect(replaced).toContain("1 added, 0 changed, 1 destroyed");
			await tf.must("destroy", "-auto-approve");
			expect((await taco("unit", "info", "life/b")).exitCode).not.toBe(0);
		},
		longTimeoutMs,
	);

	test(
		"an existing unit is an error that says what to do; import and adoption go on",
		async () => {
			await taco("unit", "create", "there/one", "-l", "team=core");
			const block = 'resource "opentaco_unit" "u" {\n  id = "there/one"\n';
			const tf = await attached(`${block}}\n`);
			const text = await failure(tf, "apply", "-auto-approve");
			expect(text).toContain("Unit already exists");
			expect(text).toContain("terraform import opentaco_unit.NAME there/one");
			expect(text).toContain("adopt = true");
			expect(text).toContain("taco unit rm there/one");

			await rewrite(tf, `${block}  labels = { team = "core" }\n}\n`);
			await tf.must("import", "opentaco_unit.u", "there/one");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await failure(tf, "import", "opentaco_unit.v", "there/none")).not.toBe("");

			const other = await attached(`${block}  adopt = true\n  labels = { team = "new" }\n}\n`);
			await other.must("apply", "-auto-approve");
			expect(await other.must("plan")).toContain("No changes");
			expect((await taco("unit", "info", "there/one", "--json")).stdout).toContain('"new"');
		},
		longTimeoutMs,
	);

	test(
		"wrong values are found by validate, at their attribute",
		async () => {
			const tf = await attached(`
resource "opentaco_unit" "u" {
  id = "a__b"
}
resource "opentaco_dependency" "d" {
  from_unit_id = "x"
  from_output  = "o"
  to_unit_id   = "x"
}
resource "opentaco_permission" "p" {
  id    = "p"
  rules = [{ effect = "maybe", actions = [], resources = ["*"] }]
}
resource "opentaco_role_assignment" "r" {
  role_id = "reader"
  kind    = "group"
  email   = "a@example.com"
}
`);
			const text = await failure(tf, "validate");
			for (const part of [
				"Invalid value for id",
				'"__"',
				"cannot depend on itself",
				"effect must be allow or deny",
				"actions must not be empty",
				"kind must be user",
			]) {
				expect(text).toContain(part);
			}
		},
		longTimeoutMs,
	);

	test(
		"a dependency lives in the state, with and without an input, and is replaced by a change",
		async () => {
			const edge = (input: string) =>
				`resource "opentaco_dependency" "d" {\n  from_unit_id = "net/prod"\n  from_output = "vpc_id"\n  to_unit_id = "app/prod"\n  ${input}\n}\n`;
			const tf = await attached(edge(""));
			await tf.must("apply", "-auto-approve");
			const first = await shown(tf, "opentaco_dependency.d");
			expect(first).toMatchObject({ status: "unknown", in_digest: null, to_input: null });
			expect(first.id).toMatch(/^[1-9A-HJ-NP-Za-km-z]{40,44}$/);
			expect(await tf.must("plan")).toContain("No changes");
			await rewrite(tf, edge('to_input = "vpc"'));
			expect(await tf.must("apply", "-auto-approve")).toContain("1 added, 0 changed, 1 destroyed");
			expect((await shown(tf, "opentaco_dependency.d")).id).not.toBe(first.id);
		},
		longTimeoutMs,
	);

	test(
		"roles, permissions and assignments",
		async () => {
			const main = (permissions: string) => `
resource "opentaco_permission" "dev" {
  id = "dev-write"
  rules = [
    { effect = "allow", actions = ["unit.write", "unit.read"], resources = ["dev/*", "env=dev"] },
    { effect = "deny", actions = ["*"], resources = ["dev/secret"] },
  ]
}
resource "opentaco_role" "dev" {
  id          = "developers"
  permissions = [${permissions}]
}
resource "opentaco_role_assignment" "carol" {
  role_id = opentaco_role.dev.id
  email   = "Carol@example.com"
}
resource "opentaco_role_assignment" "team" {
  role_id = opentaco_role.dev.id
  kind    = "group"
  subject = "platform"
  unit    = "dev/*"
}
`;
			const tf = await attached(main("opentaco_permission.dev.id"));
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			const asked = await taco("rbac", "test", "carol@example.com", "unit.write", "dev/app");
			expect(asked.stdout).toContain("allowed");
			await rewrite(tf, main('opentaco_permission.dev.id, "unit.delete"'));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			await rewrite(tf, main("opentaco_permission.dev.id"));
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");

			for (const [address, id] of [
				["opentaco_role_assignment.team", "developers,group,platform,dev/*"],
				["opentaco_role_assignment.carol", "developers,user,Carol@example.com"],
				["opentaco_role.dev", "developers"],
				["opentaco_permission.dev", "dev-write"],
			] as const) {
				await tf.must("state", "rm", address);
				await tf.must("import", address, id);
			}
			expect(await tf.must("plan")).toContain("No changes");
			await tf.must("destroy", "-auto-approve");
			expect((await taco("rbac", "role", "list")).stdout).not.toContain("developers");
		},
		longTimeoutMs,
	);

	test(
		"a token's text goes into its file or its run, and nowhere else",
		async () => {
			const secret = join(folder.path, "deploy-token");
			const tf = await attached(`
resource "opentaco_token" "deploy" {
  name        = "deploy"
  service     = true
  units       = ["dev/*"]
  ttl_seconds = 3600
  secret_file = "${secret}"
}
`);
			await tf.must("apply", "-auto-approve");
			const token = (await readFile(secret, "utf8")).trim();
			expect(token.length).toBeGreaterThan(20);
			expect((await stat(secret)).mode & 0o777).toBe(0o600);
			expect(await tf.must("plan")).toContain("No changes");
			const state = await readFile(join(tf.path, "terraform.tfstate"), "utf8");
			expect(state).not.toContain(token);
			expect(state).toContain("service:deploy");
			await tf.must("destroy", "-auto-approve");
			expect((await taco("token", "ls", "--all")).stdout).not.toContain("deploy");
		},
		longTimeoutMs,
	);

	test(
		"data sources tell about one unit and about many",
		async () => {
			const tf = await attached(`
resource "opentaco_unit" "many" {
  for_each = toset(["data/a", "data/b", "data/c"])
  id       = each.value
  labels   = { kind = each.value == "data/c" ? "other" : "same" }
}
data "opentaco_units" "some" {
  prefix     = "data/"
  labels     = { kind = "same" }
  depends_on = [opentaco_unit.many]
}
data "opentaco_unit" "a" {
  id = opentaco_unit.many["data/a"].id
}
output "ids" { value = data.opentaco_units.some.ids }
output "first" { value = data.opentaco_units.some.units[0] }
output "one" { value = data.opentaco_unit.a }
`);
			await tf.must("apply", "-auto-approve");
			const outputs = JSON.parse(await tf.must("output", "-json"));
			expect(outputs.ids.value).toEqual(["data/a", "data/b"]);
			expect(outputs.first.value).toMatchObject({ id: "data/a", size: 0, locked: false });
			expect(outputs.one.value).toMatchObject({ labels: { kind: "same" }, lock_id: null });
			expect(await tf.must("plan")).toContain("No changes");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test(
		"a refused token is told without the token",
		async () => {
			const secret = "otc_svc_this-token-is-not-known-anywhere-0123456789";
			const tf = await attached(
				'data "opentaco_units" "all" {}\n',
				`endpoint = "${server.url}"\n  token = "${secret}"`,
			);
			const text = await failure(tf, "plan");
			expect(text).toContain("does not accept the token");
			expect(text).not.toContain(secret);
			const nowhere = await attached(
				'data "opentaco_units" "all" {}\n',
				`endpoint = "ftp://${secret}"`,
			);
			expect(await failure(nowhere, "plan")).toContain("does not start with http://");
		},
		longTimeoutMs,
	);
});

async function shown(project: Project, address: string): Promise<Record<string, unknown>> {
	const state = JSON.parse(await project.must("show", "-json"));
	const resources = state.values.root_module.resources as { address: string; values: object }[];
	return { ...resources.find((one) => one.address === address)?.values };
}

describe.skipIf(!has)("as the executable", () => {
	test(
		"the scaffold applies as it stands after the printed taco env",
		async () => {
			const made = await taco("provider", "init", "scaffold");
			expect(made.stderr).toBe("");
			expect(made.stdout.split("\n")).toEqual([
				"Created system unit: __opentaco_system",
				"Scaffolded Terraform workspace in scaffold",
				`Run: eval "$(taco env --server ${server.url})"`,
				"Run: cd scaffold && terraform init && terraform apply",
				"",
			]);
			const path = join(folder.path, "scaffold");
			for (const file of await readdir(path)) {
				expect(await readFile(join(path, file), "utf8")).not.toContain(adminToken);
			}
			const again = await taco("provider", "init", "scaffold");
			expect(again.stdout).toContain(
				`Skipped existing file: ${join(path, "main.tf")} (use --force`,
			);
			const { stdout } = await taco("env", "--json");
			const tf = await terraformProject(
				path,
				{},
				{
					HOME: folder.path,
					OPENTACO_TOKEN: adminToken,
					...JSON.parse(stdout),
				},
			);
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			const units = (await taco("unit", "ls")).stdout;
			expect(units).toContain("__opentaco_system");
			expect(units).toContain("myapp/prod");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test(
		"examples/demo-provider, which is the example of the first OpenTaco",
		async () => {
			const tf = await installed({});
			await cp(join(examples, "demo-provider"), tf.path, { recursive: true });
			const main = await readFile(join(tf.path, "main.tf"), "utf8");
			await tf.write("main.tf", main.replace("http://localhost:8080", server.url));
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
			const tf = await installed({
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
			expect((await taco("token", "ls", "--all")).stdout).not.toContain("short");
		},
		longTimeoutMs,
	);

	test(
		"many units at once, in a directory that would run code in a plain Bun",
		async () => {
			const planted = 'await Bun.write("was-run", "");\n';
			const tf = await installed({
				"main.tf": `${header("")}
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
			const asked = Promise.withResolvers<void>();
			await using slow = hangingServer(asked.resolve);
			const tf = await installed(
				{ "main.tf": `${header("")}resource "opentaco_unit" "u" {\n  id = "hangs"\n}\n` },
				{ OPENTACO_ENDPOINT: slow.url },
			);
			await tf.must("init");
			const child = Bun.spawn([findTerraform() ?? "", "apply", "-auto-approve", "-no-color"], {
				cwd: tf.path,
				env: {
					PATH: process.env.PATH ?? "",
					HOME: folder.path,
					TF_CLI_CONFIG_FILE: "/dev/null",
					CHECKPOINT_DISABLE: "1",
					OPENTACO_ENDPOINT: slow.url,
				},
				stdio: ["ignore", "pipe", "pipe"],
				detached: true,
			});
			await asked.promise;
			// As the terminal does: to the whole group, the provider included.
			process.kill(-child.pid, "SIGINT");
			const [out, err, code] = await Promise.all([
				new Response(child.stdout).text(),
				new Response(child.stderr).text(),
				child.exited,
			]);
			expect(code).toBe(1);
			expect(`${out}${err}`).toContain("Stopping operation");
			expect(`${out}${err}`).not.toContain("plugin crashed");
		},
		longTimeoutMs,
	);

	test("started by hand it says what it is", async () => {
		const name = join(folder.path, "terraform-provider-opentaco_v9");
		const { exitCode, stdout, stderr } = await runTaco([], { cwd: folder.path, argv0: name });
		expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
		expect(stderr).toContain("is a Terraform provider");
	});

	test("install into a mirror of one's own prints what to configure; init leaves the unit alone on request", async () => {
		const mirror = join(folder.path, "mirror");
		const { stdout } = await taco("provider", "install", mirror, "--json");
		const { paths } = JSON.parse(stdout) as { paths: string[] };
		expect(paths).toHaveLength(4);
		for (const path of paths) expect((await stat(path)).size).toBe((await stat(executable())).size);
		expect((await taco("provider", "install", mirror)).stdout).toContain("filesystem_mirror");
		await mkdir(join(folder.path, "given"));
		await writeFile(join(folder.path, "given/main.tf"), "# mine\n");
		const given = await taco(
			...["provider", "init", "--dir", "given", "--system-unit", "platform/state", "--no-create"],
			"--force",
		);
		expect(given.stdout).not.toContain("Created");
		expect(await readFile(join(folder.path, "given/main.tf"), "utf8")).toContain(
			"/v1/backend/platform/state",
		);
		expect((await taco("unit", "info", "platform/state")).exitCode).not.toBe(0);
	});
});

/** Never answers; tells when it was asked to create a unit. */
function hangingServer(onAsked: () => void) {
	const hanging = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		idleTimeout: 0,
		fetch: () => {
			onAsked();
			return new Promise<Response>(() => {});
		},
	});
	const url = `http://127.0.0.1:${hanging.port}`;
	return { url, [Symbol.asyncDispose]: () => hanging.stop(true) };
}

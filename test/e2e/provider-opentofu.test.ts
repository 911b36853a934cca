/** The provider under OpenTofu: what it can from 1.11 on, and what an older one is told. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { failure, ProviderBench } from "../support/provider-bench.ts";
import { terraformProject } from "../support/terraform.ts";

const tofu = Bun.which("tofu");
const longTimeoutMs = 120_000;
const hasEphemerals = tofu !== null && versionOf(tofu) >= 1011;
if (tofu === null) process.stderr.write("\nSKIPPED: the provider under OpenTofu: not on PATH\n");
else if (!hasEphemerals) {
	process.stderr.write("\nSKIPPED: ephemeral values under OpenTofu: tofu is older than 1.11\n");
}
let bench: ProviderBench;

/** 1.11.3 is 1011. */
function versionOf(path: string): number {
	const { stdout } = Bun.spawnSync([path, "version", "-json"], {
		env: { PATH: process.env.PATH ?? "", TF_CLI_CONFIG_FILE: "/dev/null" },
	});
	const { terraform_version: text } = JSON.parse(stdout.toString()) as {
		terraform_version: string;
	};
	const [major = 0, minor = 0] = text.split(".").map(Number);
	return major * 1000 + minor;
}

beforeAll(async () => {
	if (tofu !== null) bench = await ProviderBench.start();
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

async function project(name: string, main: string) {
	const env = { HOME: bench.folder.path };
	const path = join(bench.folder.path, name);
	return await terraformProject(path, { "main.tf": bench.header() + main }, env, tofu);
}

const secretVariable = `
resource "opentaco_unit" "u" {
  id = "tofu/secret"
}
resource "opentaco_variable" "v" {
  unit_id          = opentaco_unit.u.id
  key              = "TOKEN"
  category         = "env"
  sensitive        = true
  value_wo         = "CANARY-secret"
  value_wo_version = 1
}
`;

describe.skipIf(tofu === null)("OpenTofu", () => {
	test(
		"units, settings, roles and data sources",
		async () => {
			const tf = await project(
				"all",
				`
resource "opentaco_unit" "u" {
  for_each = toset(["tofu/a", "tofu/b"])
  id       = each.value
  labels   = { by = "tofu" }
  settings = { description = each.value }
}
resource "opentaco_permission" "p" {
  id    = "tofu"
  rules = [{ effect = "allow", actions = ["unit.read"], resources = ["tofu/*"] }]
}
resource "opentaco_role" "r" {
  id          = "tofu"
  permissions = [opentaco_permission.p.id]
}
data "opentaco_units" "all" {
  labels     = { by = "tofu" }
  depends_on = [opentaco_unit.u]
}
output "ids" { value = data.opentaco_units.all.ids }
`,
			);
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			expect(JSON.parse(await tf.must("output", "-json", "ids"))).toEqual(["tofu/a", "tofu/b"]);
			expect(await tf.must("plan")).toContain("No changes");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test.skipIf(!hasEphemerals)(
		"a short-lived token, and a value that is in no state",
		async () => {
			const tf = await project(
				"ephemeral",
				`${secretVariable}
ephemeral "opentaco_token" "short" {
  name    = "short"
  service = true
  roles   = ["reader"]
}
provider "opentaco" {
  alias    = "reader"
  endpoint = "${bench.server.url}"
  token    = ephemeral.opentaco_token.short.token
}
data "opentaco_units" "all" {
  provider = opentaco.reader
}
`,
			);
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			const state = await readFile(join(tf.path, "terraform.tfstate"), "utf8");
			expect(state).not.toContain("otc_");
			expect(state).not.toContain("CANARY");
			expect((await bench.taco("token", "ls", "--all")).stdout).not.toContain("short");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test.skipIf(tofu === null || hasEphemerals)(
		"an older one is told that it cannot keep a value out of the state",
		async () => {
			const tf = await project("older", secretVariable);
			await tf.must("init");
			expect(await failure(tf, "apply", "-auto-approve")).toContain("OpenTofu 1.11");
			expect((await bench.taco("unit", "info", "tofu/secret")).exitCode).toBe(3);
		},
		longTimeoutMs,
	);
});

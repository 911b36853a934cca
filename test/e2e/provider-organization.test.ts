/** The provider in an organization of its own: everything there, nothing elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { failure, ProviderBench } from "../support/provider-bench.ts";
import { adminToken } from "../support/server.ts";
import { httpCredentials, terraformOrSkip, terraformProject } from "../support/terraform.ts";

const has = terraformOrSkip("the provider in an organization");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (!has) return;
	bench = await ProviderBench.start();
	for (const args of [
		["org", "create", "acme"],
		["--org", "acme", "rbac", "init"],
	]) {
		expect(await bench.taco(...args)).toMatchObject({ exitCode: 0 });
	}
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

const config = (organization: string) =>
	`endpoint = "${bench.server.url}"\n  token = "${adminToken}"\n  organization = "${organization}"`;

describe.skipIf(!has)("an organization", () => {
	test(
		"has units, settings, variables and roles of its own",
		async () => {
			const main = `
resource "opentaco_unit" "u" {
  id       = "shared/name"
  labels   = { of = "acme" }
  settings = { description = "Acme's" }
}
resource "opentaco_variable" "v" {
  unit_id = opentaco_unit.u.id
  key     = "region"
  value   = "eu"
}
resource "opentaco_permission" "p" {
  id    = "own"
  rules = [{ effect = "allow", actions = ["unit.read"], resources = ["shared/*"] }]
}
resource "opentaco_role" "r" {
  id          = "own"
  permissions = [opentaco_permission.p.id]
}
resource "opentaco_role_assignment" "a" {
  role_id = opentaco_role.r.id
  email   = "carol@example.com"
}
data "opentaco_unit" "u" {
  id = opentaco_unit.u.id
}
output "labels" { value = data.opentaco_unit.u.labels }
`;
			await bench.taco("unit", "create", "shared/name", "-l", "of=default");
			const tf = await bench.attached(main, config("acme"));
			await tf.must("apply", "-auto-approve");
			expect(JSON.parse(await tf.must("output", "-json", "labels"))).toEqual({ of: "acme" });
			expect(await tf.must("plan")).toContain("No changes");
			for (const args of [
				["variable", "ls", "shared/name"],
				["rbac", "role", "list"],
			]) {
				expect((await bench.taco(...args)).stdout).not.toMatch(/region|own/);
				expect((await bench.taco("--org", "acme", ...args)).stdout).toMatch(/region|own/);
			}
			await tf.must("destroy", "-auto-approve");
			expect((await bench.taco("unit", "info", "shared/name")).stdout).toContain('"default"');

			const other = await bench.attached('data "opentaco_units" "all" {}\n', config("nobody"));
			expect(await failure(other, "plan")).toMatch(/organization/i);
		},
		longTimeoutMs,
	);

	test(
		"is where the scaffold keeps its state and makes its units",
		async () => {
			const made = await bench.taco("--org", "acme", "provider", "init", "acme-config");
			expect(made.stdout).toContain("Created system unit: __opentaco_system");
			const tf = await terraformProject(
				join(bench.folder.path, "acme-config"),
				{},
				{ HOME: bench.folder.path, OPENTACO_TOKEN: adminToken, ...httpCredentials(adminToken) },
			);
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			expect((await bench.taco("--org", "acme", "unit", "ls")).stdout).toContain("myapp/prod");
			expect((await bench.taco("unit", "ls")).stdout).not.toContain("myapp/prod");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);
});

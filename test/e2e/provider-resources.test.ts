/** The provider's resources and data sources, with the provider inside this process. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { failure, ProviderBench, shown } from "../support/provider-bench.ts";
import { terraformOrSkip } from "../support/terraform.ts";

const has = terraformOrSkip("the provider");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (has) bench = await ProviderBench.start();
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

describe.skipIf(!has)("in this process", () => {
	test(
		"a unit is created, changed, refreshed, replaced and destroyed",
		async () => {
			const unit = (id: string, labels: string) =>
				`resource "opentaco_unit" "u" {\n  id = "${id}"\n  ${labels}\n}\n`;
			const tf = await bench.attached(
				unit("life/a", 'labels = { team = "core", "__proto__" = "x" }'),
			);
			await tf.must("apply", "-auto-approve");
			const info = JSON.parse((await bench.taco("unit", "info", "life/a", "--json")).stdout);
			expect(Object.entries(info.labels).sort()).toEqual([
				["__proto__", "x"],
				["team", "core"],
			]);
			expect(await tf.must("plan")).toContain("No changes");

			await bench.rewrite(tf, unit("life/a", 'labels = { team = "edge" }'));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			await bench.rewrite(tf, unit("life/a", ""));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			expect(await tf.must("plan")).toContain("No changes");

			await bench.taco("unit", "rm", "life/a", "--yes");
			expect(await tf.must("plan")).toContain("1 to add, 0 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve");

			await bench.rewrite(tf, unit("life/b", ""));
			const replaced = await tf.must("apply", "-auto-approve");
			expect(replaced).toContain("forces replacement");
			expect(replaced).toContain("1 added, 0 changed, 1 destroyed");
			await tf.must("destroy", "-auto-approve");
			expect((await bench.taco("unit", "info", "life/b")).exitCode).not.toBe(0);
		},
		longTimeoutMs,
	);

	test(
		"an existing unit is an error that says what to do; import and adoption go on",
		async () => {
			await bench.taco("unit", "create", "there/one", "-l", "team=core");
			const block = 'resource "opentaco_unit" "u" {\n  id = "there/one"\n';
			const tf = await bench.attached(`${block}}\n`);
			const text = await failure(tf, "apply", "-auto-approve");
			expect(text).toContain("Unit already exists");
			expect(text).toContain("terraform import opentaco_unit.NAME there/one");
			expect(text).toContain("adopt = true");
			expect(text).toContain("taco unit rm there/one");

			await bench.rewrite(tf, `${block}  labels = { team = "core" }\n}\n`);
			await tf.must("import", "opentaco_unit.u", "there/one");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await failure(tf, "import", "opentaco_unit.v", "there/none")).not.toBe("");

			const other = await bench.attached(
				`${block}  adopt = true\n  labels = { team = "new" }\n}\n`,
			);
			await other.must("apply", "-auto-approve");
			expect(await other.must("plan")).toContain("No changes");
			expect((await bench.taco("unit", "info", "there/one", "--json")).stdout).toContain('"new"');
		},
		longTimeoutMs,
	);

	test(
		"wrong values are found by validate, at their attribute",
		async () => {
			const tf = await bench.attached(`
resource "opentaco_unit" "u" {
  id     = "a__b"
  labels = { team = null }
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
				"A label must have a value",
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
			const tf = await bench.attached(edge(""));
			await tf.must("apply", "-auto-approve");
			const first = await shown(tf, "opentaco_dependency.d");
			expect(first).toMatchObject({ status: "unknown", in_digest: null, to_input: null });
			expect(first.id).toMatch(/^[1-9A-HJ-NP-Za-km-z]{40,44}$/);
			expect(await tf.must("plan")).toContain("No changes");
			await bench.rewrite(tf, edge('to_input = "vpc"'));
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
			const tf = await bench.attached(main("opentaco_permission.dev.id"));
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			const asked = await bench.taco("rbac", "test", "carol@example.com", "unit.write", "dev/app");
			expect(asked.stdout).toContain("allowed");
			await bench.rewrite(tf, main('opentaco_permission.dev.id, "unit.delete"'));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			await bench.rewrite(tf, main("opentaco_permission.dev.id"));
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");

			for (const [address, id] of [
				["opentaco_role_assignment.team", "developers,group,platform,dev/*"],
				["opentaco_role_assignment.carol", "developers,user,Carol@example.com"],
				["opentaco_role.dev", "developers"],
				["opentaco_permission.dev", "dev-write"],
			] as const) {
				await tf.must("state", "rm", address);
				if (address.endsWith(".dev")) {
					const text = await failure(tf, "apply", "-auto-approve");
					expect(text).toContain(`terraform import ${address.replace(".dev", ".NAME")} ${id}`);
				}
				await tf.must("import", address, id);
			}
			expect(await tf.must("plan")).toContain("No changes");
			await tf.must("destroy", "-auto-approve");
			expect((await bench.taco("rbac", "role", "list")).stdout).not.toContain("developers");
		},
		longTimeoutMs,
	);

	test(
		"a permission and a role in use change in place; drift is set right",
		async () => {
			const main = (unit: string, about: string) => `
resource "opentaco_permission" "p" {
  id          = "in-use"
  description = "${about}"
  rules       = [{ effect = "allow", actions = ["unit.read"], resources = ["${unit}"] }]
}
resource "opentaco_role" "r" {
  id          = "in-use"
  name        = "${about}"
  permissions = [opentaco_permission.p.id]
}
resource "opentaco_role_assignment" "a" {
  role_id = opentaco_role.r.id
  email   = "dave@example.com"
}
`;
			const tf = await bench.attached(main("one/*", "first"));
			await tf.must("apply", "-auto-approve");
			await bench.rewrite(tf, main("two/*", "second"));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 2 changed, 0 destroyed");
			expect(await tf.must("plan")).toContain("No changes");
			const asked = (unit: string) =>
				bench.taco("rbac", "test", "dave@example.com", "unit.read", unit);
			expect((await asked("two/a")).stdout).toContain("allowed");
			expect((await asked("one/a")).stdout).toContain("denied");

			await bench.taco("rbac", "permission", "update", "in-use", "--rule", "deny:*:two/*");
			await bench.taco("rbac", "role", "update", "in-use", "--name", "elsewhere");
			expect(await tf.must("plan")).toContain("0 to add, 2 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve");
			expect((await asked("two/a")).stdout).toContain("allowed");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test(
		"a permission goes out of its role and away in one apply, when it says so",
		async () => {
			const main = (isThere: boolean, lifecycle: string) => `
${isThere ? `resource "opentaco_permission" "leaving" {\n  id = "leaving"\n  rules = [{ effect = "deny", actions = ["*"], resources = ["x"] }]\n  ${lifecycle}\n}` : ""}
resource "opentaco_role" "r" {
  id          = "left"
  permissions = [${isThere ? "opentaco_permission.leaving.id" : ""}]
}
`;
			const tf = await bench.attached(main(true, ""));
			await tf.must("apply", "-auto-approve");
			await bench.rewrite(tf, main(false, ""));
			expect(await failure(tf, "apply", "-auto-approve")).toContain("create_before_destroy");
			await bench.rewrite(tf, main(true, "lifecycle {\n    create_before_destroy = true\n  }"));
			await tf.must("apply", "-auto-approve");
			await bench.rewrite(tf, main(false, ""));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 1 destroyed");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test(
		"a token's text goes into its file or its run, and nowhere else",
		async () => {
			const secret = join(bench.folder.path, "deploy-token");
			const tf = await bench.attached(`
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
			expect((await bench.taco("token", "ls", "--all")).stdout).not.toContain("deploy");
		},
		longTimeoutMs,
	);

	test(
		"data sources tell about one unit and about many",
		async () => {
			const tf = await bench.attached(`
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
			const tf = await bench.attached(
				'data "opentaco_units" "all" {}\n',
				`endpoint = "${bench.server.url}"\n  token = "${secret}"`,
			);
			const text = await failure(tf, "plan");
			expect(text).toContain("does not accept the token");
			expect(text).not.toContain(secret);
			const nowhere = await bench.attached(
				'data "opentaco_units" "all" {}\n',
				`endpoint = "ftp://${secret}"`,
			);
			expect(await failure(nowhere, "plan")).toContain("does not start with http://");
		},
		longTimeoutMs,
	);
});

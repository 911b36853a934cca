/** Units as resources: their settings, drift, faults at their attribute, and many of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { failure, ProviderBench, shown } from "../support/provider-bench.ts";
import { terraformOrSkip } from "../support/terraform.ts";

const has = terraformOrSkip("units of the provider");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (has) bench = await ProviderBench.start();
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

const unit = (id: string, more = "") =>
	`resource "opentaco_unit" "u" {\n  id = "${id}"\n  ${more}\n}\n`;
const withSettings = (id: string, settings: string) =>
	unit(id, `settings = {\n    ${settings}\n  }`);

describe.skipIf(!has)("settings", () => {
	test(
		"what is set is kept, what is not stays, and drift is set right",
		async () => {
			const id = "settings/a";
			const tf = await bench.attached(
				withSettings(id, 'description = "The app"\n    auto_apply = true'),
			);
			const planned = await tf.must("plan");
			expect(planned).toMatch(/execution_mode\s+= \(known after apply\)/);
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await shown(tf, "opentaco_unit.u")).toMatchObject({
				settings: {
					...{ description: "The app", auto_apply: true, execution_mode: "local" },
					...{ project: "Default Project", terraform_version: "latest" },
				},
			});

			const set = (...flags: string[]) => bench.taco("unit", "settings", id, ...flags);
			expect((await set("--auto-apply", "false", "--working-directory", "app")).exitCode).toBe(0);
			expect(await tf.must("plan")).toContain("0 to add, 1 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve");
			expect(JSON.parse((await set("--json")).stdout)).toMatchObject({
				...{ auto_apply: true, working_directory: "app", description: "The app" },
			});

			await bench.rewrite(tf, withSettings(id, 'terraform_version = "~> 1.11"'));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			await bench.rewrite(tf, unit(id, 'labels = { team = "core" }'));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			expect(await tf.must("plan")).toContain("No changes");
			expect((await set()).stdout).toContain("terraform_version:   ~> 1.11\n");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test(
		"are imported, adopted, and plan clean afterwards",
		async () => {
			const id = "settings/there";
			await bench.taco("unit", "create", id);
			await bench.taco("unit", "settings", id, "--description", "Mine", "--auto-apply", "true");
			const tf = await bench.attached(withSettings(id, 'description = "Mine"'));
			await tf.must("import", "opentaco_unit.u", id);
			expect(await tf.must("plan")).toContain("No changes");
			await bench.rewrite(tf, unit(id));
			expect(await tf.must("plan")).toContain("No changes");

			const adopting = await bench.attached(
				unit(id, "adopt = true\n  settings = { working_directory = null, auto_apply = false }"),
			);
			await adopting.must("apply", "-auto-approve");
			expect(await adopting.must("plan")).toContain("No changes");
			expect((await shown(adopting, "opentaco_unit.u")).settings).toMatchObject({
				...{ description: "Mine", auto_apply: false },
			});
		},
		longTimeoutMs,
	);

	test(
		"a project that there is not leaves no unit behind",
		async () => {
			const tf = await bench.attached(withSettings("settings/none", 'project = "Nowhere"'));
			const text = await failure(tf, "apply", "-auto-approve");
			expect(text).toContain("There is no such project");
			expect((await bench.taco("unit", "info", "settings/none")).exitCode).toBe(3);
		},
		longTimeoutMs,
	);
});

describe.skipIf(!has)("in this process", () => {
	test(
		"faults are shown where they stand, also inside of lists and objects",
		async () => {
			const tf = await bench.attached(`${withSettings("path/a", 'execution_mode = "cloud"')}
resource "opentaco_unit" "l" {
  id = "path/l"
  labels = {
    team = "core"
    tier = null
  }
}
resource "opentaco_permission" "p" {
  id = "paths"
  rules = [
    { effect = "allow", actions = ["unit.read"], resources = ["a"] },
    { effect = "allow", actions = ["unit:read"], resources = ["a"] },
  ]
}
resource "opentaco_token" "t" {
  name = "lost"
}
`);
			const { stdout } = await tf.run("validate", "-json");
			const { diagnostics } = JSON.parse(stdout) as {
				diagnostics: { detail: string; snippet?: { code: string } }[];
			};
			const places = diagnostics.map(
				({ detail, snippet }) => `${detail} @ ${snippet?.code.trim()}`,
			);
			expect(places.sort()).toEqual([
				"A label must have a value. @ tier = null",
				'It must be local or remote. @ execution_mode = "cloud"',
				'Rule 2: actions are written with a dot, as in unit.read. @ { effect = "allow", actions = ["unit:read"], resources = ["a"] },',
				'Set secret_file, or secret_in_state = true: the server tells it only once. @ resource "opentaco_token" "t" {',
			]);
		},
		longTimeoutMs,
	);

	test(
		"a deleted unit, a locked unit and a unit of somebody else's are told apart",
		async () => {
			const tf = await bench.attached(unit("told/a"));
			await tf.must("apply", "-auto-approve");
			await bench.taco("unit", "lock", "told/a");
			const locked = await failure(tf, "destroy", "-auto-approve");
			expect(locked).toContain("locked");
			await bench.taco("unit", "unlock", "told/a");
			await bench.taco("unit", "rm", "told/a", "--yes");
			expect(await tf.must("plan", "-refresh-only")).toContain("has been deleted");
			expect(await tf.must("destroy", "-auto-approve")).toContain("0 destroyed");
		},
		longTimeoutMs,
	);

	test(
		"a token stands in the state when that is asked for, and only then",
		async () => {
			const tf = await bench.attached(`
resource "opentaco_token" "t" {
  name            = "stated"
  service         = true
  ttl_seconds     = 3600
  secret_in_state = true
}
output "token" {
  value     = opentaco_token.t.token
  sensitive = true
}
`);
			await tf.must("apply", "-auto-approve");
			const token = await tf.must("output", "-raw", "token");
			expect(token).toStartWith("otc_svc_");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await readFile(join(tf.path, "terraform.tfstate"), "utf8")).toContain(token);
			expect(await tf.must("show")).not.toContain(token);
			await bench.taco("token", "revoke", token);
			expect(await tf.must("plan")).toContain("1 to add, 0 to change, 0 to destroy");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);
});

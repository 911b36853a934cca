/** Variables of units as resources, and what the state knows of their values. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { failure, ProviderBench, shown } from "../support/provider-bench.ts";
import { terraformOrSkip } from "../support/terraform.ts";

const has = terraformOrSkip("variables of the provider");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (has) bench = await ProviderBench.start();
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

const main = (unit: string, body: string) => `
resource "opentaco_unit" "u" {
  id = "${unit}"
}
resource "opentaco_variable" "v" {
  unit_id = opentaco_unit.u.id
  ${body}
}
`;
const listed = async (unit: string) => {
	const { stdout } = await bench.taco("variable", "ls", unit, "--json");
	return JSON.parse(stdout).variables as Record<string, unknown>[];
};

describe.skipIf(!has)("variables", () => {
	test(
		"are made, changed in place, imported, and set right after a change elsewhere",
		async () => {
			const unit = "vars/plain";
			const tf = await bench.attached(main(unit, 'key = "region"\n  value = "eu"'));
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await listed(unit)).toMatchObject([
				{ key: "region", value: "eu", category: "terraform", hcl: false, sensitive: false },
			]);
			const body = 'key = "zones"\n  value = "[1]"\n  hcl = true\n  description = "Zones"';
			await bench.rewrite(tf, main(unit, body));
			expect(await tf.must("apply", "-auto-approve")).toContain("0 added, 1 changed, 0 destroyed");
			expect(await tf.must("plan")).toContain("No changes");
			expect(await listed(unit)).toMatchObject([{ key: "zones", value: "[1]", hcl: true }]);

			expect((await bench.taco("variable", "set", unit, "zones=[2]", "--hcl")).exitCode).toBe(0);
			expect(await tf.must("plan")).toContain("0 to add, 1 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve");
			expect(await listed(unit)).toMatchObject([{ key: "zones", value: "[1]" }]);

			await tf.must("state", "rm", "opentaco_variable.v");
			const twice = await failure(tf, "apply", "-auto-approve");
			expect(twice).toContain("Variable already exists");
			expect(twice).toContain(`${unit},terraform,zones`);
			await tf.must("import", "opentaco_variable.v", `${unit},zones`);
			expect(await tf.must("plan")).toContain("No changes");

			await bench.taco("variable", "rm", unit, "zones");
			expect(await tf.must("plan")).toContain("1 to add, 0 to change, 0 to destroy");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test(
		"given write-only are in no state, plan, log or message, and are sent again on request",
		async () => {
			const unit = "vars/secret";
			const secret = (version: number) => `
variable "secret" {
  type      = string
  ephemeral = true
}
${main(unit, `key = "TOKEN"\n  category = "env"\n  sensitive = true\n  value_wo = var.secret\n  value_wo_version = ${version}`)}`;
			const tf = await bench.attached(secret(1));
			const first = ["-var", "secret=CANARY-first"];
			await tf.must("apply", "-auto-approve", ...first);
			expect(await tf.must("plan", ...first)).toContain("No changes");
			expect(await tf.must("plan", "-var", "secret=CANARY-other")).toContain("No changes");
			const exported = async () =>
				(await bench.taco("variable", "ls", unit, "--json")).stdout.includes("CANARY");
			expect(await exported()).toBe(false);
			const before = await shown(tf, "opentaco_variable.v");

			await bench.rewrite(tf, secret(2));
			await tf.must("plan", "-out=plan", "-var", "secret=CANARY-second");
			await tf.must("apply", "-var", "secret=CANARY-second", "plan");
			const after = await shown(tf, "opentaco_variable.v");
			expect(after.version_id).not.toBe(before.version_id);
			// Changed elsewhere: nobody can read it, and it is sent again all the same.
			const file = join(tf.path, "other");
			await writeFile(file, "elsewhere");
			const set = ["variable", "set", unit, "TOKEN", "--env", "--sensitive", "--file", file];
			expect((await bench.taco(...set)).exitCode).toBe(0);
			expect(await tf.must("plan", ...first)).toContain("0 to add, 1 to change, 0 to destroy");
			await tf.must("apply", "-auto-approve", ...first);
			expect(await tf.must("plan", ...first)).toContain("No changes");
			for (const file of ["terraform.tfstate", "terraform.tfstate.backup", "plan"]) {
				expect(await readFile(join(tf.path, file), "latin1")).not.toContain("CANARY");
			}
			await tf.must("destroy", "-auto-approve", ...first);
		},
		longTimeoutMs,
	);

	test(
		"with values in the state say so, and are checked before anything is sent",
		async () => {
			const secret = 'key = "a"\n  value = var.hidden\n  sensitive = true';
			const hidden = 'variable "hidden" {\n  default = "CANARY"\n}\n';
			const tf = await bench.attached(hidden + main("vars/warned", secret));
			const applied = await tf.must("apply", "-auto-approve");
			expect(applied).toContain("The state holds a sensitive value");
			expect(applied).not.toContain("CANARY");
			expect(await tf.must("plan")).toContain("No changes");
			await bench.rewrite(tf, main("vars/warned", 'key = "a"\n  value = "shown"'));
			expect(await tf.must("plan")).toContain("must be replaced");

			const wrong = await bench.attached(
				main("vars/wrong", 'key = "a"\n  value = "x"\n  value_wo = "y"\n  category = "shell"'),
			);
			const text = await failure(wrong, "validate");
			expect(text).toContain("Set either value or value_wo");
			expect(text).toContain("It must be terraform or env");
			await bench.rewrite(wrong, main("vars/wrong", 'key = "a"\n  value_wo = "y"'));
			expect(await failure(wrong, "validate")).toContain("value_wo needs value_wo_version");
		},
		longTimeoutMs,
	);
});

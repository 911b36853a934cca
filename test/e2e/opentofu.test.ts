/** OpenTofu, and the states that it encrypts: opaque to the server, and kept all the same. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { adminToken, startServer } from "../support/server.ts";
import { httpBackend, httpCredentials, terraformProject } from "../support/terraform.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const tofu = Bun.which("tofu");
if (tofu === null) process.stderr.write("\nSKIPPED: encrypted states: tofu is not on PATH\n");

const passphrase = "correct-horse-battery-staple";
const encryption = `
key_provider "pbkdf2" "main" {
  passphrase = "${passphrase}"
}
method "aes_gcm" "main" {
  keys = key_provider.pbkdf2.main
}
state {
  method   = method.aes_gcm.main
  enforced = true
}
`;

const main = `
variable "input" {
  default = "canary-in-the-state-one"
}
resource "terraform_data" "example" {
  input = var.input
}
output "value" {
  value = terraform_data.example.output
}
`;

test.skipIf(tofu === null)(
	"an encrypted state is kept as it is, versioned and restored verbatim",
	async () => {
		await using folder = await temporaryDirectory("tofu");
		await using server = await startServer({ cwd: folder.path });
		const tf = await terraformProject(
			join(folder.path, "tf"),
			{ "backend.tf": httpBackend(server.url, "sealed/app"), "main.tf": main },
			{ ...httpCredentials(adminToken), TF_ENCRYPTION: encryption },
			tofu,
		);
		const taco = (...args: string[]) =>
			runTaco(args, {
				cwd: folder.path,
				env: { OPENTACO_SERVER: server.url, OPENTACO_TOKEN: adminToken },
			});
		await tf.must("init");
		await tf.must("apply", "-auto-approve");
		await tf.must("apply", "-auto-approve", "-var", "input=two");
		expect(await tf.must("output", "-raw", "value")).toBe("two");
		const stored = await taco("unit", "pull", "sealed/app");
		expect(stored.stdout).toContain("encrypted_data");
		expect(stored.stdout).not.toContain("canary-in-the-state-one");
		const unit = JSON.parse((await taco("unit", "info", "sealed/app", "--json")).stdout);
		expect(unit).toMatchObject({ encrypted: true, has_state: true });

		const first = await taco("unit", "pull", "sealed/app", "--version", "1");
		const restored = await taco("unit", "restore", "sealed/app", "1", "--yes", "--json");
		expect(JSON.parse(restored.stdout)).toMatchObject({ verbatim: true });
		expect((await taco("unit", "pull", "sealed/app")).stdout).toBe(first.stdout);
		expect(await tf.must("output", "-raw", "value")).toBe("canary-in-the-state-one");
		await tf.must("apply", "-auto-approve", "-var", "input=three");
	},
	60_000,
);

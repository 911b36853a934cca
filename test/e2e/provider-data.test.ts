/** Data sources that read across units: outputs, and whether what was read is still current. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { failure, ProviderBench } from "../support/provider-bench.ts";
import { adminToken } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";

const has = terraformOrSkip("data sources of the provider");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (has) bench = await ProviderBench.start();
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

const network = (vpc: string) => `
output "vpc_id" { value = "${vpc}" }
output "port" { value = 443 }
output "exact" { value = 12345678901234567890 }
output "zones" { value = toset(["b", "a"]) }
output "tags" { value = tomap({ env = "prod" }) }
output "mixed" { value = { list = [1, "x", true, null], "__proto__" = "p", none = null } }
output "password" {
  value     = "CANARY-password"
  sensitive = true
}
`;

/** A unit whose state lies at the server, applied with the provider of the executable at hand. */
async function stored(unit: string, main: string): Promise<Project> {
	const path = join(bench.folder.path, unit.replace("/", "-"));
	const env = {
		HOME: bench.folder.path,
		OPENTACO_ENDPOINT: bench.server.url,
		OPENTACO_TOKEN: adminToken,
		...httpCredentials(adminToken),
	};
	const files = { "backend.tf": httpBackend(bench.server.url, unit), "main.tf": main };
	const tf = await terraformProject(path, files, env);
	await tf.must("init");
	await tf.must("apply", "-auto-approve");
	return tf;
}

const app = (more = "") => `
terraform {
  required_providers {
    opentaco = { source = "opentaco/opentaco" }
  }
}
data "opentaco_outputs" "network" {
  unit_id = "network/prod"
  ${more}
}
output "seen" { value = data.opentaco_outputs.network.values }
output "secret" {
  value     = data.opentaco_outputs.network.sensitive_values.password
  sensitive = true
}
`;

describe.skipIf(!has)("outputs", () => {
	test(
		"come with their types and every digit, the sensitive ones apart; what was read is an edge",
		async () => {
			const upstream = await stored("network/prod", network("vpc-1"));
			const tf = await stored("app/prod", app());
			const seen = JSON.parse(await tf.must("output", "-json"));
			expect(seen.seen.value).toMatchObject({
				...{ vpc_id: "vpc-1", port: 443, zones: ["a", "b"], tags: { env: "prod" } },
				...{ mixed: { list: [1, "x", true, null], none: null } },
			});
			const [, types] = seen.seen.type;
			expect(types).toMatchObject({
				...{ zones: ["set", "string"], tags: ["map", "string"], port: "number" },
			});
			expect(await tf.must("output", "-json", "seen")).toContain("12345678901234567890");
			expect(await tf.must("output", "-raw", "secret")).toBe("CANARY-password");
			expect(await tf.must("show")).not.toContain("CANARY");
			expect(await tf.must("plan")).toContain("No changes");

			const status = `${app()}
data "opentaco_unit_status" "app" {
  unit_id = "app/prod"
}
output "status" { value = data.opentaco_unit_status.app }
`;
			const watcher = await stored("watch/prod", status);
			const read = async () =>
				JSON.parse(await watcher.must("output", "-json", "status")) as {
					status: string;
					incoming: { from_output: string }[];
				};
			const green = await read();
			expect(green.status).toBe("green");
			expect(green.incoming.map(({ from_output }) => from_output)).toContain("password");

			await upstream.write("main.tf", network("vpc-2"));
			await upstream.must("apply", "-auto-approve");
			await watcher.must("apply", "-auto-approve");
			expect(await read()).toMatchObject({
				...{ status: "red", incoming_pending: 1 },
				reasons: [{ code: "output_changed", unit_id: "network/prod", output: "vpc_id" }],
			});
			await tf.must("apply", "-auto-approve");
			await watcher.must("apply", "-auto-approve");
			expect((await read()).status).toBe("green");
		},
		longTimeoutMs,
	);

	test(
		"read for one run are in no state, and go where only ephemeral values go",
		async () => {
			await stored("network/prod", network("vpc-1"));
			const tf = await bench.attached(`
ephemeral "opentaco_outputs" "network" {
  unit_id = "network/prod"
  names   = ["password", "port"]
}
resource "opentaco_unit" "u" {
  id = "ephemeral/u"
}
resource "opentaco_variable" "v" {
  unit_id          = opentaco_unit.u.id
  key              = "PASSWORD"
  value_wo         = "\${ephemeral.opentaco_outputs.network.sensitive_values.password}:\${ephemeral.opentaco_outputs.network.values.port}"
  value_wo_version = 1
}
`);
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			const { stdout } = await bench.taco("variable", "ls", "ephemeral/u", "--json");
			expect(JSON.parse(stdout).variables[0].value).toBe("CANARY-password:443");
			expect(await readFile(join(tf.path, "terraform.tfstate"), "utf8")).not.toContain("CANARY");
			await tf.must("destroy", "-auto-approve");
		},
		longTimeoutMs,
	);

	test(
		"are only those that are granted, to a token that may read nothing else",
		async () => {
			await stored("network/prod", network("vpc-1"));
			for (const args of [
				[
					"rbac",
					"permission",
					"create",
					"vpc",
					"--rule",
					"allow:unit.read-outputs:network/prod#vpc_*",
				],
				["rbac", "role", "create", "vpc"],
				["rbac", "role", "assign-permission", "vpc", "vpc"],
			]) {
				expect(await bench.taco(...args)).toMatchObject({ exitCode: 0 });
			}
			const made = await bench.taco(
				...["token", "create", "vpc-reader", "--service", "--role", "vpc", "--json"],
			);
			const { token } = JSON.parse(made.stdout) as { token: string };
			const config = `endpoint = "${bench.server.url}"\n  token = "${token}"`;
			const main = (more = "") => `
data "opentaco_outputs" "network" {
  unit_id = "network/prod"
  ${more}
}
output "seen" { value = data.opentaco_outputs.network.values }
output "hidden" {
  value     = data.opentaco_outputs.network.sensitive_values
  sensitive = true
}
`;
			const tf = await bench.attached(main(), config);
			await tf.must("apply", "-auto-approve");
			expect(JSON.parse(await tf.must("output", "-json", "seen"))).toEqual({ vpc_id: "vpc-1" });
			expect(JSON.parse(await tf.must("output", "-json", "hidden"))).toEqual({});
			expect(await readFile(join(tf.path, "terraform.tfstate"), "utf8")).not.toContain("CANARY");

			const named = await bench.attached(main('names = ["vpc_id", "password"]'), config);
			const text = await failure(named, "plan");
			expect(text).toContain("has no output password");
			const other = await bench.attached(main().replace("network/prod", "network/none"), config);
			expect(await failure(other, "plan")).toContain("There is no such unit");
		},
		longTimeoutMs,
	);
});

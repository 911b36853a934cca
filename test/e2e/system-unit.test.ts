/**
 * The state of the system unit under the real clients: the server writes live values into it, and
 * whoever runs Terraform there sees no change, loses none, and is not disturbed.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostPlugin, type PluginHost } from "../support/plugin-host.ts";
import { openSite, type Site } from "../support/s3-site.ts";
import {
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { until } from "../support/until.ts";

const has = terraformOrSkip("live values in the system unit's state");
const clients = ["terraform", "tofu"].filter((name) => Bun.which(name) !== null);
const surfaces = ["http", "s3", "cloud"] as const;
const longTimeoutMs = 240_000;
const unit = "__opentaco_system";

type Surface = (typeof surfaces)[number];

let site: Site;
let plugin: PluginHost;

beforeAll(async () => {
	if (!has) return;
	site = await openSite(true);
	plugin = await hostPlugin(site.folder.path, {
		OPENTACO_TOKEN: site.server.token,
		OPENTACO_CA_CERT: site.env.OPENTACO_CA_CERT ?? "",
	});
});

afterAll(async () => {
	await plugin?.[Symbol.asyncDispose]();
	await site?.[Symbol.asyncDispose]();
});

/** Edges by count, by for_each, and in a module that is there twice; and what waits for a file. */
const edges = (more = "") => `
terraform {
  required_providers {
    opentaco = { source = "digger/opentaco" }
  }
}
provider "opentaco" { endpoint = "${site.server.url}" }

variable "gate" { default = "" }

resource "opentaco_dependency" "counted" {
  count        = 2
  from_unit_id = "net"
  from_output  = "o\${count.index}"
  to_unit_id   = "app"
}
resource "opentaco_dependency" "each" {
  for_each     = toset(["a", "b c"])
  from_unit_id = "net"
  from_output  = "o0"
  to_unit_id   = "app"
  to_input     = each.key
}
module "more" {
  source   = "./more"
  for_each = toset(["x", "y"])
  input    = each.key
}
resource "terraform_data" "gate" {
  triggers_replace = var.gate
  provisioner "local-exec" {
    command = var.gate == "" ? "true" : "touch waiting; while [ ! -e go ]; do sleep 0.1; done"
  }
}
output "exact" { value = 123456789012345678901234567890 }
${more}`;

const edgesModule = `
terraform {
  required_providers {
    opentaco = { source = "digger/opentaco" }
  }
}
variable "input" {}
resource "opentaco_dependency" "inner" {
  from_unit_id = "net"
  from_output  = "o1"
  to_unit_id   = "app"
  to_input     = "inner-\${var.input}"
}
`;

async function backend(surface: Surface): Promise<string> {
	if (surface === "http") return httpBackend(site.server.url, unit);
	if (surface === "s3") return await site.block(unit);
	return `terraform {
  cloud {
    hostname     = "localhost:${site.server.port}"
    organization = "default"
    workspaces { name = "${unit}" }
  }
}
`;
}

async function project(name: string, client: string, files: Record<string, string>) {
	const env = {
		...site.env,
		...httpCredentials(site.server.token),
		[`TF_TOKEN_localhost:${site.server.port}`]: site.server.token,
		...plugin.env,
	};
	return await terraformProject(join(site.folder.path, name), files, env, client);
}

/** A unit that has these outputs. */
async function unitProject(name: string, client: string, id: string): Promise<Project> {
	const source = `
variable "v" { default = "one" }
output "o0" { value = var.v }
output "o1" { value = "fixed" }
`;
	const files = { "backend.tf": httpBackend(site.server.url, id), "main.tf": source };
	const tf = await project(name, client, files);
	await tf.must("init");
	return tf;
}

const pull = async (...args: string[]): Promise<string> =>
	(await site.taco("unit", "pull", unit, ...args)).stdout;

interface Instance {
	readonly index_key?: string | number;
	readonly attributes: Readonly<Record<string, string | null>>;
}

/** The instances of all edges, by what the using unit calls them. */
function instancesIn(text: string): Instance[] {
	const { resources } = JSON.parse(text) as {
		resources: { type: string; instances: Instance[] }[];
	};
	return resources
		.filter(({ type }) => type === "opentaco_dependency")
		.flatMap(({ instances }) => instances);
}

const statusesIn = (text: string) => instancesIn(text).map(({ attributes }) => attributes.status);

/** Waits until all edges that are fed by `output` have the status. */
async function untilStatus(status: string, output = "o0"): Promise<string> {
	const isThere = ({ attributes }: Instance) =>
		attributes.from_output !== output || attributes.status === status;
	await until(async () => instancesIn(await pull()).every(isThere));
	return await pull();
}

const clean = async (tf: Project): Promise<void> => {
	const { exitCode, stdout, stderr } = await tf.run("plan", "-detailed-exitcode", "-input=false");
	expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
	expect(stdout).toContain("No changes. Your infrastructure matches the configuration.");
	expect(stdout).not.toContain("changed outside");
};

const versionsOf = async (): Promise<{ version: number; hash: string; serial: number }[]> =>
	JSON.parse((await site.taco("unit", "versions", unit, "--json")).stdout).versions;

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

for (const client of clients) {
	for (const surface of surfaces) {
		describe.skipIf(!has)(`${client} over ${surface}`, () => {
			test(
				"plans stay clean, saved plans apply, a running apply is left alone",
				async () => {
					const name = `${client}-${surface}`;
					await site.taco("unit", "rm", unit, "--yes", "--force");
					for (const id of ["net", "app"]) await site.taco("unit", "rm", id, "--yes", "--force");
					await site.taco("unit", "create", unit);
					const earlier = (await versionsOf()).length;
					const net = await unitProject(`${name}-net`, client, "net");
					const app = await unitProject(`${name}-app`, client, "app");
					const tf = await project(name, client, {
						"backend.tf": await backend(surface),
						"main.tf": edges(),
					});
					await Bun.$`mkdir -p ${join(tf.path, "more")}`.quiet();
					await tf.write("more/main.tf", edgesModule);
					await tf.must("init", "-input=false");
					await tf.must("apply", "-auto-approve", "-input=false");
					await clean(tf);

					// What the applies of both units leave is shown, and is no change.
					await net.must("apply", "-auto-approve");
					await app.must("apply", "-auto-approve");
					const shown = await untilStatus("ok");
					expect(statusesIn(shown)).toEqual(Array(6).fill("ok"));
					expect(shown).toContain("123456789012345678901234567890");
					const { serial, lineage } = JSON.parse(shown);
					const written = await versionsOf();
					expect(written).toHaveLength(earlier + 1);
					expect(written[0]).toMatchObject({ serial });
					const first = await pull("--version", String(earlier + 1));
					expect(sha256(first)).toBe(written[0]?.hash ?? "");
					expect(statusesIn(first)).toEqual(Array(6).fill("unknown"));
					await clean(tf);
					expect(JSON.parse(await tf.must("state", "pull"))).toEqual(JSON.parse(shown));

					// A plan that was saved before goes on to apply after it.
					await tf.write(
						"main.tf",
						edges(`resource "opentaco_dependency" "late" {
  from_unit_id = "net"
  from_output  = "o0"
  to_unit_id   = "app"
  to_input     = "late"
}
`),
					);
					await tf.must("plan", "-out", "saved", "-input=false");
					await net.must("apply", "-auto-approve", "-var", "v=two");
					await untilStatus("pending");
					expect(await tf.must("apply", "-input=false", "saved")).toContain(
						"1 added, 0 changed, 0 destroyed",
					);
					const later = await untilStatus("pending");
					expect(instancesIn(later)).toHaveLength(7);
					expect(JSON.parse(later)).toMatchObject({ lineage, serial: serial + 1 });
					await clean(tf);

					// An apply under way is not disturbed; what happens meanwhile is shown after it.
					const running = tf.start("apply", "-auto-approve", "-input=false", "-var", "gate=x");
					await until(() => Bun.file(join(tf.path, "waiting")).exists());
					const held = await pull();
					await app.must("apply", "-auto-approve", "-var", "v=app");
					expect(await pull()).toBe(held);
					await writeFile(join(tf.path, "go"), "");
					expect((await running.outcome).exitCode).toBe(0);
					await untilStatus("ok");
					await until(async () => (await site.taco("unit", "who")).stdout.trim() === "");

					// The state can be pushed, as it is and as the next one.
					const pulled = await tf.must("state", "pull");
					await tf.write("same.tfstate", pulled);
					await tf.must("state", "push", "same.tfstate");
					const next = JSON.parse(pulled).serial + 1;
					await tf.write("next.tfstate", pulled.replace(/"serial": *[0-9]+/, `"serial": ${next}`));
					await tf.must("state", "push", "next.tfstate");
					// Terraform counts one up itself where it writes to a backend.
					expect([next, next + 1]).toContain(JSON.parse(await untilStatus("ok")).serial);
				},
				longTimeoutMs,
			);
		});
	}
}

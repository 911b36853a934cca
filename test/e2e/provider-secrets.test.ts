/** No secret in anything that a run leaves behind: states, plans, logs of every kind, messages. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { ProviderBench } from "../support/provider-bench.ts";
import { adminToken } from "../support/server.ts";
import { terraformOrSkip } from "../support/terraform.ts";

const has = terraformOrSkip("secrets of the provider");
const longTimeoutMs = 120_000;
let bench: ProviderBench;

beforeAll(async () => {
	if (has) bench = await ProviderBench.start();
});
afterAll(async () => {
	await bench?.[Symbol.asyncDispose]();
});

const main = `
terraform {
  required_providers {
    opentaco = { source = "opentaco/opentaco" }
  }
}
variable "secret" {
  type      = string
  ephemeral = true
}
variable "file" {}
resource "opentaco_unit" "u" {
  id = "secrets/u"
}
resource "opentaco_variable" "v" {
  unit_id          = opentaco_unit.u.id
  key              = "TOKEN"
  category         = "env"
  sensitive        = true
  value_wo         = var.secret
  value_wo_version = 1
}
resource "opentaco_token" "t" {
  name        = "kept"
  service     = true
  secret_file = var.file
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
`;

/** The text of every file below a folder; archives are unpacked. */
async function everythingIn(folder: string): Promise<Map<string, string>> {
	const texts = new Map<string, string>();
	for (const name of await readdir(folder, { recursive: true })) {
		const path = join(folder, name);
		const found = await stat(path);
		if (!found.isFile() || found.size > 50_000_000) continue;
		const bytes = await readFile(path);
		texts.set(name, bytes.toString("latin1") + unpacked(bytes));
	}
	return texts;
}

/** What is in a zip archive, as far as it is compressed the usual way. */
function unpacked(bytes: Buffer): string {
	let text = "";
	for (let at = bytes.indexOf("PK\x03\x04"); at !== -1; at = bytes.indexOf("PK\x03\x04", at + 4)) {
		const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
		if (bytes.readUInt16LE(at + 8) !== 8) continue;
		text += inflateRawSync(bytes.subarray(start)).toString("latin1");
	}
	return text;
}

describe.skipIf(!has)("secrets", () => {
	test(
		"appear in no state, plan, trace or message, whether a run succeeds or fails",
		async () => {
			const secret = "CANARY-value-of-a-variable";
			const file = join(bench.folder.path, "kept-token");
			const tf = await bench.installed(
				{ "main.tf": main },
				{
					...{ TF_LOG: "trace", TF_LOG_PATH: "trace.log" },
					...{ TF_VAR_secret: secret, TF_VAR_file: file },
				},
			);
			const said: string[] = [];
			const run = async (...args: string[]) => {
				const { exitCode, stdout, stderr } = await tf.run(...args);
				said.push(stdout, stderr);
				return exitCode;
			};
			expect(await run("init")).toBe(0);
			expect(await run("plan", "-out=plan")).toBe(0);
			expect(await run("apply", "plan")).toBe(0);
			expect(await run("show", "-json", "plan")).toBe(0);
			expect(await run("plan", "-detailed-exitcode")).toBe(0);
			// What the server refuses is told too: a locked unit, a key that is none.
			await bench.taco("unit", "lock", "secrets/u");
			expect(await run("destroy", "-auto-approve")).toBe(1);
			await tf.write("main.tf", main.replace('"TOKEN"', '"NOT A KEY"'));
			expect(await run("apply", "-auto-approve")).toBe(1);

			const texts = await everythingIn(tf.path);
			expect([...texts.keys()]).toContain("plan");
			expect(texts.get("plan")).toContain("opentaco_variable");
			expect(texts.get("trace.log")).toContain("OpenEphemeralResource");
			texts.set("messages", said.join("\n"));
			const kept = (await readFile(file, "utf8")).trim();
			expect(kept).toStartWith("otc_svc_");
			for (const [name, text] of texts) {
				const leaked = [secret, kept, adminToken].filter((one) => text.includes(one));
				// The short-lived token is not known here: no text of that form may be anywhere.
				leaked.push(...(text.match(/otc_(?:svc|tfe)_[0-9a-f]{20}_[0-9a-f]{64}/g) ?? []));
				expect({ name, leaked }).toEqual({ name, leaked: [] });
			}
			await bench.taco("unit", "unlock", "secrets/u");
			await tf.write("main.tf", main);
			expect(await run("destroy", "-auto-approve")).toBe(0);
			const tokens = (await bench.taco("token", "ls", "--all")).stdout;
			expect(tokens).not.toContain("kept");
			expect(tokens).not.toContain("short");
		},
		longTimeoutMs,
	);
});

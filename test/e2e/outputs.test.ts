/**
 * A machine that may read some outputs and nothing else, with the real clients: what reads a state
 * for its outputs needs no change, whichever door it takes.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { runTaco } from "../support/executable.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import { terraformOrSkip, terraformProject } from "../support/terraform.ts";
import { tfeProviderOrSkip, tfeProviderOverrides } from "../support/tfe-provider.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

const isThere = terraformOrSkip("outputs under the real clients");
const clients = ["terraform", "tofu"].filter((name) => Bun.which(name) !== null);

const tfeProvider = tfeProviderOrSkip("tfe_outputs");

let folder: TemporaryDirectory;
let caFile: string;
let server: RunningServer;
let token: string;

async function taco(own: string, ...args: string[]) {
	const env = {
		OPENTACO_SERVER: server.url,
		OPENTACO_TOKEN: own,
		OPENTACO_CA_CERT: caFile,
		XDG_CACHE_HOME: join(folder.path, "cache"),
	};
	return await runTaco(args, { cwd: folder.path, env });
}

async function must(...args: string[]): Promise<string> {
	const { exitCode, stdout, stderr } = await taco(adminToken, ...args);
	expect({ args, exitCode, stderr }).toMatchObject({ exitCode: 0 });
	return stdout;
}

const state = JSON.stringify({
	version: 4,
	terraform_version: "1.5.0",
	serial: 4,
	lineage: "of-network",
	outputs: {
		vpc_id: { value: "vpc-1", type: "string" },
		vpc_sizes: { value: [1, 2], type: ["tuple", ["number", "number"]] },
		vpc_token: { value: "granted", type: "string", sensitive: true },
		secret_key: { value: "not-granted", type: "string", sensitive: true },
	},
	resources: [
		{
			...{ mode: "managed", type: "terraform_data", name: "a" },
			provider: 'provider["terraform.io/builtin/terraform"]',
			instances: [{ schema_version: 0, attributes: { id: "not-granted" } }],
		},
	],
});

beforeAll(async () => {
	folder = await temporaryDirectory();
	caFile = join(folder.path, "taco-data/__opentaco/server/tls/ca.pem");
	const tls = { args: ["--tls-self-signed"], scheme: "https", caFile } as const;
	server = await startServer({ cwd: folder.path, ...tls });
	await Bun.write(join(folder.path, "network.tfstate"), state);
	await must("unit", "create", "network/prod");
	await must("unit", "push", "network/prod", "network.tfstate");
	await must("rbac", "init");
	const rule = "allow:unit.read-outputs:network/*#vpc_*";
	await must("rbac", "permission", "create", "vpc", "--rule", rule);
	await must("rbac", "role", "create", "consumer");
	await must("rbac", "role", "assign-permission", "consumer", "vpc");
	await must("rbac", "user", "assign", "app-ci", "consumer", "--token");
	token = JSON.parse(await must("token", "create", "app-ci", "--service", "--json")).token;
}, 60_000);

afterAll(async () => {
	await server?.kill();
	await folder?.remove();
});

/** What each door wants to know. */
const doors: Readonly<Record<string, () => string>> = {
	http: () => `
    address  = "${server.url}/v1/backend/network/prod"
    username = "app-ci"
    password = var.token`,
	s3: () => `
    bucket                      = "opentaco"
    key                         = "network/prod/terraform.tfstate"
    region                      = "auto"
    use_path_style              = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
    endpoints                   = { s3 = "${server.url}/s3" }`,
	remote: () => `
    hostname     = "localhost:${server.port}"
    organization = "default"
    token        = var.token
    workspaces   = { name = "network__prod" }`,
};

function consumer(door: string): string {
	return `variable "token" {
  sensitive = true
}
data "terraform_remote_state" "network" {
  backend = "${door}"
  config = {${doors[door]?.() ?? ""}
  }
}
output "names" { value = sort(keys(data.terraform_remote_state.network.outputs)) }
output "vpc" { value = data.terraform_remote_state.network.outputs.vpc_id }
output "sizes" { value = data.terraform_remote_state.network.outputs.vpc_sizes }
output "granted" {
  value     = data.terraform_remote_state.network.outputs.vpc_token
  sensitive = true
}
`;
}

interface S3Credentials {
	readonly AccessKeyId: string;
	readonly SecretAccessKey: string;
	readonly SessionToken: string;
}

async function s3Credentials(): Promise<S3Credentials> {
	const { stdout } = await taco(token, "creds", "--json");
	return JSON.parse(stdout) as S3Credentials;
}

async function environment(): Promise<Record<string, string>> {
	const issued = await s3Credentials();
	return {
		TF_VAR_token: token,
		SSL_CERT_FILE: caFile,
		AWS_CA_BUNDLE: caFile,
		AWS_ACCESS_KEY_ID: issued.AccessKeyId,
		AWS_SECRET_ACCESS_KEY: issued.SecretAccessKey,
		AWS_SESSION_TOKEN: issued.SessionToken,
		AWS_EC2_METADATA_DISABLED: "true",
	};
}

describe.skipIf(!isThere).each(clients)("%s", (client) => {
	for (const door of Object.keys(doors)) {
		test(`terraform_remote_state with the backend ${door} gets the granted outputs`, async () => {
			const path = join(folder.path, `${client}-${door}`);
			const files = { "main.tf": consumer(door) };
			const p = await terraformProject(path, files, await environment(), client);
			await p.must("init", "-input=false");
			await p.must("apply", "-input=false", "-auto-approve");
			expect(JSON.parse(await p.must("output", "-json", "names"))).toEqual([
				"vpc_id",
				"vpc_sizes",
				"vpc_token",
			]);
			expect(await p.must("output", "-raw", "vpc")).toBe("vpc-1");
			expect(JSON.parse(await p.must("output", "-json", "sizes"))).toEqual([1, 2]);
			expect(await p.must("output", "-raw", "granted")).toBe("granted");
			expect(await readFile(join(path, "terraform.tfstate"), "utf8")).not.toContain("not-granted");
		}, 120_000);
	}

	test("terraform output over a cloud block shows the granted outputs", async () => {
		const block = `terraform {
  cloud {
    hostname     = "localhost:${server.port}"
    organization = "default"
    workspaces { name = "network__prod" }
  }
}
`;
		const env = { ...(await environment()), [`TF_TOKEN_localhost:${server.port}`]: token };
		const path = join(folder.path, `${client}-cloud`);
		const p = await terraformProject(path, { "main.tf": block }, env, client);
		await p.must("init", "-input=false");
		const outputs = JSON.parse(await p.must("output", "-json"));
		expect(Object.keys(outputs)).toEqual(["vpc_id", "vpc_sizes", "vpc_token"]);
		expect(outputs.vpc_token).toMatchObject({ sensitive: true, value: "granted" });
		expect((await p.run("output", "secret_key")).exitCode).not.toBe(0);
		expect((await p.run("apply", "-input=false", "-auto-approve")).exitCode).not.toBe(0);
	}, 60_000);

	test("a backend block of the unit itself opens nothing but outputs", async () => {
		const path = join(folder.path, `${client}-backend`);
		const backend = `terraform {
  backend "http" {
    address        = "${server.url}/v1/backend/network/prod"
    lock_address   = "${server.url}/v1/backend/network/prod"
    unlock_address = "${server.url}/v1/backend/network/prod"
    username       = "app-ci"
  }
}
resource "terraform_data" "b" {}
`;
		const env = { ...(await environment()), TF_HTTP_PASSWORD: token };
		const p = await terraformProject(path, { "main.tf": backend }, env, client);
		await p.must("init", "-input=false");
		expect(await p.must("output", "-raw", "vpc_id")).toBe("vpc-1");
		const own = await taco(token, "unit", "output", "network/prod");
		expect(own.stdout).toBe(await p.must("output"));
		const json = await taco(token, "unit", "output", "network/prod", "--json");
		expect(JSON.parse(json.stdout)).toEqual(JSON.parse(await p.must("output", "-json")));
		expect(await p.must("state", "pull")).not.toContain("not-granted");
		// A state without resources would make everything again: the lock is refused before that.
		const applied = await p.run("apply", "-input=false", "-auto-approve");
		expect(applied.exitCode).not.toBe(0);
		const forced = await p.run("apply", "-input=false", "-auto-approve", "-lock=false");
		expect(forced.exitCode).not.toBe(0);
		expect(await must("unit", "pull", "network/prod")).toBe(state);
	}, 120_000);
});

test("an S3 client gets the same object, as Terragrunt does for dependencies", async () => {
	const issued = await s3Credentials();
	const s3 = new S3Client({
		endpoint: `${server.url}/s3`,
		region: "auto",
		forcePathStyle: true,
		credentials: {
			accessKeyId: issued.AccessKeyId,
			secretAccessKey: issued.SecretAccessKey,
			sessionToken: issued.SessionToken,
		},
		requestHandler: { requestTimeout: 10_000, httpsAgent: { ca: await readFile(caFile) } },
	});
	const key = { Bucket: "opentaco", Key: "network/prod/terraform.tfstate" };
	const object = await s3.send(new GetObjectCommand(key));
	const text = (await object.Body?.transformToString()) ?? "";
	expect(object.ETag).toBe(`"${createHash("md5").update(text).digest("hex")}"`);
	expect(object.ContentLength).toBe(text.length);
	const pulled = await taco(token, "unit", "pull", "network/prod");
	expect(pulled.stdout).toBe(text);
	const { outputs, resources } = JSON.parse(text);
	expect(Object.keys(outputs)).toEqual(["vpc_id", "vpc_sizes", "vpc_token"]);
	expect(resources).toEqual([]);
	s3.destroy();
}, 30_000);

test("the command line shows them", async () => {
	const { stdout } = await taco(token, "unit", "output", "network/prod");
	expect(stdout).toBe('vpc_id = "vpc-1"\nvpc_sizes = [\n  1,\n  2,\n]\nvpc_token = <sensitive>\n');
	const narrow = ["--unit", "network/*#vpc_id"];
	const made = JSON.parse(await must("token", "create", "one", "--json", ...narrow));
	const alone = await taco(made.token, "unit", "output", "network/prod");
	expect(alone.stdout).toBe('vpc_id = "vpc-1"\n');
	expect((await taco(made.token, "unit", "info", "network/prod")).exitCode).toBe(3);
	const one = await taco(token, "unit", "output", "network/prod", "vpc_token", "--raw");
	expect(one.stdout).toBe("granted");
	expect((await taco(token, "unit", "output", "network/prod", "secret_key")).exitCode).toBe(3);
	expect((await taco(token, "unit", "ls", "--json")).stdout).not.toContain("network");
}, 30_000);

test.skipIf(!isThere || tfeProvider === null)(
	"tfe_outputs of the hashicorp/tfe provider gets the granted outputs",
	async () => {
		const path = join(folder.path, "tfe-outputs");
		const main = `terraform {
  required_providers {
    tfe = { source = "hashicorp/tfe" }
  }
}
variable "token" {
  sensitive = true
}
provider "tfe" {
  hostname = "localhost:${server.port}"
  token    = var.token
}
data "tfe_outputs" "network" {
  organization = "default"
  workspace    = "network__prod"
}
output "names" { value = sort(keys(nonsensitive(data.tfe_outputs.network.values))) }
output "granted" {
  value     = data.tfe_outputs.network.values.vpc_token
  sensitive = true
}
`;
		const overrides = await tfeProviderOverrides(tfeProvider ?? "", folder.path);
		const env = { ...(await environment()), TF_CLI_CONFIG_FILE: overrides };
		const p = await terraformProject(path, { "main.tf": main }, env);
		await p.must("apply", "-input=false", "-auto-approve");
		const names = JSON.parse(await p.must("output", "-json", "names"));
		expect(names).toEqual(["vpc_id", "vpc_sizes", "vpc_token"]);
		expect(await p.must("output", "-raw", "granted")).toBe("granted");
	},
	120_000,
);

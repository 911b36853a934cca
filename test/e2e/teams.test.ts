/** A team under the real client: its token works in its project, on two backends, and nowhere else. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import {
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

const isThere = terraformOrSkip("teams under terraform");
let folder: TemporaryDirectory;
let caFile: string;
let server: RunningServer;

beforeAll(async () => {
	folder = await temporaryDirectory();
	caFile = join(folder.path, "taco-data/__opentaco/server/tls/ca.pem");
	const args = ["--tls-self-signed"];
	server = await startServer({ cwd: folder.path, args, scheme: "https", caFile });
});

afterAll(async () => {
	await server?.kill();
	await folder?.remove();
});

interface Made {
	readonly id: string;
	readonly attributes: { readonly token: string };
}

async function api(method: string, path: string, data: object): Promise<Made> {
	const response = await fetch(`${server.url}${path}`, {
		method,
		headers: { authorization: `Bearer ${adminToken}` },
		body: JSON.stringify({ data }),
		tls: { ca: Bun.file(caFile) },
	});
	const text = await response.text();
	expect({ path, status: response.status, text }).toMatchObject({ status: 201 });
	return JSON.parse(text).data;
}

const base = "/tfe/api/v2";
const org = `${base}/organizations/default`;
const resources = `resource "terraform_data" "a" { input = "one" }
output "o" { value = terraform_data.a.output }
`;

function cloud(workspaces: string): string {
	return `terraform {
  cloud {
    hostname     = "localhost:${server.port}"
    organization = "default"
    workspaces {
      ${workspaces}
    }
  }
}
`;
}

async function project(name: string, token: string, config: string): Promise<Project> {
	const env = {
		[`TF_TOKEN_localhost:${server.port}`]: token,
		SSL_CERT_FILE: caFile,
		...httpCredentials(token),
	};
	const files = { "backend.tf": config, "main.tf": resources };
	return await terraformProject(join(folder.path, "projects", name), files, env);
}

test.skipIf(!isThere)("a team's token applies in its project, and nowhere else", async () => {
	const shop = await api("POST", `${org}/projects`, {
		...{ type: "projects", attributes: { name: "shop" } },
	});
	const team = await api("POST", `${org}/teams`, {
		...{ type: "teams", attributes: { name: "shop" } },
	});
	await api("POST", `${base}/team-projects`, {
		...{ type: "team-projects", attributes: { access: "maintain" } },
		relationships: {
			team: { data: { type: "teams", id: team.id } },
			project: { data: { type: "projects", id: shop.id } },
		},
	});
	const made = await api("POST", `${base}/teams/${team.id}/authentication-token`, {
		type: "authentication-tokens",
	});
	const { token } = made.attributes;

	const ours = await project("ours", token, cloud('name = "shop__web"\n      project = "shop"'));
	await ours.must("init", "-input=false");
	await ours.must("apply", "-input=false", "-auto-approve");
	expect(await ours.must("output", "-raw", "o")).toBe("one");

	// The same unit over the HTTP backend, with the same token as the password.
	const http = await project("http", token, httpBackend(server.url, "shop/web"));
	await http.must("init", "-input=false");
	expect(await http.must("plan", "-input=false", "-detailed-exitcode")).toContain("No changes");

	const elsewhere = await project("elsewhere", token, cloud('name = "other__web"'));
	const refused = await elsewhere.run("init", "-input=false");
	expect(refused.exitCode).toBe(1);
	expect(refused.stderr).toContain("insufficient permissions");

	const ended = await fetch(`${server.url}${base}/authentication-tokens/${made.id}`, {
		...{ method: "DELETE", headers: { authorization: `Bearer ${adminToken}` } },
		tls: { ca: Bun.file(caFile) },
	});
	expect(ended.status).toBe(204);
	const after = await ours.run("plan", "-input=false");
	expect(after.exitCode).toBe(1);
	expect(after.stderr).toContain("unauthorized");
});

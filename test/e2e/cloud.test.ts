/** A `cloud` block against the server, under the real clients, over TLS. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import {
	findTerraform,
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { logInWithTerraform } from "../support/terraform-login.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";
import { until } from "../support/until.ts";

const isThere = terraformOrSkip("the cloud block");
const clients = ["terraform", "tofu"].filter((name) => Bun.which(name) !== null);

let folder: TemporaryDirectory;
let caFile: string;
let first: RunningServer;
let second: RunningServer;

beforeAll(async () => {
	folder = await temporaryDirectory();
	caFile = join(folder.path, "taco-data/__opentaco/server/tls/ca.pem");
	const options = {
		cwd: folder.path,
		args: ["--tls-self-signed"],
		scheme: "https",
		caFile,
	} as const;
	first = await startServer(options);
	second = await startServer(options);
});

afterAll(async () => {
	await first?.kill();
	await second?.kill();
	await folder?.remove();
});

/** A block for one of the servers; `choice` is what stands in `workspaces`. */
function cloud(choice: string, server: RunningServer = first): string {
	return `terraform {
  cloud {
    hostname     = "localhost:${server.port}"
    organization = "default"
    workspaces {
      ${choice}
    }
  }
}
`;
}

const resources = `resource "terraform_data" "a" { input = var.v }
variable "v" { default = "one" }
output "o" { value = terraform_data.a.output }
output "list" { value = tolist(["x", "y"]) }
output "big" { value = 123456789012345678901234567890 }
output "s" {
  value     = "shh-\${var.v}"
  sensitive = true
}
`;

function environment(token = adminToken): Record<string, string> {
	const servers = [first, second].map(({ port }) => [`TF_TOKEN_localhost:${port}`, token]);
	return { ...Object.fromEntries(servers), SSL_CERT_FILE: caFile };
}

async function project(
	name: string,
	client: string | null,
	choice: string,
	more: string = resources,
): Promise<Project> {
	const files = { "cloud.tf": cloud(choice), "main.tf": more };
	return await terraformProject(join(folder.path, "projects", name), files, environment(), client);
}

/** `init` for somebody who answers its question. */
async function initWith(p: Project, client: string | null, answer: string): Promise<void> {
	const child = Bun.spawn([client ?? "terraform", "init", "-no-color"], {
		cwd: p.path,
		env: {
			PATH: process.env.PATH ?? "",
			HOME: p.path,
			CHECKPOINT_DISABLE: "1",
			TF_CLI_CONFIG_FILE: "/dev/null",
			...environment(),
		},
		stdio: [new Blob([answer]), "pipe", "pipe"],
	});
	const errors = await new Response(child.stderr).text();
	expect({ code: await child.exited, errors }).toEqual({ code: 0, errors: "" });
}

async function api(method: string, path: string, body?: object): Promise<Response> {
	return await fetch(`${first.url}${path}`, {
		method,
		headers: {
			authorization: `Bearer ${adminToken}`,
			"content-type": "application/vnd.api+json",
		},
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		tls: { ca: Bun.file(caFile) },
	});
}

for (const client of clients) {
	describe(`${client}, by name`, () => {
		test("init, plan, apply, output, state, destroy", async () => {
			const p = await project(`${client}-name`, client, `name = "${client}__main"`);
			await p.must("init", "-input=false");
			await p.must("plan", "-input=false");
			await p.must("apply", "-input=false", "-auto-approve");
			expect(await p.must("output", "-raw", "o")).toBe("one");
			expect(await p.must("output", "-raw", "s")).toBe("shh-one");
			expect(await p.must("output")).toContain("<sensitive>");
			const outputs = JSON.parse(await p.must("output", "-json"));
			expect(outputs.list).toEqual({
				sensitive: false,
				type: ["list", "string"],
				value: ["x", "y"],
			});
			expect(await p.must("output", "big")).toContain("123456789012345678901234567890");
			expect(await p.must("state", "list")).toContain("terraform_data.a");

			await p.must("apply", "-input=false", "-auto-approve", "-var", "v=two");
			expect(await p.must("output", "-raw", "o")).toBe("two");
			const pulled = await p.must("state", "pull");
			const served = await api("GET", `/v1/units/${client}/main/download`);
			expect(JSON.parse(pulled)).toEqual(JSON.parse(await served.text()));

			await p.must("state", "mv", "terraform_data.a", "terraform_data.b");
			expect(await p.must("state", "list")).toContain("terraform_data.b");
			await p.must("state", "rm", "terraform_data.b");
			await p.write("pushed.tfstate", pulled.replace(/"serial": *\d+/, '"serial": 90'));
			await p.must("state", "push", "pushed.tfstate");
			expect(await p.must("state", "list")).toContain("terraform_data.a");
			await p.must("destroy", "-input=false", "-auto-approve", "-var", "v=two");
		}, 120_000);

		test("workspaces by tags: new, list, select, delete", async () => {
			const p = await project(`${client}-tags`, client, `tags = ["${client}", "cli"]`);
			const one = `${client}-one`;
			const two = `${client}-two`;
			await initWith(p, client, `${one}\n`);
			await p.must("workspace", "new", two);
			expect(await p.must("workspace", "list")).toContain(one);
			await p.must("workspace", "select", one);
			expect((await p.must("workspace", "show")).trim()).toBe(one);
			await p.must("apply", "-input=false", "-auto-approve");
			await p.must("workspace", "select", two);
			const refused = await p.run("workspace", "delete", one);
			expect(refused.exitCode).not.toBe(0);
			await p.must("workspace", "delete", "-force", one);
			expect(await p.must("workspace", "list")).not.toContain(one);
			expect((await api("GET", `/v1/units/${one}`)).status).toBe(404);
		}, 120_000);
	});
}

describe.skipIf(!isThere)("the cloud block", () => {
	const client = findTerraform();

	test("after a login in the browser", async () => {
		const home = join(folder.path, "projects", "login");
		const p = await terraformProject(
			home,
			{ "cloud.tf": cloud('name = "after-login"'), "main.tf": resources },
			{ SSL_CERT_FILE: caFile, TF_CLI_CONFIG_FILE: "", HOME: home },
			client,
		);
		await logInWithTerraform({
			...{ client: client ?? "terraform", host: `localhost:${first.port}` },
			...{ home, caFile, proof: { token: adminToken } },
		});
		await p.must("init", "-input=false");
		await p.must("apply", "-input=false", "-auto-approve");
		expect(await p.must("output", "-raw", "o")).toBe("one");
	}, 60_000);

	test("by tags with values and by project", async () => {
		const choice = 'project = "Web shop"\n      tags = { team = "shop", env = "dev" }';
		const p = await project("map", client, choice);
		await initWith(p, client, "shop-dev\n");
		await p.must("apply", "-input=false", "-auto-approve");
		expect(await p.must("workspace", "list")).toContain("shop-dev");
		const unit = (await (await api("GET", "/v1/units/shop-dev")).json()) as { labels: object };
		expect(unit.labels).toEqual({ team: "shop", env: "dev" });
		const made = await api("POST", "/tfe/api/v2/organizations/default/projects", {
			data: { type: "projects", attributes: { name: "Another one" } },
		});
		expect(made.status).toBe(201);
		const other = choice.replace("Web shop", "Another one");
		const q = await project("map-other", client, other);
		await initWith(q, client, "shop-other\n");
		expect(await q.must("workspace", "list")).not.toContain("shop-dev");
	}, 90_000);

	/** Holds the lock in an apply that waits for a file. */
	async function holding(name: string) {
		const wait = `resource "terraform_data" "w" {
  provisioner "local-exec" { command = "touch began; while [ ! -e go ]; do sleep 0.05; done" }
}
`;
		const p = await project(`${name}-holder`, client, `name = "${name}"`, wait);
		await p.must("init", "-input=false");
		const apply = p.start("apply", "-input=false", "-auto-approve");
		await until(async () => await Bun.file(join(p.path, "began")).exists());
		return { p, apply, release: () => p.write("go", "") };
	}

	test("a lock stops others, -lock-timeout waits for it", async () => {
		const { apply, release } = await holding("contended");
		const q = await project("contended-other", client, 'name = "contended"');
		await q.must("init", "-input=false");
		const refused = await q.run("plan", "-input=false");
		expect(refused.exitCode).not.toBe(0);
		expect(refused.stderr).toContain("already locked");
		const waiting = q.start("plan", "-input=false", "-lock-timeout=60s");
		await release();
		expect((await apply.outcome).exitCode).toBe(0);
		expect((await waiting.outcome).exitCode).toBe(0);
	}, 90_000);

	test("a broken lock fences its holder", async () => {
		const { apply, release } = await holding("broken");
		const q = await project("broken-other", client, 'name = "broken"');
		await q.must("init", "-input=false");
		await q.must("force-unlock", "-force", "default/broken");
		await q.must("apply", "-input=false", "-auto-approve");
		await release();
		const fenced = await apply.outcome;
		expect(fenced.exitCode).not.toBe(0);
		expect(await q.must("output", "-raw", "o")).toBe("one");
	}, 90_000);

	test("a local state migrates", async () => {
		const path = join(folder.path, "projects", "migrate");
		const p = await terraformProject(path, { "main.tf": resources }, environment(), client);
		await p.must("init", "-input=false");
		await p.must("apply", "-input=false", "-auto-approve");
		const before = JSON.parse(await readFile(join(path, "terraform.tfstate"), "utf8"));
		await p.write("cloud.tf", cloud('name = "migrated"'));
		await initWith(p, client, "yes\n");
		const after = JSON.parse(await p.must("state", "pull"));
		// Terraform gives the copy a lineage of its own.
		expect(after.outputs).toEqual(before.outputs);
		expect(after.resources).toEqual(before.resources);
		expect(await p.must("plan", "-input=false")).toContain("No changes");
	}, 90_000);

	test("two servers take turns, and the HTTP backend sees the same unit", async () => {
		const p = await project("turns", client, 'name = "shared__unit"');
		await p.must("init", "-input=false");
		await p.must("apply", "-input=false", "-auto-approve");
		const q = await terraformProject(
			join(folder.path, "projects", "turns-second"),
			{ "cloud.tf": cloud('name = "shared__unit"', second), "main.tf": resources },
			environment(),
			client,
		);
		await q.must("init", "-input=false");
		for (const v of ["a", "b", "c"]) {
			const [writer, reader] = v === "b" ? [q, p] : [p, q];
			await writer.must("apply", "-input=false", "-auto-approve", "-var", `v=${v}`);
			expect(await reader.must("output", "-raw", "o")).toBe(v);
		}
		const http = await terraformProject(
			join(folder.path, "projects", "turns-http"),
			{ "backend.tf": httpBackend(first.url, "shared/unit"), "main.tf": resources },
			{ ...httpCredentials(adminToken), SSL_CERT_FILE: caFile },
			client,
		);
		await http.must("init", "-input=false");
		expect(await http.must("output", "-raw", "o")).toBe("c");
		await http.must("apply", "-input=false", "-auto-approve", "-var", "v=d");
		expect(await q.must("output", "-raw", "o")).toBe("d");
	}, 120_000);

	test("terraform_remote_state reads another workspace", async () => {
		const p = await project("remote-source", client, 'name = "source"');
		await p.must("init", "-input=false");
		await p.must("apply", "-input=false", "-auto-approve");
		const reading = `data "terraform_remote_state" "s" {
  backend = "remote"
  config = {
    hostname     = "localhost:${first.port}"
    organization = "default"
    workspaces   = { name = "source" }
  }
}
output "o" { value = data.terraform_remote_state.s.outputs.o }
`;
		const q = await project("remote-reader", client, 'name = "reader"', reading);
		await q.must("init", "-input=false");
		await q.must("apply", "-input=false", "-auto-approve");
		expect(await q.must("output", "-raw", "o")).toBe("one");
	}, 90_000);

	test("an unknown organization says so, and a wrong token too", async () => {
		const p = await project("unknown", client, 'name = "x"');
		await p.write("cloud.tf", cloud('name = "x"').replace('"default"', '"acme"'));
		const refused = await p.run("init", "-input=false");
		expect(refused.exitCode).not.toBe(0);
		expect(refused.stderr).toContain("acme");
		const stranger = await terraformProject(
			join(folder.path, "projects", "stranger"),
			{ "cloud.tf": cloud('name = "x"'), "main.tf": resources },
			environment("otc_tfe_00000000000000000000_nothing"),
			client,
		);
		const unauthorized = await stranger.run("init", "-input=false");
		expect(unauthorized.exitCode).not.toBe(0);
		expect(unauthorized.stderr).toContain("nauthorized");
	}, 30_000);
});

test.skipIf(Bun.which("tofu") === null)(
	"tofu output decrypts what the server cannot",
	async () => {
		const sealing = `terraform {
  encryption {
    key_provider "pbkdf2" "k" { passphrase = "correct-horse-battery-staple" }
    method "aes_gcm" "m" { keys = key_provider.pbkdf2.k }
    state { method = method.aes_gcm.m }
  }
}
`;
		const p = await project("sealed", "tofu", 'name = "sealed"', resources + sealing);
		await p.must("init");
		await p.must("apply", "-auto-approve");
		expect(await p.must("output", "-raw", "o")).toBe("one");
		const all = JSON.parse(await p.must("output", "-json"));
		expect(Object.keys(all)).toEqual(["big", "list", "o", "s"]);
	},
	60_000,
);

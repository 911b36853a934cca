/** A `cloud` block among others: moving in and out, crashes, the other surfaces, the quick start. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { openSite, type Site } from "../support/s3-site.ts";
import {
	findTerraform,
	httpBackend,
	httpCredentials,
	type Project,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { logInWithTerraform } from "../support/terraform-login.ts";
import { until } from "../support/until.ts";

const isThere = terraformOrSkip("cloud blocks beside other ways");
const clients = ["terraform", "tofu"].filter((name) => Bun.which(name) !== null);

let site: Site;

beforeAll(async () => {
	if (isThere) site = await openSite(true);
});

afterAll(async () => {
	await site?.[Symbol.asyncDispose]();
});

const main = `variable "v" { default = "one" }
resource "terraform_data" "a" { input = var.v }
output "o" { value = terraform_data.a.output }
`;

function cloud(workspace: string): string {
	return `terraform {
  cloud {
    hostname     = "localhost:${site.server.port}"
    organization = "default"
    workspaces { name = "${workspace}" }
  }
}
`;
}

async function project(
	name: string,
	files: Readonly<Record<string, string>>,
	client: string | null = findTerraform(),
): Promise<Project> {
	const token = { [`TF_TOKEN_localhost:${site.server.port}`]: site.server.token };
	return await terraformProject(
		join(site.folder.path, "projects", name),
		files,
		{ ...site.env, ...token },
		client,
	);
}

const apply = ["apply", "-input=false", "-auto-approve"] as const;

for (const client of clients) {
	describe.skipIf(!isThere)(client, () => {
		test("the same unit through the cloud block, the HTTP backend and the S3 endpoint", async () => {
			const unit = `${client}/shared`;
			const byCloud = await project(
				`${client}-by-cloud`,
				{ "cloud.tf": cloud(`${client}__shared`), "main.tf": main },
				client,
			);
			const byHttp = await terraformProject(
				join(site.folder.path, "projects", `${client}-by-http`),
				{ "backend.tf": httpBackend(site.server.url, unit), "main.tf": main },
				{ ...site.env, ...httpCredentials(site.server.token) },
				client,
			);
			const byS3 = await terraformProject(
				join(site.folder.path, "projects", `${client}-by-s3`),
				{ "backend.tf": await site.block(unit), "main.tf": main },
				site.env,
				client,
			);
			const ways = [byCloud, byHttp, byS3];
			for (const way of ways) await way.must("init", "-input=false");
			for (const [at, way] of [...ways, ...ways].entries()) {
				await way.must(...apply, "-var", `v=turn-${at}`);
				for (const other of ways) {
					expect(await other.must("output", "-raw", "o")).toBe(`turn-${at}`);
				}
			}
			const versions = JSON.parse((await site.taco("unit", "versions", unit, "--json")).stdout);
			const surfaces = new Set(
				versions.versions.map(({ surface }: { surface: string }) => surface),
			);
			expect([...surfaces].sort()).toEqual(["http-backend", "s3", "tfe"]);
		}, 180_000);

		test("moving in from a local state, and out by state pull", async () => {
			const p = await project(`${client}-moving`, { "main.tf": main }, client);
			await p.must("init", "-input=false");
			await p.must(...apply);
			await p.must("state", "pull");
			const q = await project(
				`${client}-moved`,
				{ "cloud.tf": cloud(`${client}-moved`), "main.tf": main },
				client,
			);
			await q.must("init", "-input=false");
			const state = join(p.path, "terraform.tfstate");
			await q.must("state", "push", state);
			expect(await q.must("plan", "-input=false")).toContain("No changes");

			const pulled = await q.must("state", "pull");
			const out = await project(
				`${client}-out`,
				{ "main.tf": main, "terraform.tfstate": pulled },
				client,
			);
			await out.must("init", "-input=false");
			expect(await out.must("plan", "-input=false")).toContain("No changes");
			expect(await out.must("output", "-raw", "o")).toBe("one");
		}, 120_000);

		test("an older state is pushed by force, by the way that the refusal names", async () => {
			const name = `${client}-forced`;
			const p = await project(name, { "cloud.tf": cloud(name), "main.tf": main }, client);
			await p.must("init", "-input=false");
			await p.must(...apply);
			await p.write("old.tfstate", await p.must("state", "pull"));
			await p.must(...apply, "-var", "v=two");
			const refused = await p.run("state", "push", "-force", "old.tfstate");
			expect(refused.exitCode).not.toBe(0);
			expect(refused.stderr.replace(/[│╷╵\s]+/g, " ")).toContain(`taco unit push --force ${name}`);
			await p.must("force-unlock", "-force", `default/${name}`);
			const pushed = await site.taco(
				...["unit", "push", "--force", name, join(p.path, "old.tfstate")],
			);
			expect(pushed).toMatchObject({ exitCode: 0 });
			expect(await p.must("output", "-raw", "o")).toBe("one");
		}, 120_000);

		test("an apply that was killed leaves its lock, and nothing is lost", async () => {
			const name = `${client}-killed`;
			const waiting = `${main}resource "terraform_data" "w" {
  depends_on = [terraform_data.a]
  provisioner "local-exec" { command = "touch began; while [ ! -e go ]; do sleep 0.05; done" }
}
`;
			const p = await project(name, { "cloud.tf": cloud(name), "main.tf": main }, client);
			await p.must("init", "-input=false");
			await p.must(...apply);
			await p.write("main.tf", waiting);
			const killed = p.start(...apply);
			await until(async () => await Bun.file(join(p.path, "began")).exists());
			killed.kill("SIGKILL");
			await p.write("go", "");
			await killed.outcome;
			const refused = await p.run("plan", "-input=false");
			expect(refused.stderr).toContain("already locked");
			const who = await site.taco("unit", "who", name, "--json");
			expect(who.stdout).toContain('"surface": "tfe"');
			await p.must("force-unlock", "-force", `default/${name}`);
			expect(await p.must("output", "-raw", "o")).toBe("one");
			await p.must(...apply, "-var", "v=after");
			expect(await p.must("output", "-raw", "o")).toBe("after");
			expect(await p.must("plan", "-input=false", "-var", "v=after")).toContain("No changes");
		}, 120_000);

		test("the quick start, with the block as it is written and the organization beside it", async () => {
			const home = join(site.folder.path, "projects", `${client}-quick-start`);
			const block = `terraform {
  cloud {
    hostname = "localhost:${site.server.port}"  # Your OpenTaco server
    
    workspaces {
      name = "${client}-app-production"
    }
  }
}
`;
			const p = await terraformProject(
				home,
				{ "cloud.tf": block, "main.tf": main },
				{
					SSL_CERT_FILE: site.env.SSL_CERT_FILE ?? "",
					TF_CLI_CONFIG_FILE: "",
					TF_CLOUD_ORGANIZATION: "default",
					HOME: home,
				},
				client,
			);
			await logInWithTerraform({
				...{ client, host: `localhost:${site.server.port}`, home },
				...{ caFile: site.env.SSL_CERT_FILE ?? "", proof: { token: site.server.token } },
			});
			await p.must("init");
			await p.must("plan");
			await p.must("apply", "-auto-approve");
			expect(await p.must("output", "-raw", "o")).toBe("one");
			await rename(join(home, "cloud.tf"), join(home, "cloud.off"));
			const tagged = block.replace(/\bname = .*/, `tags = ["${client}:web", "env:production"]`);
			await p.write("tagged.tf", tagged);
			const child = Bun.spawn([client, "init", "-no-color"], {
				cwd: home,
				env: {
					PATH: process.env.PATH ?? "",
					HOME: home,
					CHECKPOINT_DISABLE: "1",
					TF_CLOUD_ORGANIZATION: "default",
					SSL_CERT_FILE: site.env.SSL_CERT_FILE ?? "",
				},
				stdio: [new Blob([`${client}-web\n`]), "pipe", "pipe"],
			});
			expect({
				code: await child.exited,
				errors: await new Response(child.stderr).text(),
			}).toEqual({ code: 0, errors: "" });
			await p.must("workspace", "new", `${client}-staging`);
			expect(await p.must("workspace", "list")).toContain(`${client}-web`);
			await p.must("workspace", "select", `${client}-web`);
		}, 120_000);
	});
}

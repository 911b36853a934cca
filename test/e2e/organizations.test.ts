/** Organizations under the real clients: one unit of one organization over every surface, and its twin. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { mainSource, openSite, type Site } from "../support/s3-site.ts";
import { startServer } from "../support/server.ts";
import { httpCredentials, terraformOrSkip, terraformProject } from "../support/terraform.ts";
import { until } from "../support/until.ts";

/** As src/cli/exit-codes.ts. */
const notFound = 3;
const conflict = 4;

const has = terraformOrSkip("organizations under the real client");

let site: Site;

beforeAll(async () => {
	site = await openSite(true);
});
afterAll(async () => {
	await site?.[Symbol.asyncDispose]();
});

async function must(...args: string[]): Promise<string> {
	const done = await site.taco(...args);
	expect({ args, ...done }).toMatchObject({ exitCode: 0 });
	return done.stdout;
}

/** As a machine that has every right in the organization, and is nobody elsewhere. */
async function machineOf(organization: string): Promise<string> {
	const made = await must(
		...["token", "create", "ci", "--service", "--role", "admin", "--json"],
		...["--org", organization],
	);
	return (JSON.parse(made) as { token: string }).token;
}

function cloud(organization: string): string {
	return `terraform {
  cloud {
    hostname     = "localhost:${site.server.port}"
    organization = "${organization}"
    workspaces {
      name = "team__app"
    }
  }
}
`;
}

function cloudProject(name: string, organization: string, token: string) {
	const files = { "cloud.tf": cloud(organization), "main.tf": mainSource };
	const env = { ...site.env, [`TF_TOKEN_localhost:${site.server.port}`]: token };
	return terraformProject(join(site.folder.path, name), files, env);
}

describe.skipIf(!has)("organizations", () => {
	let token: string;

	test("are made, listed and named on the command line", async () => {
		expect(JSON.parse(await must("org", "ls", "--json"))).toMatchObject({
			organizations: [{ name: "default", default: true }],
		});
		for (const name of ["acme", "beta"]) {
			await must("org", "create", name, "--admin", `${name}@example.com`);
		}
		expect(await must("org", "ls")).toMatch(/NAME.*default.*acme.*beta/s);
		expect(JSON.parse(await must("org", "info", "acme"))).toMatchObject({ name: "acme" });
		expect((await site.taco("org", "create", "acme")).exitCode).toBe(conflict);
		expect((await site.taco("unit", "ls", "--org", "nowhere")).exitCode).toBe(notFound);
		token = await machineOf("acme");
		const env = { ...site.env, OPENTACO_TOKEN: token, OPENTACO_ORG: "acme" };
		const own = await runTaco(["unit", "ls", "--json"], { cwd: site.folder.path, env });
		expect(own).toMatchObject({ exitCode: 0 });
		const elsewhere = await runTaco(["unit", "ls", "--org", "beta"], {
			cwd: site.folder.path,
			env,
		});
		expect(elsewhere.exitCode).toBe(notFound);
	}, 60_000);

	test("that one server makes are there on another one, over the same storage", async () => {
		await using second = await startServer({
			...{ cwd: site.folder.path, args: ["--tls-self-signed"], scheme: "https" },
			caFile: site.env.SSL_CERT_FILE ?? "",
		});
		const there = (...args: string[]) => site.taco(...args, "--server", second.url);
		expect((await there("org", "ls")).stdout).toContain("beta");
		await must("org", "create", "late");
		await until(async () => (await there("org", "ls")).stdout.includes("late"));
		expect((await there("unit", "create", "a/b", "--org", "late")).exitCode).toBe(0);
		expect((await site.taco("org", "rm", "--yes", "late")).exitCode).toBe(conflict);
		await must("unit", "rm", "--yes", "a/b", "--org", "late");
		await must("org", "rm", "--yes", "late");
		await until(async () => !(await there("org", "ls")).stdout.includes("late"));
	}, 60_000);

	test("a cloud block works in one, and not with a token of another", async () => {
		const acme = await cloudProject("cloud-acme", "acme", token);
		await acme.must("init");
		await acme.must("apply", "-auto-approve", "-var=input=of-acme");
		const twin = await cloudProject("cloud-default", "default", site.server.token);
		await twin.must("init");
		await twin.must("apply", "-auto-approve", "-var=input=of-default");
		expect(await acme.must("output", "-raw", "value")).toBe("of-acme");
		expect(await twin.must("output", "-raw", "value")).toBe("of-default");
		await acme.must("workspace", "list");
		const stranger = await cloudProject("cloud-beta", "beta", token);
		const refused = await stranger.run("init");
		expect(refused.exitCode).not.toBe(0);
		expect(refused.stderr).toContain("beta");
	}, 120_000);

	test("its HTTP backend and its bucket hold the same unit", async () => {
		const address = `${site.server.url}/v1/orgs/acme/backend/team/app`;
		const printed = await site.taco("env", "team/app", "--org", "acme", "--json");
		expect(JSON.parse(printed.stdout).TF_HTTP_ADDRESS).toBe(address);
		const backend = `terraform {
  backend "http" {
    address        = "${address}"
    lock_address   = "${address}"
    unlock_address = "${address}"
  }
}
`;
		const http = await terraformProject(
			join(site.folder.path, "http"),
			{ "backend.tf": backend, "main.tf": mainSource },
			{ ...site.env, ...httpCredentials(token) },
		);
		await http.must("init");
		expect(await http.must("output", "-raw", "value")).toBe("of-acme");

		const { stdout } = await site.taco(
			...["creds", "setup", "--json", "--unit", "team/app", "--org", "acme"],
		);
		const block = (JSON.parse(stdout) as { backend: string }).backend;
		expect(block).toContain('bucket  = "acme"');
		const files = { "backend.tf": block, "main.tf": mainSource };
		const env = { ...site.env, OPENTACO_TOKEN: token };
		const s3 = await terraformProject(join(site.folder.path, "s3"), files, env);
		await s3.must("init");
		await s3.must("apply", "-auto-approve", "-var=input=over-s3");
		expect(await http.must("output", "-raw", "value")).toBe("over-s3");

		const foreign = { ...files, "backend.tf": block.replace('"acme"', '"opentaco"') };
		const other = await terraformProject(join(site.folder.path, "s3-default"), foreign, env);
		// There it is nobody: no state is shown, and none is written.
		await other.must("init");
		expect((await other.run("apply", "-auto-approve")).exitCode).not.toBe(0);
		expect(await must("unit", "output", "team/app", "value", "--raw")).toBe("of-default");
	}, 120_000);

	test("have a trail each, and the doctor examines all", async () => {
		expect(await must("audit", "verify", "--org", "acme")).not.toBe("");
		const trail = await must("audit", "ls", "--org", "acme", "--json");
		expect(trail).toContain("service:ci");
		expect(await must("audit", "ls", "--outcome", "success", "--json")).not.toContain("service:ci");
		const data = join(site.folder.path, "taco-data");
		const examined = await must("doctor", "--json", "--data-dir", data);
		const found = JSON.parse(examined);
		expect(found.findings.filter((one: { severity: string }) => one.severity === "error")).toEqual(
			[],
		);
		expect(found.units).toBe(2);
		// Damage in one is found there.
		const key = "__opentaco/orgs/acme/__opentaco/body/team__app";
		const [body = ""] = [...new Bun.Glob("*").scanSync({ cwd: join(data, key) })];
		await Bun.write(join(data, key, body), "damaged");
		const again = await site.taco("doctor", "--deep", "--json", "--data-dir", data);
		expect(again.exitCode).toBe(1);
		expect(JSON.parse(again.stdout).findings).toContainEqual(
			expect.objectContaining({ organization: "acme", subject: "team/app", severity: "error" }),
		);
	}, 60_000);

	test("go when nothing is in them", async () => {
		expect((await site.taco("org", "rm", "--yes", "acme")).exitCode).toBe(conflict);
		await must("unit", "rm", "--yes", "team/app", "--org", "acme");
		await must("org", "rm", "--yes", "acme");
		await must("org", "rm", "--yes", "beta");
		expect(await must("org", "ls")).not.toContain("acme");
		const env = { ...site.env, OPENTACO_TOKEN: token };
		const gone = await runTaco(["unit", "ls", "--org", "acme"], { cwd: site.folder.path, env });
		expect(gone.exitCode).toBe(notFound);
	}, 60_000);
});

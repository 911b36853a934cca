/** The examples, as they stand in the repository. */
import { expect, test } from "bun:test";
import { cp, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openSite } from "../support/s3-site.ts";
import { adminToken, startServer } from "../support/server.ts";
import { httpCredentials, terraformOrSkip, terraformProject } from "../support/terraform.ts";
import { generateBackend, unitsOf } from "../support/terragrunt.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const examples = resolve(import.meta.dir, "../../examples");
const has = terraformOrSkip("the examples");

test("every example is run by a test, and has a page of its own", async () => {
	const tests = await readdir(import.meta.dir);
	const sources = await Promise.all(
		tests.map((name) => Bun.file(join(import.meta.dir, name)).text()),
	);
	const names = (await readdir(examples)).sort();
	expect(names.length).toBeGreaterThan(4);
	for (const name of names) {
		expect({ name, isRun: sources.some((text) => text.includes(`examples/${name}`)) }).toEqual({
			...{ name, isRun: true },
		});
		expect(await Bun.file(join(examples, name, "README.md")).exists()).toBe(true);
	}
});

test.skipIf(!has)("examples/http-backend applies, and goes on after a change", async () => {
	await using folder = await temporaryDirectory("examples");
	await using server = await startServer({ cwd: folder.path });
	const path = join(folder.path, "example");
	await cp(join(examples, "http-backend"), path, { recursive: true });
	const tf = await terraformProject(path, {}, httpCredentials(adminToken));
	const address = `${server.url}/v1/backend/myapp/prod`;
	const settings = ["address", "lock_address", "unlock_address"];
	await tf.must("init", ...settings.map((name) => `-backend-config=${name}=${address}`));
	await tf.must("apply", "-auto-approve");
	expect(await tf.must("output", "-raw", "greeting")).toBe("hello");
	await tf.must("apply", "-auto-approve", "-var", "greeting=servus");
	expect(await tf.must("plan", "-var", "greeting=servus")).toContain("No changes");
});

test.skipIf(!has)("examples/cloud-block applies after the host is named", async () => {
	await using folder = await temporaryDirectory("examples");
	const caFile = join(folder.path, "taco-data/__opentaco/server/tls/ca.pem");
	await using server = await startServer({
		cwd: folder.path,
		args: ["--tls-self-signed"],
		scheme: "https",
		caFile,
	});
	const path = join(folder.path, "example");
	await cp(join(examples, "cloud-block"), path, { recursive: true });
	const host = `localhost:${server.port}`;
	const env = { SSL_CERT_FILE: caFile, [`TF_TOKEN_${host}`]: adminToken };
	const tf = await terraformProject(path, {}, env);
	const source = await Bun.file(join(path, "main.tf")).text();
	await tf.write("main.tf", source.replace("localhost:8080", host));
	await tf.must("init", "-input=false");
	await tf.must("apply", "-input=false", "-auto-approve");
	expect(await tf.must("output", "-raw", "greeting")).toBe("hello");
});

const aws = Bun.which("aws");
const terragrunt = Bun.which("terragrunt");
if (aws === null)
	process.stderr.write("\nSKIPPED: examples/terragrunt-style: aws is not on PATH\n");
if (terragrunt === null) {
	process.stderr.write(
		"\nSKIPPED: examples/terragrunt-style with terragrunt itself: not on PATH\n",
	);
}

test.skipIf(!has || aws === null)(
	"examples/terragrunt-style applies unit by unit, with outputs from the states in the bucket",
	async () => {
		await using site = await openSite();
		const root = await terragruntTree(site.folder.path, site.server.url);
		const units = await unitsOf(root);
		expect(units.map(({ name }) => name)).toEqual(["network", "database", "app"]);
		for (const unit of units) {
			await generateBackend(root, unit.name);
			const inputs: Record<string, string> = {};
			for (const { input, dependency, output } of unit.inputs) {
				const state = await storedState(site.env, unit.dependencies.get(dependency) ?? "");
				inputs[`TF_VAR_${input}`] = textOfValue(state.outputs[output]?.value);
			}
			const tf = await terraformProject(join(root, unit.name), {}, { ...site.env, ...inputs });
			await tf.must("init");
			await tf.must("apply", "-auto-approve");
			expect(await tf.must("plan")).toContain("No changes");
			if (unit.name === "app") {
				expect(JSON.parse(await tf.must("output", "-json", "apps"))).toEqual([
					"app-a at db.vpc-1.internal",
					"app-b at db.vpc-1.internal",
				]);
			}
		}
		const listed = (await site.taco("unit", "ls", "--json")).stdout;
		expect(JSON.parse(listed).units.map(({ id }: { id: string }) => id)).toEqual([
			...["app", "database", "network"],
		]);
	},
	120_000,
);

test.skipIf(!has || terragrunt === null)(
	"examples/terragrunt-style applies with terragrunt itself",
	async () => {
		await using site = await openSite();
		const root = await terragruntTree(site.folder.path, site.server.url);
		const child = Bun.spawn(
			[
				...[terragrunt ?? "", "run", "--all", "apply", "--non-interactive"],
				"--dependency-fetch-output-from-state",
			],
			{ cwd: root, env: { ...site.env, HOME: root, PATH: process.env.PATH ?? "" } },
		);
		expect(await child.exited).toBe(0);
		const state = await storedState(site.env, "app");
		expect(JSON.stringify(state.outputs)).toContain("app-a at db.vpc-1.internal");
	},
	120_000,
);

async function terragruntTree(folder: string, url: string): Promise<string> {
	const root = join(folder, "tree");
	await cp(join(examples, "terragrunt-style"), root, { recursive: true });
	const settings = Bun.file(join(root, "root.hcl"));
	await settings.write((await settings.text()).replace("http://localhost:8080", url));
	return root;
}

/** The state as it lies in the bucket, read as Terragrunt reads it. */
async function storedState(
	env: Readonly<Record<string, string>>,
	unit: string,
): Promise<{ outputs: Record<string, { value: unknown }> }> {
	const url = `s3://opentaco/${unit}/terraform.tfstate`;
	const child = Bun.spawn([aws ?? "", "s3", "cp", url, "-"], {
		env: { ...env, PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" },
		stdio: ["ignore", "pipe", "inherit"],
	});
	return JSON.parse(await new Response(child.stdout).text());
}

function textOfValue(value: unknown): string {
	return typeof value === "string" ? value : JSON.stringify(value);
}

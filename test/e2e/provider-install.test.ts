/** Every way in which Terraform and OpenTofu find the provider, by what the command prints. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, link, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { executable, runTaco } from "../support/executable.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import { terraformProject } from "../support/terraform.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

const longTimeoutMs = 120_000;
const clients = ["terraform", "tofu"].map((name) => ({ name, path: Bun.which(name) }));
let folder: TemporaryDirectory;
let server: RunningServer;

beforeAll(async () => {
	folder = await temporaryDirectory("install");
	server = await startServer({ cwd: folder.path });
});
afterAll(async () => {
	await server[Symbol.asyncDispose]();
	await folder.remove();
});

const main = (source: string) => `terraform {
  required_providers {
    opentaco = { source = "${source}" }
  }
}
data "opentaco_units" "all" {}
`;

/** What `taco provider install` says, in a home of its own. */
async function installed(home: string, args: string[], env: Record<string, string> = {}) {
	await mkdir(home, { recursive: true });
	const outcome = await runTaco(["provider", "install", ...args], {
		cwd: home,
		env: { HOME: home, ...env },
	});
	expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
	return outcome.stdout;
}

/** The printed settings: for a mirror first, for development last. */
function settingsIn(text: string): string[] {
	return [...text.matchAll(/^ {2}provider_installation \{\n[\s\S]*?\n {2}\}\n/gm)].map(String);
}

let projects = 0;
async function project(client: string, home: string, source: string, settings?: string) {
	const path = join(folder.path, `project-${++projects}`);
	const rc = join(path, ".terraformrc");
	const tf = await terraformProject(
		path,
		{ "main.tf": main(source) },
		{
			HOME: home,
			OPENTACO_ENDPOINT: server.url,
			OPENTACO_TOKEN: adminToken,
			...(settings === undefined ? {} : { TF_CLI_CONFIG_FILE: rc }),
		},
		client,
	);
	if (settings !== undefined) await tf.write(".terraformrc", settings);
	return tf;
}

for (const { name, path } of clients) {
	if (path === null) process.stderr.write(`\nSKIPPED: installing for ${name}: not on PATH\n`);
	describe.skipIf(path === null)(name, () => {
		const client = path ?? "";

		test(
			"finds it by itself, in the version of taco, under both names",
			async () => {
				const home = join(folder.path, `${name}-implied`);
				expect(await installed(home, [])).toContain("find it there by themselves");
				for (const source of ["digger/opentaco", "opentaco/opentaco"]) {
					const tf = await project(client, home, source);
					const version = packageJson.version;
					expect(await tf.must("init")).toContain(`Installed ${source} v${version}`);
					expect(await tf.must("plan")).toContain("No changes");
				}
				// A second time, and after an update in its place.
				await installed(home, []);
				const tf = await project(client, home, "digger/opentaco");
				await tf.must("init");
				await tf.must("init", "-upgrade");
			},
			longTimeoutMs,
		);

		test(
			"finds it in a mirror of one's own, linked or copied, by the printed settings",
			async () => {
				const home = join(folder.path, `${name}-mirror`);
				for (const more of [[], ["--copy"]]) {
					const text = await installed(home, [join(home, `mirror${more}`), ...more]);
					const [settings] = settingsIn(text);
					const tf = await project(client, home, "opentaco/opentaco", settings);
					await tf.must("init");
					expect(await tf.must("plan")).toContain("No changes");
				}
			},
			longTimeoutMs,
		);

		test(
			"takes it as a development override, with and without init",
			async () => {
				const home = join(folder.path, `${name}-overrides`);
				const settings = settingsIn(await installed(home, [])).at(-1);
				const tf = await project(client, home, "digger/opentaco", settings);
				expect(await tf.must("plan")).toContain("No changes");
				await tf.must("init", "-upgrade");
				expect(await tf.must("plan")).toContain("development overrides are in effect");
			},
			longTimeoutMs,
		);

		test(
			"takes the .terraformrc of the first OpenTaco, with the executable in any folder",
			async () => {
				const home = join(folder.path, `${name}-first`);
				const absolute = join(home, "providers/terraform/opentaco");
				await mkdir(absolute, { recursive: true });
				await putIn(absolute, "terraform-provider-opentaco");
				const settings = `provider_installation {
  dev_overrides { "digger/opentaco" = "${absolute}" }
  direct {}
}
`;
				const tf = await project(client, home, "digger/opentaco", settings);
				expect(await tf.must("plan")).toContain("No changes");
			},
			longTimeoutMs,
		);

		test(
			"finds a file that somebody put into the plugin folder by hand",
			async () => {
				const home = join(folder.path, `${name}-by-hand`);
				const host = name === "tofu" ? "registry.opentofu.org" : "registry.terraform.io";
				const system = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
				const place = join(home, ".terraform.d/plugins", host, "digger/opentaco/0.0.1", system);
				await mkdir(place, { recursive: true });
				await putIn(place, "terraform-provider-opentaco");
				const tf = await project(client, home, "digger/opentaco");
				await tf.must("init");
				expect(await tf.must("plan")).toContain("No changes");
			},
			longTimeoutMs,
		);
	});
}

test("it does not make a folder that would turn tofu away from its settings", async () => {
	const home = join(folder.path, "xdg");
	const env = { XDG_CONFIG_HOME: join(home, "config"), XDG_DATA_HOME: join(home, "data") };
	const { mirror, paths } = JSON.parse(await installed(home, ["--json"], env));
	expect(mirror).toBe(join(home, "data/terraform/plugins"));
	expect(paths).toHaveLength(4);
	for (const path of paths) expect((await stat(path)).size).toBe((await stat(executable())).size);
	await expect(stat(join(home, ".terraform.d"))).rejects.toThrow();
	await mkdir(join(home, ".terraform.d"));
	expect(await installed(home, [], env)).toContain(join(home, ".terraform.d/plugins"));
});

test("what is in the way is told, and what was there stays whole", async () => {
	const home = join(folder.path, "blocked");
	await mkdir(home);
	await writeFile(join(home, "mirror"), "a file");
	const args = ["provider", "install", "mirror"];
	const { exitCode, stderr } = await runTaco(args, { cwd: home, env: { HOME: home } });
	expect(exitCode).not.toBe(0);
	expect(stderr).toContain("install the provider at");
	expect(await Bun.file(join(home, "mirror")).text()).toBe("a file");
});

/** The executable, without its hundred megabytes where the file system allows. */
async function putIn(place: string, name: string): Promise<void> {
	const to = join(place, name);
	await rm(to, { force: true });
	await link(executable(), to).catch(() => cp(executable(), to));
	expect((await stat(dirname(to))).isDirectory()).toBe(true);
}

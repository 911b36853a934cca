import { copyFile, lstat, mkdir, rename, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { buildInfo } from "../../../build-info.ts";
import { variable } from "../../../client/credentials/environment.ts";
import { fileError } from "../../../client/credentials/local-file-error.ts";
import { command } from "../../command.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";

const hosts = ["registry.terraform.io", "registry.opentofu.org"] as const;
const namespaces = ["digger", "opentaco"] as const;
const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

export default command({
	details:
		"The provider is this very file under another name, so nothing is downloaded: links are made where\nterraform init and tofu init look by themselves, for both names (digger/opentaco and\nopentaco/opentaco) on both registries' hosts. With a directory they go there instead, for a\nfilesystem_mirror in the CLI configuration. After an update of taco run it again, and\nterraform init -upgrade in the configurations that use it.",
	examples: ["taco provider install", "taco provider install /srv/terraform-mirror --copy"],
	args: {
		mirror: {
			type: "positional",
			required: false,
			description: "The mirror's directory; ~/.terraform.d/plugins by default",
		},
		copy: { type: "boolean", description: "Copy the file instead of linking to it" },
	},
	async run(cli, args) {
		const executable = process.execPath;
		if (/^bun(\.exe)?$/.test(basename(executable))) {
			throw usageError("only the built executable can be installed", "run bun run build first");
		}
		const mirror =
			args.mirror === undefined ? await impliedMirror(cli) : resolve(cli.io.cwd, args.mirror);
		const { version } = buildInfo;
		const extension = process.platform === "win32" ? ".exe" : "";
		const folders = hosts.flatMap((host) =>
			namespaces.map((name) => join(mirror, host, name, "opentaco", version, platform())),
		);
		const installed = folders.map((folder) => ({
			folder,
			path: join(folder, `terraform-provider-opentaco_v${version}${extension}`),
		}));
		const copies = args.copy === true || process.platform === "win32";
		for (const { folder, path } of installed) await place(executable, folder, path, copies);
		if (cli.output.json) {
			await cli.output.document({ version, mirror, paths: installed.map(({ path }) => path) });
			return;
		}
		await cli.output.text(
			`Provider ${version} installed in ${mirror}\n${recipe(mirror, folders[0] ?? mirror, args.mirror !== undefined)}`,
		);
	},
});

/** Where terraform and tofu look without any configuration. */
async function impliedMirror({ io }: Cli): Promise<string> {
	if (process.platform === "win32") {
		return join(variable(io.env, "APPDATA") ?? homedir(), "terraform.d", "plugins");
	}
	const home = variable(io.env, "HOME") ?? homedir();
	const folder = join(home, ".terraform.d");
	const isThere = (await lstat(folder).catch(() => null)) !== null;
	if (isThere || variable(io.env, "XDG_CONFIG_HOME") === undefined) return join(folder, "plugins");
	// As soon as ~/.terraform.d is there, tofu takes its settings from it and not from XDG_CONFIG_HOME.
	const data = variable(io.env, "XDG_DATA_HOME") ?? join(home, ".local", "share");
	return join(data, "terraform", "plugins");
}

function platform(): string {
	const system = process.platform === "win32" ? "windows" : process.platform;
	return `${system}_${architectures[process.arch] ?? process.arch}`;
}

/** A file with this name is the only one in its folder: the lock file's hash is over the folder. */
async function place(
	executable: string,
	folder: string,
	path: string,
	copies: boolean,
): Promise<void> {
	const aside = `${folder}.${process.pid}`;
	try {
		await mkdir(folder, { recursive: true });
		// Replaced at once: a terraform that starts meanwhile finds the old one or the new one.
		if (copies) await copyFile(executable, aside);
		else await symlink(executable, aside);
		await rename(aside, path);
	} catch (error) {
		await rm(aside, { force: true }).catch(() => {});
		throw fileError("install the provider at", path, error);
	}
	const found = await lstat(path).catch(() => null);
	if (found === null) throw fileError("install the provider at", path, new Error("it vanished"));
}

const sources = namespaces.map((name) => `${name}/opentaco`);
const patterns = JSON.stringify(sources).replace(",", ", ");

function recipe(mirror: string, folder: string, isOwnMirror: boolean): string {
	const found = isOwnMirror
		? `
For terraform init and tofu init to find it there, in ~/.terraformrc (or ~/.tofurc):

  provider_installation {
${mirrorBlocks(mirror)}  }
`
		: "terraform init and tofu init find it there by themselves.\n";
	const overrides = sources.map(
		(source) => `      ${JSON.stringify(source).padEnd(19)} = ${JSON.stringify(folder)}\n`,
	);
	return `${found}
To use it without init and without a lock file, in ~/.terraformrc (or ~/.tofurc), or in a file
that TF_CLI_CONFIG_FILE names:

  provider_installation {
    dev_overrides {
${overrides.join("")}    }
${mirrorBlocks(mirror)}  }
`;
}

/** Where init finds it; everything else comes from where it always does. */
function mirrorBlocks(mirror: string): string {
	return `    filesystem_mirror {
      path    = ${JSON.stringify(mirror)}
      include = ${patterns}
    }
    direct {
      exclude = ${patterns}
    }
`;
}

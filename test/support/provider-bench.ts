/** A server, and projects that use the provider against it. */
import { join } from "node:path";
import { runTaco } from "./executable.ts";
import { hostPlugin, type PluginHost } from "./plugin-host.ts";
import { adminToken, type RunningServer, startServer } from "./server.ts";
import { type Project, terraformProject } from "./terraform.ts";
import { type TemporaryDirectory, temporaryDirectory } from "./tmpdir.ts";

export class ProviderBench implements AsyncDisposable {
	readonly folder: TemporaryDirectory;
	readonly server: RunningServer;
	readonly #plugin: PluginHost;
	#projects = 0;

	private constructor(folder: TemporaryDirectory, server: RunningServer, plugin: PluginHost) {
		this.folder = folder;
		this.server = server;
		this.#plugin = plugin;
	}

	/** With roles turned on, and the executable installed in the folder's implied mirror. */
	static async start(): Promise<ProviderBench> {
		const folder = await temporaryDirectory("provider");
		const server = await startServer({ cwd: folder.path });
		const bench = new ProviderBench(folder, server, await hostPlugin(folder.path));
		for (const args of [
			["rbac", "init", "--email", "alice@example.com"],
			["provider", "install"],
		]) {
			const { exitCode, stderr } = await bench.taco(...args);
			if (exitCode !== 0) throw new Error(`taco ${args.join(" ")}: ${stderr}`);
		}
		return bench;
	}

	taco(...args: string[]) {
		const env = { OPENTACO_SERVER: this.server.url, OPENTACO_TOKEN: adminToken };
		return runTaco(args, { cwd: this.folder.path, env });
	}

	/** The configuration's beginning. */
	header(config = `endpoint = "${this.server.url}"\n  token = "${adminToken}"`): string {
		return `terraform {
  required_providers {
    opentaco = { source = "digger/opentaco" }
  }
}
provider "opentaco" {
  ${config}
}
`;
	}

	/** A project whose provider runs in this process. */
	async attached(main: string, config?: string): Promise<Project> {
		const files = { "main.tf": this.header(config) + main };
		return await terraformProject(this.#path(), files, this.#plugin.env);
	}

	/** A project whose provider is the executable, found in the implied mirror. */
	async installed(
		files: Readonly<Record<string, string>>,
		env: Readonly<Record<string, string>> = {},
	): Promise<Project> {
		return await terraformProject(this.#path(), files, {
			HOME: this.folder.path,
			OPENTACO_ENDPOINT: this.server.url,
			OPENTACO_TOKEN: adminToken,
			...env,
		});
	}

	async rewrite(project: Project, main: string): Promise<void> {
		await project.write("main.tf", this.header() + main);
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#plugin[Symbol.asyncDispose]();
		await this.server[Symbol.asyncDispose]();
		await this.folder.remove();
	}

	#path(): string {
		return join(this.folder.path, `project-${++this.#projects}`);
	}
}

/** What a failing run says; Terraform breaks lines and frames them. */
export async function failure(project: Project, ...args: string[]): Promise<string> {
	const { exitCode, stdout, stderr } = await project.run(...args);
	if (exitCode === 0) throw new Error(`terraform ${args.join(" ")} succeeded:\n${stdout}`);
	return `${stdout}${stderr}`.replace(/[│╷╵\s]+/g, " ");
}

/** A resource's attributes as the state has them. */
export async function shown(project: Project, address: string): Promise<Record<string, unknown>> {
	const state = JSON.parse(await project.must("show", "-json"));
	const resources = state.values.root_module.resources as { address: string; values: object }[];
	return { ...resources.find((one) => one.address === address)?.values };
}

/** The real terraform, or tofu, driven as a user drives it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome } from "./executable.ts";

/** The client that is on PATH, or null. OPENTACO_TEST_TERRAFORM names another one. */
export function findTerraform(): string | null {
	const named = process.env.OPENTACO_TEST_TERRAFORM;
	if (named !== undefined) return Bun.which(named);
	return Bun.which("terraform") ?? Bun.which("tofu");
}

/** Says loudly that tests were skipped for want of a client; gives whether there is one. */
export function terraformOrSkip(what: string): boolean {
	if (findTerraform() !== null) return true;
	process.stderr.write(`\nSKIPPED: ${what}: neither terraform nor tofu is on PATH\n`);
	return false;
}

export interface Project {
	readonly path: string;
	/** Runs terraform here; colour and prompts are off. */
	run(...args: string[]): Promise<Outcome>;
	/** Runs it and fails the test with its output when it does not succeed. */
	must(...args: string[]): Promise<string>;
	/** Starts it in the background. */
	start(...args: string[]): RunningTerraform;
	write(file: string, text: string): Promise<void>;
}

export interface RunningTerraform {
	readonly outcome: Promise<Outcome>;
	kill(signal: "SIGKILL" | "SIGINT"): void;
}

/** A configuration in a folder of its own, with an environment of its own. */
export async function terraformProject(
	path: string,
	files: Readonly<Record<string, string>>,
	env: Readonly<Record<string, string>>,
	client: string | null = findTerraform(),
): Promise<Project> {
	await mkdir(path, { recursive: true });
	const write = (file: string, text: string) => writeFile(join(path, file), text);
	for (const [file, text] of Object.entries(files)) await write(file, text);
	if (client === null) throw new Error("no terraform on PATH");
	const start = (...args: string[]): RunningTerraform => {
		const child = Bun.spawn([client, ...args], {
			cwd: path,
			env: {
				PATH: process.env.PATH ?? "",
				HOME: path,
				TF_CLI_CONFIG_FILE: "/dev/null",
				TF_IN_AUTOMATION: "1",
				TF_CLI_ARGS: "-no-color",
				CHECKPOINT_DISABLE: "1",
				...env,
			},
			stdio: ["ignore", "pipe", "pipe"],
		});
		const outcome = Promise.all([
			new Response(child.stdout).text(),
			new Response(child.stderr).text(),
			child.exited,
		]).then(([stdout, stderr, exitCode]) => ({ stdout, stderr, exitCode }));
		return { outcome, kill: (signal) => child.kill(signal) };
	};
	const run = (...args: string[]) => start(...args).outcome;
	const must = async (...args: string[]) => {
		const { stdout, stderr, exitCode } = await run(...args);
		if (exitCode !== 0) {
			throw new Error(`terraform ${args.join(" ")} ended with ${exitCode}:\n${stdout}\n${stderr}`);
		}
		return stdout;
	};
	return { path, run, must, start, write };
}

/** A backend block for a unit of this server; credentials come from the environment. */
export function httpBackend(url: string, unit: string): string {
	const address = `${url}/v1/backend/${unit}`;
	return `terraform {
  backend "http" {
    address        = "${address}"
    lock_address   = "${address}"
    unlock_address = "${address}"
    retry_wait_min = 1
  }
}
`;
}

/** The variables by which Terraform's http backend gets its credentials. */
export function httpCredentials(token: string): Record<string, string> {
	return { TF_HTTP_USERNAME: "admin", TF_HTTP_PASSWORD: token };
}

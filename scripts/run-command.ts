/** Runs other programs for the scripts, always with this very Bun: it need not be on PATH. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");

/** The command line of a script of node_modules, run by this Bun. */
export const tools = {
	tsc: [process.execPath, "node_modules/typescript/bin/tsc"],
	biome: [process.execPath, "node_modules/@biomejs/biome/bin/biome"],
} as const;

/** Says what runs, runs it in the project's root with this terminal, and gives its exit code. */
export async function run(
	command: readonly string[],
	options: { env?: Record<string, string>; quiet?: boolean } = {},
): Promise<number> {
	if (!options.quiet) console.log(`$ ${shown(command)}`);
	const child = Bun.spawn([...command], {
		cwd: projectRoot,
		stdio: ["ignore", "inherit", "inherit"],
		env: { ...process.env, ...options.env },
	});
	return child.exited;
}

/** As `run`, and gives stdout; null when the program is missing or fails. */
export function output(command: readonly string[]): string | null {
	try {
		const child = Bun.spawnSync([...command], {
			cwd: projectRoot,
			stdio: ["ignore", "pipe", "ignore"],
		});
		return child.success ? child.stdout.toString().trim() : null;
	} catch {
		return null;
	}
}

/** Installs what bun.lock names, without ever changing it. */
export function install(): Promise<number> {
	return run([process.execPath, "install", "--frozen-lockfile"]);
}

function shown(command: readonly string[]): string {
	return command
		.map((word) => (word === process.execPath ? "bun" : word))
		.map((word) => (/[\s"'$]/.test(word) ? JSON.stringify(word) : word))
		.join(" ");
}

/** Ends with one line about what went wrong. */
export function fail(message: string): never {
	console.error(`${basename(Bun.main)}: ${message}`);
	process.exit(1);
}

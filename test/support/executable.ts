/** The compiled executable, for end-to-end tests. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";

/**
 * The path of `dist/taco`. `npm test` builds it first; a single test file uses what is there.
 */
export function executable(): string {
	const name = process.platform === "win32" ? "taco.exe" : "taco";
	const path = resolve(import.meta.dir, "../../dist", name);
	if (!existsSync(path)) throw new Error("dist/taco is missing: run `bun run build` first");
	return path;
}

export interface Outcome {
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs the executable to its end, with nothing on stdin and only the environment given. */
export async function runTaco(
	args: readonly string[],
	options: { cwd: string; env?: Record<string, string>; argv0?: string },
): Promise<Outcome> {
	const child = Bun.spawn([executable(), ...args], {
		cwd: options.cwd,
		env: { PATH: process.env.PATH ?? "", HOME: options.cwd, ...options.env },
		stdio: ["ignore", "pipe", "pipe"],
		...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
	});
	const [stdout, stderr, exitCode] = await Promise.all([
		new Response(child.stdout).text(),
		new Response(child.stderr).text(),
		child.exited,
	]);
	return { exitCode, stdout, stderr };
}

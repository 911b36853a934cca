/**
 * `npm start`: from a fresh clone to a running server. Installs, builds `dist/taco`, and becomes
 * `dist/taco serve` on the folder ./taco-data. Arguments after `--` go to `serve`:
 *
 *   npm start -- --port 9000
 */
import { fail, install, projectRoot, run as runCommand } from "./run-command.ts";

if ((await install()) !== 0) fail("the packages could not be installed");
if ((await runCommand([process.execPath, "scripts/build.ts"])) !== 0) fail("the build failed");

const executable = `${projectRoot}/dist/taco`;
const args = ["serve", ...process.argv.slice(2)];
console.log(`$ dist/taco ${args.join(" ")}`);
process.chdir(projectRoot);

if (process.execve !== undefined && process.platform !== "win32") {
	// In place of this process: signals reach the server and nothing stands between.
	process.execve(executable, [executable, ...args], definedEnvironment());
}
const server = Bun.spawn([executable, ...args], { stdio: ["inherit", "inherit", "inherit"] });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
	process.on(signal, () => server.kill(signal));
}
process.exitCode = await server.exited;

function definedEnvironment(): Record<string, string> {
	const entries = Object.entries(process.env);
	return Object.fromEntries(
		entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
	);
}

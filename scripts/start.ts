/**
 * `npm start`: from a fresh clone to a running server. Installs, builds `dist/taco`, and runs
 * `dist/taco serve` on the folder ./taco-data. Arguments after `--` go to `serve`:
 *
 *   npm start -- --port 9000
 */
import { watchNpm } from "./npm-ancestors.ts";
import { fail, install, projectRoot, run } from "./run-command.ts";

if ((await install()) !== 0) fail("the packages could not be installed");
if ((await run([process.execPath, "scripts/build.ts"])) !== 0) fail("the build failed");

const args = ["serve", ...process.argv.slice(2)];
console.log(`$ dist/taco ${args.join(" ")}`);
const server = Bun.spawn([`${projectRoot}/dist/taco`, ...args], {
	cwd: projectRoot,
	stdio: ["inherit", "inherit", "inherit"],
});

// Ctrl-C reaches the server by itself, for it is in the same process group; here it only must not
// end this script before the server has drained.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => server.kill("SIGTERM"));
process.on("SIGHUP", () => server.kill("SIGTERM"));
watchNpm(() => server.kill("SIGTERM"));
process.exitCode = await server.exited;

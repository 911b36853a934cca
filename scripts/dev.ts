/**
 * `bun run dev`: a server from the sources that restarts on every change, with an empty store in
 * memory and without authentication. Prints a block that can be pasted into a Terraform
 * configuration. Arguments after `--` go to `serve` (`bun run dev -- --port 9000`).
 */
import { parseArgs } from "node:util";
import { projectRoot } from "./run-command.ts";

const args = process.argv.slice(2);
const { values } = parseArgs({
	args,
	options: { port: { type: "string" } },
	strict: false,
});
const port = typeof values.port === "string" ? values.port : (process.env.OPENTACO_PORT ?? "8080");

console.log(`A backend to try it with (the state is gone when the server restarts):

terraform {
  backend "http" {
    address        = "http://localhost:${port}/v1/backend/example/dev"
    lock_address   = "http://localhost:${port}/v1/backend/example/dev"
    unlock_address = "http://localhost:${port}/v1/backend/example/dev"
  }
}

resource "terraform_data" "hello" {
  input = "world"
}
`);

const command = [process.execPath, "--watch", "--no-clear-screen", "src/main.ts", "serve"];
const server = Bun.spawn([...command, "--storage", "memory", "--auth-disable", ...args], {
	cwd: projectRoot,
	stdio: ["inherit", "inherit", "inherit"],
});
// Ctrl-C reaches both of us; wait for the server to drain, then leave with its code.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => server.kill("SIGTERM"));
process.exitCode = await server.exited;

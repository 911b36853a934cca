/**
 * A credentials helper for Terraform: `credentials_helper "opentaco"` in its configuration makes it
 * ask here for tokens, so that it gets short-lived ones that are renewed by themselves.
 */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { variable } from "../../client/credentials/environment.ts";
import { renewedToken } from "../../client/credentials/renewal.ts";
import { readProfile, removeToken, storeLogin } from "../../client/credentials/stored-login.ts";
import { command } from "../command.ts";
import type { Cli } from "../context.ts";
import { CliError, usageError } from "../errors.ts";

const verbs = ["get", "store", "forget", "install"] as const;
const storedBytesMax = 64 * 1024;

export default command({
	details:
		'`install` puts terraform-credentials-opentaco where Terraform looks for helpers; then add\n\n  credentials_helper "opentaco" {}\n\nto ~/.terraformrc. Terraform calls get, store and forget by itself.',
	examples: [
		"taco terraform-credentials install",
		"taco terraform-credentials get taco.example.com",
	],
	args: {
		verb: { type: "positional", required: true, description: `One of ${verbs.join(", ")}` },
		host: { type: "positional", required: false, description: "Host name, with a port if not 443" },
	},
	async run(cli, args) {
		const verb = verbs.find((one) => one === args.verb);
		if (verb === undefined) throw usageError(`the first word must be one of ${verbs.join(", ")}`);
		if (verb === "install") return await install(cli);
		const serverUrl = urlOf(args.host ?? "");
		if (verb === "get") return await get(cli, serverUrl);
		if (verb === "store") return await store(cli, serverUrl);
		await removeToken(cli.io.env, serverUrl);
	},
});

function urlOf(host: string): string {
	if (!/^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$/.test(host)) throw usageError("a host name is needed");
	return `https://${new URL(`https://${host}`).host}`;
}

async function get(cli: Cli, serverUrl: string): Promise<void> {
	const profile = await readProfile(cli.io.env, serverUrl);
	if (profile === null) {
		await cli.output.text("{}\n");
		return;
	}
	cli.useServer(serverUrl);
	const token = await renewedToken(cli.renewing, serverUrl, profile.accessToken);
	await cli.output.text(`${JSON.stringify({ token })}\n`);
}

async function store(cli: Cli, serverUrl: string): Promise<void> {
	let text = "";
	const decoder = new TextDecoder();
	for await (const chunk of cli.io.in.stream()) {
		text += decoder.decode(chunk, { stream: true });
		if (text.length > storedBytesMax) throw usageError("what is on stdin is too long");
	}
	let token: unknown;
	try {
		({ token } = JSON.parse(text) as { token?: unknown });
	} catch {
		token = undefined;
	}
	if (typeof token !== "string" || token === "") throw usageError("stdin holds no token");
	await storeLogin(cli.io.env, serverUrl, { accessToken: token, refreshToken: "" });
}

async function install(cli: Cli): Promise<void> {
	if (process.platform === "win32") {
		throw new CliError(
			"file_failed",
			"this works on Linux and macOS only",
			"on Windows copy taco.exe and call it from a helper of your own",
		);
	}
	const folder = join(variable(cli.io.env, "HOME") ?? homedir(), ".terraform.d", "plugins");
	const path = join(folder, "terraform-credentials-opentaco");
	const quoted = `'${process.execPath.replaceAll("'", "'\\''")}'`;
	await mkdir(folder, { recursive: true });
	await writeFile(path, `#!/bin/sh\nexec ${quoted} terraform-credentials "$@"\n`);
	await chmod(path, 0o755);
	await cli.output.result(`Installed: ${path}`, { path });
	await cli.output.note('Add this to ~/.terraformrc: credentials_helper "opentaco" {}');
}

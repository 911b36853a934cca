/**
 * The tokens that `terraform login` has stored, and `TF_TOKEN_…` variables: read as Terraform reads
 * them, never written.
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Env, variable } from "./environment.ts";

/** Terraform's file of stored tokens. */
export function terraformCredentialsPath(env: Env): string {
	if (process.platform === "win32") {
		return join(variable(env, "APPDATA") ?? homedir(), "terraform.d", "credentials.tfrc.json");
	}
	return join(variable(env, "HOME") ?? homedir(), ".terraform.d", "credentials.tfrc.json");
}

/** Terraform's token for the server, and where it stands; null when there is none. */
export async function terraformToken(
	env: Env,
	serverUrl: string,
): Promise<{ readonly value: string; readonly source: string } | null> {
	const host = new URL(serverUrl).host;
	for (const [name, value] of Object.entries(env)) {
		if (value === undefined || value === "" || !name.startsWith("TF_TOKEN_")) continue;
		if (hostOf(name.slice("TF_TOKEN_".length)) === host) return { value, source: name };
	}
	const path = terraformCredentialsPath(env);
	const stored = await readStored(path);
	const token = Object.hasOwn(stored, host) ? stored[host]?.token : undefined;
	return typeof token === "string" && token !== "" ? { value: token, source: path } : null;
}

/** `__` is a dash and `_` a dot. */
function hostOf(text: string): string {
	return text
		.replaceAll("__", "\u0000")
		.replaceAll("_", ".")
		.replaceAll("\u0000", "-")
		.toLowerCase();
}

async function readStored(path: string): Promise<Record<string, { token?: unknown }>> {
	try {
		const value = JSON.parse(await readFile(path, "utf8")) as { credentials?: unknown };
		const { credentials } = value;
		return typeof credentials === "object" && credentials !== null
			? (credentials as Record<string, { token?: unknown }>)
			: {};
	} catch {
		// Terraform's file: what is wrong with it is Terraform's to say.
		return {};
	}
}

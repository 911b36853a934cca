/** Where a user's settings are: environment and config file. Nothing here writes. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { normaliseServerUrl } from "../server-url.ts";
import { fileError, LocalFileError } from "./local-file-error.ts";

export const defaultServer = "http://localhost:8080";

export type Env = Readonly<Record<string, string | undefined>>;

/** The variable's value; an empty one counts as absent. */
export function variable(env: Env, name: string): string | undefined {
	const value = env[name];
	return value === undefined || value === "" ? undefined : value;
}

/** `$XDG_CONFIG_HOME/opentaco`; a relative XDG_CONFIG_HOME is ignored, as its specification says. */
export function configFolder(env: Env): string {
	const xdg = variable(env, "XDG_CONFIG_HOME");
	const base =
		xdg !== undefined && isAbsolute(xdg)
			? xdg
			: join(variable(env, "HOME") ?? homedir(), ".config");
	return join(base, "opentaco");
}

/** `$XDG_CACHE_HOME/opentaco`; a relative XDG_CACHE_HOME is ignored, as its specification says. */
export function cacheFolder(env: Env): string {
	const xdg = variable(env, "XDG_CACHE_HOME");
	const base =
		xdg !== undefined && isAbsolute(xdg) ? xdg : join(variable(env, "HOME") ?? homedir(), ".cache");
	return join(base, "opentaco");
}

/** The server of the config file, or null. @throws LocalFileError; ClientError `invalid_server_url`. */
export async function configuredServer(env: Env): Promise<string | null> {
	const path = join(configFolder(env), "config.json");
	let text: string;
	try {
		text = await readFile(path, "utf8");
	} catch (error) {
		if ((error as { code?: unknown }).code === "ENOENT") return null;
		throw fileError("read", path, error);
	}
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw new LocalFileError("config_invalid", `${path} is not JSON`, "correct it or remove it");
	}
	const url =
		typeof value === "object" && value !== null && "server_url" in value
			? value.server_url
			: undefined;
	if (url === undefined || url === "") return null;
	if (typeof url !== "string") {
		throw new LocalFileError(
			"config_invalid",
			`"server_url" in ${path} is not a string`,
			"correct it or remove it",
		);
	}
	return normaliseServerUrl(url);
}

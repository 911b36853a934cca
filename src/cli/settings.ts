/**
 * Where the server is and what speaks for the user: flag, then environment, then the config file,
 * then the default. Nothing here asks questions or writes files.
 */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { normaliseServerUrl } from "../client/server-url.ts";
import { CliError, fileError } from "./errors.ts";

export const defaultServer = "http://localhost:8080";

export type ServerSource = "flag" | "environment" | "config file" | "default";

export interface ServerSetting {
	readonly url: string;
	readonly source: ServerSource;
}

type Env = Readonly<Record<string, string | undefined>>;

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

/** @throws CliError `config_invalid`, `file_failed`; ClientError `invalid_server_url`. */
export async function resolveServer(flag: string | undefined, env: Env): Promise<ServerSetting> {
	if (flag !== undefined) return { url: normaliseServerUrl(flag), source: "flag" };
	const fromEnv = variable(env, "OPENTACO_SERVER");
	if (fromEnv !== undefined) return { url: normaliseServerUrl(fromEnv), source: "environment" };
	const fromFile = await readConfiguredServer(join(configFolder(env), "config.json"));
	if (fromFile !== null) return { url: fromFile, source: "config file" };
	return { url: defaultServer, source: "default" };
}

async function readConfiguredServer(path: string): Promise<string | null> {
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
		throw new CliError("config_invalid", `${path} is not JSON`, "correct it or remove it");
	}
	const url =
		typeof value === "object" && value !== null && "server_url" in value
			? value.server_url
			: undefined;
	if (url === undefined || url === "") return null;
	if (typeof url !== "string") {
		throw new CliError(
			"config_invalid",
			`"server_url" in ${path} is not a string`,
			"correct it or remove it",
		);
	}
	return normaliseServerUrl(url);
}

const timeoutUnits: Record<string, number> = { ms: 1, s: 1000, m: 60_000, "": 1000 };

/** Milliseconds of `30`, `30s`, `500ms` or `2m`; null when the text is none of these. */
export function parseTimeout(text: string): number | null {
	const match = /^(\d{1,7}(?:\.\d{1,3})?)(ms|s|m|)$/.exec(text);
	if (match === null) return null;
	return Math.round(Number(match[1]) * (timeoutUnits[match[2] ?? ""] ?? 1000));
}

const durationUnits: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `30m`, `24h` or `90d`; null when the text is none of these. */
export function parseDuration(text: string): number | null {
	const match = /^(\d{1,7})([smhd])$/.exec(text);
	if (match === null) return null;
	return Number(match[1]) * (durationUnits[match[2] ?? ""] ?? Number.NaN);
}

/**
 * Where the server is and what speaks for the user: flag, then environment, then the config file,
 * then the default. Nothing here asks questions or writes files.
 */
import {
	configuredServer,
	defaultServer,
	type Env,
	variable,
} from "../client/credentials/environment.ts";
import { normaliseServerUrl } from "../client/server-url.ts";

export type ServerSource = "flag" | "environment" | "config file" | "default";

export interface ServerSetting {
	readonly url: string;
	readonly source: ServerSource;
}

/** @throws LocalFileError `config_invalid`, `file_failed`; ClientError `invalid_server_url`. */
export async function resolveServer(flag: string | undefined, env: Env): Promise<ServerSetting> {
	if (flag !== undefined) return { url: normaliseServerUrl(flag), source: "flag" };
	const fromEnv = variable(env, "OPENTACO_SERVER");
	if (fromEnv !== undefined) return { url: normaliseServerUrl(fromEnv), source: "environment" };
	const fromFile = await configuredServer(env);
	if (fromFile !== null) return { url: fromFile, source: "config file" };
	return { url: defaultServer, source: "default" };
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

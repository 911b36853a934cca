/**
 * `credentials.json`: the tokens that `taco login` stores, one profile for each server. The shape
 * is that of the first OpenTaco, whose file is read as it is; profiles and fields that are not ours
 * survive a change.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { normaliseServerUrl } from "../server-url.ts";
import { configFolder, type Env, variable } from "./environment.ts";
import { fileError, LocalFileError } from "./local-file-error.ts";
import { closeToOthers, exposedBits, makePrivateFolder, writePrivateFile } from "./private-file.ts";
import { terraformToken } from "./terraform-login.ts";

type Profile = Record<string, unknown>;
interface CredentialsDocument {
	readonly rest: Record<string, unknown>;
	readonly profiles: Record<string, Profile>;
}

export interface Token {
	readonly value: string;
	/** For people: a variable's name, or the file's path. */
	readonly source: string;
	/** Stored by `taco login`, which may renew it. */
	readonly isOwn: boolean;
}

/** What a login gives. */
export interface NewLogin {
	readonly accessToken: string;
	/** Empty: it is not renewed. */
	readonly refreshToken: string;
}

/** Where `taco login` stores tokens. */
export function credentialsPath(env: Env): string {
	return join(configFolder(env), "credentials.json");
}

/**
 * The token for the server: `OPENTACO_TOKEN`; else Terraform's (`TF_TOKEN_…`, then what `terraform
 * login` stored); else what `taco login` stored; else null.
 * @throws LocalFileError `config_invalid`, `file_failed`.
 */
export async function resolveToken(env: Env, serverUrl: string): Promise<Token | null> {
	const fromEnv = variable(env, "OPENTACO_TOKEN");
	if (fromEnv !== undefined) return { value: fromEnv, source: "OPENTACO_TOKEN", isOwn: false };
	const terraform = await terraformToken(env, serverUrl);
	if (terraform !== null) return { ...terraform, isOwn: false };
	const profile = await readProfile(env, serverUrl);
	if (profile === null) return null;
	return { value: profile.accessToken, source: credentialsPath(env), isOwn: true };
}

/** What `taco login` stored for the server. @throws LocalFileError `config_invalid`, `file_failed`. */
export async function readProfile(env: Env, serverUrl: string): Promise<NewLogin | null> {
	const { profiles } = await readCredentials(credentialsPath(env));
	const profile = profileOf(profiles, serverUrl);
	const { access_token: accessToken, refresh_token: refreshToken } = profile ?? {};
	if (typeof accessToken !== "string" || accessToken === "") return null;
	return { accessToken, refreshToken: typeof refreshToken === "string" ? refreshToken : "" };
}

/** Stores a login, and closes the file to others if it was open to them. */
export async function storeLogin(env: Env, serverUrl: string, login: NewLogin): Promise<string> {
	const path = credentialsPath(env);
	const document = await readCredentials(path);
	const kept = Object.entries(document.profiles).filter(([key]) => !isFor(key, serverUrl));
	const profile = { access_token: login.accessToken, refresh_token: login.refreshToken };
	const profiles = fromEntries([...kept, [serverUrl, profile]]);
	await writeCredentials(path, { ...document, profiles });
	return path;
}

/** Removes the server's profile; false when there was none. */
export async function removeToken(env: Env, serverUrl: string): Promise<boolean> {
	const path = credentialsPath(env);
	const document = await readCredentials(path);
	const kept = Object.entries(document.profiles).filter(([key]) => !isFor(key, serverUrl));
	if (kept.length === Object.keys(document.profiles).length) return false;
	await writeCredentials(path, { ...document, profiles: fromEntries(kept) });
	return true;
}

/** Whether others can read the stored tokens. */
export async function credentialsExposed(env: Env): Promise<boolean> {
	try {
		return (await exposedBits(credentialsPath(env))) !== 0;
	} catch {
		return false;
	}
}

function profileOf(profiles: Record<string, Profile>, serverUrl: string): Profile | undefined {
	return Object.entries(profiles).find(([key]) => isFor(key, serverUrl))?.[1];
}

/** The first OpenTaco kept the URL as it was typed: with or without a trailing slash. */
function isFor(key: string, serverUrl: string): boolean {
	try {
		return normaliseServerUrl(key) === serverUrl;
	} catch {
		return false;
	}
}

function fromEntries(entries: readonly (readonly [string, Profile])[]): Record<string, Profile> {
	return Object.fromEntries(entries);
}

async function readCredentials(path: string): Promise<CredentialsDocument> {
	let text: string;
	try {
		text = await readFile(path, "utf8");
	} catch (error) {
		if ((error as { code?: unknown }).code === "ENOENT") return { rest: {}, profiles: {} };
		throw fileError("read", path, error);
	}
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw notOurs(path);
	}
	if (!isObject(value)) throw notOurs(path);
	const { profiles = {}, ...rest } = value;
	if (!isObject(profiles)) throw notOurs(path);
	const entries = Object.entries(profiles).filter((entry): entry is [string, Profile] =>
		isObject(entry[1]),
	);
	return { rest, profiles: fromEntries(entries) };
}

function notOurs(path: string): LocalFileError {
	return new LocalFileError(
		"config_invalid",
		`${path} cannot be understood`,
		"correct it or remove it",
	);
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function writeCredentials(path: string, document: CredentialsDocument): Promise<void> {
	await makePrivateFolder(dirname(path));
	let exposed = false;
	try {
		exposed = (await exposedBits(path)) !== 0;
	} catch {
		// There is none yet.
	}
	if (exposed) await closeToOthers(path);
	const text = `${JSON.stringify({ ...document.rest, profiles: document.profiles }, null, 2)}\n`;
	await writePrivateFile(path, [Buffer.from(text)]);
}

/**
 * Renews a stored login before it runs out. A refresh token counts once, so of several commands at
 * the same time one renews, behind a lock file, and the others read what it has stored.
 */
import { open, rm, stat } from "node:fs/promises";
import { isClientError } from "../errors.ts";
import type { IdentityClient } from "../identity-client.ts";
import type { Env } from "./environment.ts";
import { credentialsPath, readProfile, storeLogin } from "./stored-login.ts";

/** Renewed when less than this is left. */
const marginMs = 60_000;
const lockStaleMs = 60_000;
const lockWaitMs = 200;
const lockTriesMax = 150;

/** Whether the token is a JWT that runs out within the margin. A token of another form never does. */
export function isRunningOut(token: string, nowMs: number): boolean {
	const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token)?.[1];
	if (payload === undefined) return false;
	try {
		const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as {
			exp?: unknown;
		};
		return typeof exp === "number" && exp * 1000 - nowMs < marginMs;
	} catch {
		return false;
	}
}

export interface Renewing {
	readonly env: Env;
	readonly signal: AbortSignal;
	/** A client of the server, without a token. */
	readonly client: () => Promise<IdentityClient>;
}

/** The stored token of the server, renewed if need be; the old one when it cannot be renewed. */
export async function renewedToken(
	{ env, signal, client }: Renewing,
	serverUrl: string,
	token: string,
): Promise<string> {
	if (!isRunningOut(token, Date.now())) return token;
	const lock = `${credentialsPath(env)}.lock`;
	if (!(await takeLock(lock, signal))) return token;
	try {
		const profile = await readProfile(env, serverUrl);
		if (profile === null) return token;
		// Another command has just done it.
		if (!isRunningOut(profile.accessToken, Date.now())) return profile.accessToken;
		if (profile.refreshToken === "") return token;
		const pair = await (await client()).refresh(profile.refreshToken, { signal });
		await storeLogin(env, serverUrl, {
			accessToken: pair.access_token,
			refreshToken: pair.refresh_token ?? "",
		});
		return pair.access_token;
	} catch (error) {
		// The command goes on with the old token: if that is no longer good, the server says so.
		if (isClientError(error)) return token;
		throw error;
	} finally {
		await rm(lock, { force: true });
	}
}

/** False when others held it all the time, or the folder cannot be written. */
async function takeLock(path: string, signal: AbortSignal): Promise<boolean> {
	for (let attempt = 0; attempt < lockTriesMax && !signal.aborted; attempt++) {
		try {
			await (await open(path, "wx", 0o600)).close();
			return true;
		} catch (error) {
			if ((error as { code?: unknown }).code !== "EEXIST") return false;
		}
		// A command that was killed leaves its lock behind.
		const age = await stat(path).then(
			({ mtimeMs }) => Date.now() - mtimeMs,
			() => 0,
		);
		if (age > lockStaleMs) await rm(path, { force: true });
		else await Bun.sleep(lockWaitMs);
	}
	return false;
}

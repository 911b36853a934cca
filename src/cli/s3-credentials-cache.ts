/**
 * S3 credentials that were issued lately, one private file for each server and login: AWS clients
 * run the program for every command, and must not wait for the server each time.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { S3CredentialsView } from "../api/s3-credentials.ts";
import { cacheFolder } from "../client/credentials/environment.ts";
import {
	exposedBits,
	makePrivateFolder,
	writePrivateFile,
} from "../client/credentials/private-file.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Credentials that end sooner are not handed out: a client may use them for a while. */
const remainingMsMin = 5 * 60_000;

/** Older files hold credentials that have ended: the server gives none for longer than an hour. */
const keptMsMax = 60 * 60_000;
const fileName = /^s3-[0-9a-f]{32}\.json$/;

/** Where the credentials of this login to this server are kept; the token itself is not in it. */
export function s3CachePath(env: Env, serverUrl: string, token: string | null): string {
	const name = createHash("sha256")
		.update(`${serverUrl}\n${token ?? ""}`)
		.digest("hex");
	return join(cacheFolder(env), `s3-${name.slice(0, 32)}.json`);
}

/** The kept credentials if they are good for some minutes more; null otherwise. Never throws. */
export async function readS3Cache(path: string, now: number): Promise<S3CredentialsView | null> {
	try {
		const value: unknown = JSON.parse(await readFile(path, "utf8"));
		if (!isView(value)) return null;
		if (Date.parse(value.Expiration) - now < remainingMsMin) return null;
		return (await exposedBits(path)) === 0 ? value : null;
	} catch {
		return null;
	}
}

/**
 * Keeps the credentials, 0600, and removes those that have ended: a login whose token is renewed
 * leaves one file for each. A cache that cannot be written is no failure.
 */
export async function writeS3Cache(
	env: Env,
	path: string,
	credentials: S3CredentialsView,
): Promise<void> {
	try {
		await makePrivateFolder(cacheFolder(env));
		await writePrivateFile(path, [Buffer.from(`${JSON.stringify(credentials)}\n`)]);
		await removeS3Cache(env, Date.now() - keptMsMax);
	} catch {
		await rm(path, { force: true }).catch(() => undefined);
	}
}

/** Forgets what was kept before `before` (ms since the epoch), for every login. Never throws. */
export async function removeS3Cache(env: Env, before: number): Promise<void> {
	const folder = cacheFolder(env);
	try {
		for (const name of await readdir(folder)) {
			const path = join(folder, name);
			if (fileName.test(name) && (await stat(path)).mtimeMs < before) await rm(path);
		}
	} catch {
		// Another process tidies up as well, or there is no cache.
	}
}

function isView(value: unknown): value is S3CredentialsView {
	const view = value as Partial<S3CredentialsView> | null;
	return (
		typeof view === "object" &&
		view !== null &&
		view.Version === 1 &&
		[view.AccessKeyId, view.SecretAccessKey, view.SessionToken, view.Expiration].every(
			(field) => typeof field === "string" && field !== "",
		)
	);
}

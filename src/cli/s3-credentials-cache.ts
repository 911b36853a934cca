/**
 * S3 credentials that were issued lately, one private file for each server and login: AWS clients
 * run the program for every command, and must not wait for the server each time.
 */
import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
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

/** Keeps the credentials, 0600. A cache that cannot be written is no failure. */
export async function writeS3Cache(
	env: Env,
	path: string,
	credentials: S3CredentialsView,
): Promise<void> {
	try {
		await makePrivateFolder(cacheFolder(env));
		await writePrivateFile(path, [Buffer.from(`${JSON.stringify(credentials)}\n`)]);
	} catch {
		await rm(path, { force: true }).catch(() => undefined);
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

/** Files that only the user may read: they are never readable for others, not even for a moment. */
import { randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileError } from "./local-file-error.ts";

const fileMode = 0o600;
const folderMode = 0o700;

/** Creates the folder, 0700, with what is missing above it; leaves one that exists as it is. */
export async function makePrivateFolder(path: string): Promise<void> {
	try {
		await mkdir(path, { recursive: true, mode: folderMode });
	} catch (error) {
		throw fileError("create", path, error);
	}
}

/**
 * Writes all chunks beside the file, 0600, and then takes its place: a reader sees the old file or
 * the whole new one. When the chunks fail, the old file stays.
 * @throws LocalFileError `file_failed`; what the chunks throw.
 */
export async function writePrivateFile(
	path: string,
	chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
	const target = await throughLink(path);
	const aside = join(
		dirname(target),
		`.${basename(target).slice(0, 200)}.${randomBytes(6).toString("hex")}`,
	);
	const file = await attempt("write", path, () => open(aside, "wx", fileMode));
	try {
		try {
			for await (const chunk of chunks) {
				await attempt("write", path, () => file.writeFile(chunk));
			}
			await attempt("write", path, () => file.sync());
		} finally {
			await file.close();
		}
		await attempt("write", path, () => rename(aside, target));
	} catch (error) {
		await rm(aside, { force: true });
		throw error;
	}
}

/** A link is written through, as an editor would. A device or a pipe is no file to replace. */
async function throughLink(path: string): Promise<string> {
	const found = await attempt("write", path, () => orNull(lstat(path)));
	if (found === null) return path;
	const target = found.isSymbolicLink() ? await attempt("write", path, () => realpath(path)) : path;
	const kind = await attempt("write", path, () => orNull(stat(target)));
	if (kind !== null && !kind.isFile()) {
		const reason = kind.isDirectory() ? { code: "EISDIR" } : new Error("it is not a regular file");
		throw fileError("write", path, reason);
	}
	return target;
}

/** Null for what does not exist. */
async function orNull<T>(found: Promise<T>): Promise<T | null> {
	try {
		return await found;
	} catch (error) {
		if ((error as { code?: unknown }).code === "ENOENT") return null;
		throw error;
	}
}

/** Mode bits that let group or others in; 0 on systems without them. */
export async function exposedBits(path: string): Promise<number> {
	if (process.platform === "win32") return 0;
	return (await stat(path)).mode & 0o077;
}

/** Takes the rights of group and others. */
export async function closeToOthers(path: string): Promise<void> {
	await attempt("protect", path, () => chmod(path, fileMode));
}

async function attempt<T>(action: string, path: string, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (error) {
		throw fileError(action, path, error);
	}
}

/**
 * The durable steps below the filesystem store: content first, then the name, then the directory.
 * A name that anyone can see always leads to whole, synced bytes. An fsync that fails is never
 * repeated, for the kernel may have dropped the pages: the store becomes read-only instead.
 */

import { constants } from "node:fs";
import {
	type FileHandle,
	link,
	lstat,
	mkdir,
	open,
	realpath,
	rename,
	rmdir,
	unlink,
} from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { StoreError } from "../core/ports/blob-store.ts";
import { throwIfAborted } from "./abort.ts";

/** The steps of a write, in order; tests fail or kill at each. */
export type FileStep =
	| "open-temporary"
	| "write"
	| "sync-file"
	| "make-directory"
	| "link"
	| "rename"
	| "sync-directory"
	| "unlink-temporary"
	| "delete";

/** Called before each step; what it throws stands for the step's failure. */
export type OnFileStep = (step: FileStep, path: string) => void | Promise<void>;

const directoryMode = 0o700;
const fileMode = 0o600;
/** Meetings with a delete that removes the empty directory again; each needs another delete. */
const vanishedDirectoryAttemptsMax = 64;

/** True for an error of the operating system with one of these codes. */
export function isSystemError(error: unknown, ...codes: string[]): boolean {
	return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Turns an error of the operating system that certainly changed nothing into a StoreError. */
export function notDoneError(error: unknown): StoreError {
	if (error instanceof StoreError) return error;
	const code = (error as NodeJS.ErrnoException)?.code ?? "unknown";
	const options = { notDone: true, cause: error };
	switch (code) {
		case "ENOSPC":
		case "EDQUOT":
			return new StoreError("not_writable", "no room left", options);
		case "EROFS":
			return new StoreError("not_writable", "the file system is read-only", options);
		case "EACCES":
		case "EPERM":
			return new StoreError(
				"denied",
				"the operating system refused access to the storage folder",
				options,
			);
		case "ELOOP":
			return symbolicLinkError();
		case "ENAMETOOLONG":
		case "ENOTDIR":
		case "EISDIR":
			return new StoreError(
				"invalid_key",
				"the key cannot be a file here: too long, or above or below another key",
				options,
			);
		default:
			return new StoreError("unavailable", `file system: ${code}`, options);
	}
}

/** Symbolic links are never followed: they could lead out of the folder. */
export function symbolicLinkError(): StoreError {
	return new StoreError(
		"denied",
		"a symbolic link stands in the storage folder; links are not followed",
	);
}

/** Durable writes below one folder. Paths given are absolute and below `root`. */
export class DurableFolder {
	readonly #root: string;
	readonly #onStep: OnFileStep | undefined;
	#poisoned = false;

	constructor(root: string, onStep?: OnFileStep) {
		this.#root = root;
		this.#onStep = onStep;
	}

	/** Throws `StoreError("not_writable")` once an fsync has failed. */
	checkWritable(): void {
		if (this.#poisoned) {
			throw new StoreError(
				"not_writable",
				"an earlier fsync failed; the store is read-only until the server is restarted",
			);
		}
	}

	/**
	 * Writes and syncs a new file. On any error the file is removed and nothing remains.
	 * `chunks` may throw; its error passes through as it is. After the signal nothing is kept.
	 */
	async writeTemporary(
		path: string,
		chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
		signal?: AbortSignal,
	): Promise<void> {
		this.checkWritable();
		const file = await this.#openTemporary(path).catch((error) => {
			throw notDoneError(error);
		});
		try {
			for await (const chunk of chunks) await this.#writeChunk(file, chunk);
			throwIfAborted(signal);
			await this.#syncFile(file, path);
			throwIfAborted(signal);
			await file.close();
		} catch (error) {
			await file.close().catch(() => {});
			await unlink(path).catch(() => {});
			throw error;
		}
	}

	async #openTemporary(path: string): Promise<FileHandle> {
		await this.#onStep?.("open-temporary", path);
		return open(
			path,
			constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
			fileMode,
		);
	}

	async #writeChunk(file: FileHandle, chunk: Uint8Array): Promise<void> {
		try {
			await this.#onStep?.("write", "");
			let offset = 0;
			while (offset < chunk.length) {
				const { bytesWritten } = await file.write(chunk, offset);
				offset += bytesWritten;
			}
		} catch (error) {
			throw notDoneError(error);
		}
	}

	async #syncFile(file: FileHandle, path: string): Promise<void> {
		try {
			await this.#onStep?.("sync-file", path);
			await file.sync();
		} catch (error) {
			// Without room the pages of this file alone are lost, and the file goes; anything else
			// says that the disk loses writes.
			if (!isSystemError(error, "ENOSPC", "EDQUOT")) this.#poisoned = true;
			throw notDoneError(error);
		}
	}

	/**
	 * Gives the synced file at `temporary` the name `target` if there is none yet, durably, and
	 * removes the temporary name. False: the name was taken. A StoreError with `notDone: false`:
	 * linked, but perhaps not durable.
	 */
	async linkInto(temporary: string, target: string): Promise<boolean> {
		try {
			const linked = await this.#place("link", target, () => link(temporary, target));
			if (!linked) {
				await this.#checkTaken(target);
				return false;
			}
			await this.#syncUpwards(dirname(target));
			return true;
		} finally {
			await this.#removeTemporary(temporary);
		}
	}

	/** Gives the synced file at `temporary` the name `target`, replacing what has it, durably. */
	async renameInto(temporary: string, target: string): Promise<void> {
		try {
			await this.#place("rename", target, () => rename(temporary, target));
		} catch (error) {
			await this.#removeTemporary(temporary);
			throw error;
		}
		await this.#syncUpwards(dirname(target));
	}

	/**
	 * Runs `act` with the target's directory in place; false for EEXIST. A delete elsewhere may
	 * remove the directory while it is empty, so this tries again.
	 */
	async #place(
		step: "link" | "rename",
		target: string,
		act: () => Promise<void>,
	): Promise<boolean> {
		for (let attempt = 1; ; attempt++) {
			await this.#makeDirectory(dirname(target));
			try {
				await this.#onStep?.(step, target);
				await act();
				return true;
			} catch (error) {
				if (step === "link" && isSystemError(error, "EEXIST")) return false;
				const vanished = isSystemError(error, "ENOENT") && attempt < vanishedDirectoryAttemptsMax;
				if (!vanished) throw notDoneError(error);
			}
		}
	}

	/** Makes a directory and those above it, without going through a symbolic link. */
	async #makeDirectory(path: string): Promise<void> {
		if (await this.checkDirectory(path)) return;
		const below = relative(this.#root, path).split(sep);
		let directory = this.#root;
		for (const segment of below) {
			directory = join(directory, segment);
			try {
				await this.#onStep?.("make-directory", directory);
				await mkdir(directory, { mode: directoryMode });
			} catch (error) {
				// Removed meanwhile by a delete: the caller's act says ENOENT and all starts again.
				if (isSystemError(error, "ENOENT")) return;
				if (!isSystemError(error, "EEXIST")) throw notDoneError(error);
				const info = await lstat(directory).catch(() => null);
				if (info?.isSymbolicLink()) throw symbolicLinkError();
			}
		}
	}

	/**
	 * False when the directory is not there (or is a file). Throws `StoreError("denied")` when the
	 * way to it from the root leads through a symbolic link.
	 */
	async checkDirectory(path: string): Promise<boolean> {
		try {
			if ((await realpath(path)) !== path) throw symbolicLinkError();
			return true;
		} catch (error) {
			if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
			throw notDoneError(error);
		}
	}

	/** Removes the name durably, and the directories that it leaves empty. False: there was none. */
	async remove(target: string): Promise<boolean> {
		this.checkWritable();
		try {
			await this.#onStep?.("delete", target);
			await unlink(target);
		} catch (error) {
			if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
			const info = await lstat(target).catch(() => null);
			if (info?.isDirectory()) return false;
			throw notDoneError(error);
		}
		let directory = dirname(target);
		while (directory !== this.#root) {
			const removed = await rmdir(directory).then(
				() => true,
				(error) => isSystemError(error, "ENOENT"),
			);
			if (!removed) break;
			directory = dirname(directory);
		}
		await this.#syncUpwards(directory);
		return true;
	}

	/**
	 * Syncs a directory and all above it up to the root: another process may have made one of them
	 * and not have synced it yet. A directory that is gone took our name with it: somebody's delete.
	 */
	async #syncUpwards(lowest: string): Promise<void> {
		const directories: string[] = [];
		for (let directory = lowest; directory !== this.#root; directory = dirname(directory)) {
			directories.push(directory);
		}
		directories.push(this.#root);
		try {
			await Promise.all(directories.map((path) => this.#syncDirectory(path)));
		} catch (error) {
			throw new StoreError(
				"unavailable",
				"the directory could not be synced: whether the change survives a crash is not known",
				{ notDone: false, cause: error },
			);
		}
	}

	async #syncDirectory(path: string): Promise<void> {
		let directory: FileHandle;
		try {
			directory = await open(
				path,
				constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
			);
		} catch (error) {
			if (isSystemError(error, "ENOENT")) return;
			throw error;
		}
		try {
			await this.#onStep?.("sync-directory", path);
			await directory.sync();
		} catch (error) {
			this.#poisoned = true;
			throw error;
		} finally {
			await directory.close().catch(() => {});
		}
	}

	/** `link` says EEXIST for directories and symbolic links as well, which are no objects. */
	async #checkTaken(target: string): Promise<void> {
		const info = await lstat(target).catch(() => null);
		if (info?.isSymbolicLink()) throw symbolicLinkError();
		if (info?.isDirectory()) {
			throw new StoreError(
				"invalid_key",
				"there are keys below this key, so that it cannot be a file",
			);
		}
	}

	/** What cannot be removed is swept by a later start. */
	async #removeTemporary(path: string): Promise<void> {
		try {
			await this.#onStep?.("unlink-temporary", path);
			await unlink(path);
		} catch {
			// Invisible to listings, and harmless.
		}
	}
}

/** Makes the folder (0700) with its parents, and syncs the directories that it changed. */
export async function makeFolder(path: string): Promise<void> {
	const first = await mkdir(path, { recursive: true, mode: directoryMode });
	if (first === undefined) return;
	for (let directory = path; directory !== dirname(first); directory = dirname(directory)) {
		const handle = await open(dirname(directory), constants.O_RDONLY);
		try {
			await handle.sync();
		} finally {
			await handle.close();
		}
	}
}

/** The path of a key below the folder. The key must have been checked. */
export function pathOf(root: string, key: string): string {
	return join(root, ...key.split("/"));
}

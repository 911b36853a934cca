/**
 * The lock ids that this working directory holds, in `.taco/<server>/<unit>.lock`: with them
 * `push`, `unlock` and `release` need no id. Kept per server and per directory, so that two
 * checkouts do not unlock each other.
 */
import { createHash } from "node:crypto";
import { readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../client/credentials/local-file-error.ts";
import { makePrivateFolder, writePrivateFile } from "../client/credentials/private-file.ts";
import { encodeUnitId, type UnitId } from "../core/unit/unit-id.ts";

const lockIdCharactersMax = 4096;

export class LockFiles {
	readonly #root: string;
	readonly #folder: string;

	constructor(cwd: string, serverUrl: string) {
		this.#root = join(cwd, ".taco");
		const server = createHash("sha256").update(serverUrl).digest("hex").slice(0, 16);
		this.#folder = join(this.#root, server);
	}

	/** The lock id saved for the unit, or null. @throws CliError `file_failed`. */
	async read(unit: UnitId): Promise<string | null> {
		const path = this.#path(unit);
		let text: string;
		try {
			text = (await readFile(path, "utf8")).trim();
		} catch (error) {
			if ((error as { code?: unknown }).code === "ENOENT") return null;
			throw fileError("read", path, error);
		}
		if (text === "" || text.length > lockIdCharactersMax || /\p{Cc}/u.test(text)) {
			throw fileError("read", path, new Error("it does not hold a lock id"));
		}
		return text;
	}

	/** @throws CliError `file_failed`. */
	async save(unit: UnitId, lockId: string): Promise<void> {
		await makePrivateFolder(this.#folder);
		// Lock ids are no secrets of the repository that this directory may be.
		await writePrivateFile(join(this.#root, ".gitignore"), [Buffer.from("*\n")]);
		await writePrivateFile(this.#path(unit), [Buffer.from(`${lockId}\n`)]);
	}

	/** Forgets the unit's lock id; with `lockId` only that one. */
	async remove(unit: UnitId, lockId?: string): Promise<void> {
		if (lockId !== undefined && (await this.read(unit)) !== lockId) return;
		const path = this.#path(unit);
		try {
			await rm(path, { force: true });
		} catch (error) {
			throw fileError("remove", path, error);
		}
		await this.#removeIfEmpty();
	}

	async #removeIfEmpty(): Promise<void> {
		try {
			await rmdir(this.#folder);
		} catch {
			// Other units' ids are in it.
		}
	}

	#path(unit: UnitId): string {
		return join(this.#folder, `${encodeUnitId(unit)}.lock`);
	}
}

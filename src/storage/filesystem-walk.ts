/**
 * Listing a folder in the order of S3: by the bytes of whole keys. A directory `a` stands for keys
 * that start with `a/`, so that it comes after the file `a-b` and before the file `a0`.
 */

import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { compareKeys, isKey } from "../core/ports/blob-key.ts";
import { isSystemError, notDoneError } from "./filesystem-durable.ts";

export interface Found {
	/** A key, or with a delimiter a folded prefix that ends in `/`. */
	readonly name: string;
	readonly folded: boolean;
}

/** Keys below this are the store's own and not objects. */
export const temporaryPrefix = "__opentaco/tmp/";

/** The key of the one directory that every key with this prefix is in or below; "" is the root. */
export function directoryKeyOf(prefix: string): string {
	return prefix.slice(0, prefix.lastIndexOf("/") + 1);
}

/**
 * Files and directories of one directory as keys relative to the root; directories end in `/`. Those
 * at or before `after` are left out, but not a directory that `after` is in.
 */
async function namesIn(
	root: string,
	directoryKey: string,
	prefix: string,
	after?: string,
): Promise<string[]> {
	let entries: Dirent[];
	try {
		entries = await readdir(join(root, directoryKey), { withFileTypes: true });
	} catch (error) {
		if (isSystemError(error, "ENOENT", "ENOTDIR")) return [];
		throw notDoneError(error);
	}
	const names: string[] = [];
	for (const entry of entries) {
		// Symbolic links, sockets and the like are no objects.
		if (!entry.isFile() && !entry.isDirectory()) continue;
		const key = directoryKey + entry.name;
		const name = entry.isDirectory() ? `${key}/` : key;
		// Most of a large directory has passed by the time of its last pages.
		const isPassed = after !== undefined && compareKeys(name, after) <= 0;
		if (isPassed && !(entry.isDirectory() && after.startsWith(name))) continue;
		if (!isKey(key)) continue;
		if (name === temporaryPrefix) continue;
		if (name.startsWith(prefix)) names.push(name);
	}
	return names;
}

/**
 * Keys that start with `prefix` in order, with a delimiter folded; those at or before `after` are
 * left out. Directories without any file are passed over.
 */
export async function* walk(
	root: string,
	prefix: string,
	delimiter: "/" | undefined,
	after: string | undefined,
): AsyncGenerator<Found, void, undefined> {
	const start = directoryKeyOf(prefix);
	yield* walkDirectory(root, start, { prefix, delimiter, after });
}

interface WalkOptions {
	readonly prefix: string;
	readonly delimiter: "/" | undefined;
	readonly after: string | undefined;
}

async function* walkDirectory(
	root: string,
	directoryKey: string,
	options: WalkOptions,
): AsyncGenerator<Found, void, undefined> {
	const { prefix, delimiter, after } = options;
	const names = await namesIn(root, directoryKey, prefix, after);
	for (const name of names.sort(compareKeys)) {
		if (!name.endsWith("/")) {
			yield { name, folded: false };
		} else if (delimiter === undefined) {
			yield* walkDirectory(root, name, options);
		} else if (!(after?.startsWith(name) ?? false) && (await least(root, name, prefix)) !== null) {
			yield { name, folded: true };
		}
	}
}

/** The least key that starts with `prefix` among those in a directory, or null. Sorts nothing. */
export async function least(
	root: string,
	directoryKey: string,
	prefix: string,
): Promise<string | null> {
	const names = await namesIn(root, directoryKey, prefix);
	while (names.length > 0) {
		let best = 0;
		for (let i = 1; i < names.length; i++) {
			if (compareKeys(names[i] as string, names[best] as string) < 0) best = i;
		}
		const name = names[best] as string;
		if (!name.endsWith("/")) return name;
		const below = await least(root, name, prefix);
		if (below !== null) return below;
		names[best] = names[names.length - 1] as string;
		names.pop();
	}
	return null;
}

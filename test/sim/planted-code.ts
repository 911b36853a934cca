/** Copies of the code under test with a bug in them, made for one run and removed after it. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Code, loadCode } from "./code.ts";

/** A replacement in one file of `src`. `find` must be there exactly once. */
export interface Edit {
	readonly file: string;
	readonly find: string;
	readonly replace: string;
}

const repository = join(import.meta.dir, "..", "..");
const needed = ["core", "lib", "storage"];

/** Loads a copy of the code with these edits, hands it to `use`, and removes the copy. */
export async function withPlanted<T>(
	edits: readonly Edit[],
	use: (code: Code) => Promise<T>,
): Promise<T> {
	const root = await mkdtemp(join(tmpdir(), "opentaco-planted-"));
	try {
		await mkdir(join(root, "src"));
		for (const folder of needed) {
			await cp(join(repository, "src", folder), join(root, "src", folder), { recursive: true });
		}
		for (const edit of edits) {
			const path = join(root, "src", edit.file);
			const text = await readFile(path, "utf8");
			await writeFile(path, replaceOnce(text, edit));
		}
		return await use(await loadCode(root));
	} finally {
		await rm(root, { recursive: true, force: true });
	}
}

/** Throws when the code has changed so that the bug cannot be planted as it is described. */
export function replaceOnce(text: string, edit: Edit): string {
	const parts = text.split(edit.find);
	if (parts.length !== 2) {
		throw new Error(
			`${edit.file} holds ${parts.length - 1} times, not once:\n${edit.find}\nthe code has changed: describe the planted bug anew`,
		);
	}
	return parts.join(edit.replace);
}

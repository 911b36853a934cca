/** Temporary folders that remove themselves. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir as systemTmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryDirectory extends AsyncDisposable {
	/** Absolute, without symbolic links in it. */
	readonly path: string;
	remove(): Promise<void>;
}

/**
 * A fresh empty folder: `await using folder = await temporaryDirectory();` removes it at the end of
 * the block, also when the test fails; without `using`, call `remove` in `afterAll`.
 */
export async function temporaryDirectory(label = "test"): Promise<TemporaryDirectory> {
	const path = await realpath(await mkdtemp(join(systemTmpdir(), `opentaco-${label}-`)));
	const remove = () => rm(path, { recursive: true, force: true });
	return { path, remove, [Symbol.asyncDispose]: remove };
}

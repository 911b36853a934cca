/** How a new admin token reaches the operator: once on the terminal, or in a private file. */
import { chmod, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { TokenDelivery } from "../auth/admin-token.ts";

/** Shows the token to `show` when it counts, and nowhere else. */
export function terminalDelivery(show: (token: string) => void): TokenDelivery {
	return {
		async prepare() {},
		async keep(token) {
			show(token);
		},
		async discard() {},
		async recover() {},
	};
}

/**
 * Writes the token to `path`, for its owner only. It lies in a file beside until it counts, so that
 * a crash between the store and the file system loses nothing: the next start finishes the move.
 */
export function fileDelivery(path: string, tell: (path: string) => void): TokenDelivery {
	const asideOf = (nonce: string) => `${path}.${nonce}`;
	return {
		async prepare(token, nonce) {
			await mkdir(dirname(path), { recursive: true, mode: 0o700 });
			await chmod(dirname(path), 0o700);
			const file = await open(asideOf(nonce), "wx", 0o600);
			try {
				await file.writeFile(`${token}\n`);
				await file.sync();
			} finally {
				await file.close();
			}
		},
		async keep(_token, nonce) {
			// Another server on this folder may have recovered it in the meantime.
			await this.recover(nonce);
		},
		async discard(nonce) {
			await rm(asideOf(nonce), { force: true });
		},
		async recover(nonce) {
			try {
				await rename(asideOf(nonce), path);
			} catch (error) {
				if ((error as { code?: string }).code === "ENOENT") return;
				throw error;
			}
			tell(path);
		},
	};
}

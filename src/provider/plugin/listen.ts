/** Where the plugin listens: a socket in a folder of its own, or a port where sockets are none. */
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Listening {
	readonly network: "unix" | "tcp";
	readonly address: string;
	/** Removes the socket. */
	remove(): void;
}

/** What the system takes as a socket's path, its end included. */
const socketPathBytesMax = 100;

/** @throws Error when there is nowhere to listen. */
export async function listen(server: Server, platform: string): Promise<Listening> {
	if (platform === "win32") {
		await started(server, { host: "127.0.0.1", port: 0 });
		const { port } = server.address() as AddressInfo;
		return { network: "tcp", address: `127.0.0.1:${port}`, remove: () => {} };
	}
	// The folder is 0700; the socket itself would be open to others.
	const folder = mkdtempSync(join(socketFolder(), "plugin-"));
	const address = join(folder, "s");
	await started(server, { path: address });
	const remove = () => rmSync(folder, { recursive: true, force: true });
	return { network: "unix", address, remove };
}

function socketFolder(): string {
	const folder = tmpdir();
	return Buffer.byteLength(join(folder, "plugin-123456", "s")) > socketPathBytesMax
		? "/tmp"
		: folder;
}

function started(
	server: Server,
	where: { path: string } | { host: string; port: number },
): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(where, () => {
			server.off("error", reject);
			server.on("error", () => {});
			resolve();
		});
	});
}

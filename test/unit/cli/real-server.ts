/** Commands against the application itself, over a store in memory. */
import { temporaryDirectory } from "../../support/tmpdir.ts";
import { adminToken, createTestApp, seed, type TestApp } from "../../surface/test-app.ts";
import { type Finished, type TerminalOptions, taco } from "./terminal.ts";

export interface RealServer {
	/** May be replaced by another one. */
	app: TestApp;
	/** Working directory and home of the commands. */
	readonly folder: string;
	/** Runs `taco` as the administrator. */
	run(words: readonly string[], options?: Partial<TerminalOptions>): Promise<Finished>;
	close(): Promise<void>;
}

export async function realServer(name: string): Promise<RealServer> {
	const app = createTestApp();
	await seed(app);
	const folder = await temporaryDirectory(name);
	const server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		fetch: (request) => site.app.app.fetch(request),
	});
	const env = {
		HOME: folder.path,
		OPENTACO_SERVER: `http://127.0.0.1:${server.port}`,
		OPENTACO_TOKEN: adminToken,
	};
	const site: RealServer = {
		app,
		folder: folder.path,
		run: (words, options = {}) => taco(words, { cwd: folder.path, env, ...options }),
		async close() {
			await server.stop(true);
			await site.app[Symbol.asyncDispose]();
			await folder.remove();
		},
	};
	return site;
}

/** `dist/taco serve` as a process, for end-to-end tests. */
import { executable } from "./executable.ts";
import { freePort } from "./foreign-s3.ts";

export interface RunningServer extends AsyncDisposable {
	readonly url: string;
	readonly port: number;
	/** The admin token that the server was given. */
	readonly token: string;
	/** Everything it has logged. */
	log(): string;
	/** Kills it as a crash would: no signal handler runs. */
	kill(): Promise<void>;
	/** Asks it to end and gives its exit code. */
	stop(): Promise<number>;
}

export const adminToken = "otc_admin_end-to-end-tests-only-0123456789";

export interface ServerOptions {
	/** Its current directory; its data folder is `taco-data` below unless the arguments say otherwise. */
	readonly cwd: string;
	readonly args?: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
	/** Use this port: for a restart under the same address. */
	readonly port?: number;
	readonly scheme?: "http" | "https";
	/** PEM file of the authority that signed the server's certificate. */
	readonly caFile?: string;
}

/** Starts a server on a free port of the loopback address and waits until it is ready. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
	const port = options.port ?? (await freePort());
	const url = `${options.scheme ?? "http"}://localhost:${port}`;
	const child = Bun.spawn(
		[executable(), "serve", "--host", "127.0.0.1", "--port", String(port), ...(options.args ?? [])],
		{
			cwd: options.cwd,
			env: {
				PATH: process.env.PATH ?? "",
				HOME: options.cwd,
				OPENTACO_ADMIN_TOKEN: adminToken,
				...options.env,
			},
			stdio: ["ignore", "ignore", "pipe"],
		},
	);
	let logged = "";
	const logging = (async () => {
		const decoder = new TextDecoder();
		for await (const chunk of child.stderr) logged += decoder.decode(chunk, { stream: true });
	})();
	const kill = async () => {
		child.kill("SIGKILL");
		await child.exited;
		await logging;
	};
	const stop = async () => {
		child.kill("SIGTERM");
		const code = await child.exited;
		await logging;
		return code;
	};
	await untilReady(url, options.caFile, child, () => logged);
	return {
		url,
		port,
		token: adminToken,
		log: () => logged,
		kill,
		stop,
		[Symbol.asyncDispose]: kill,
	};
}

/** The authority's file appears at the server's first start. */
function tlsOptions(caFile: string | undefined): { tls?: { ca: Bun.BunFile } } {
	return caFile === undefined ? {} : { tls: { ca: Bun.file(caFile) } };
}

async function untilReady(
	url: string,
	caFile: string | undefined,
	child: Bun.Subprocess,
	log: () => string,
): Promise<void> {
	const deadline = performance.now() + 30_000;
	while (performance.now() < deadline) {
		if (child.exitCode !== null) throw new Error(`the server ended by itself:\n${log()}`);
		try {
			const response = await fetch(`${url}/readyz`, tlsOptions(caFile));
			await response.arrayBuffer();
			if (response.ok) return;
		} catch {
			// Not listening yet.
		}
		await Bun.sleep(20);
	}
	child.kill("SIGKILL");
	throw new Error(`the server did not become ready:\n${log()}`);
}

/** The socket: opened on what the configuration says, drained when the process is told to stop. */
import { limits } from "../core/limits.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Log } from "../core/ports/log.ts";
import type { App } from "./app.ts";
import type { TlsMaterial } from "./tls.ts";

export interface ListenOptions {
	readonly host: string;
	readonly port: number;
	readonly tls: TlsMaterial | null;
	readonly log: Log;
}

export interface Listening {
	readonly port: number;
	/**
	 * Takes no new connections and waits for the requests under way, at most `drainDeadlineMs`.
	 * False when some were cut off.
	 */
	drain(clock: Clock): Promise<boolean>;
}

/** The address cannot be listened on. The message says why and what to do. */
export class ListenError extends Error {}

/** Starts to serve. Throws ListenError. */
export function listen(app: App, options: ListenOptions): Listening {
	const { host, port, tls, log } = options;
	let server: Bun.Server<undefined>;
	try {
		server = Bun.serve({
			hostname: host,
			port,
			// Another process on the same port would silently take a part of the requests.
			reusePort: false,
			development: false,
			idleTimeout: limits.connectionIdleSeconds,
			// The application has limits of its own, and answers with words.
			maxRequestBodySize: Number.MAX_SAFE_INTEGER,
			...(tls === null ? {} : { tls: { cert: tls.certificate, key: tls.key } }),
			fetch: (request, own) => app.fetch(request, own),
			error(error) {
				log.write("error", "a request failed outside of the application", { error });
				return new Response(null, { status: 500 });
			},
		});
	} catch (error) {
		throw explain(error, host, port);
	}
	return {
		port: server.port ?? port,
		async drain(clock) {
			const timer = new AbortController();
			const late = clock.sleep(limits.drainDeadlineMs, timer.signal).then(
				() => false,
				() => true,
			);
			const isDone = await Promise.race([server.stop(false).then(() => true), late]);
			timer.abort();
			await server.stop(true);
			return isDone;
		},
	};
}

function explain(error: unknown, host: string, port: number): ListenError {
	const code = (error as { code?: string }).code ?? "";
	const address = `${host}:${port}`;
	if (code === "EADDRINUSE") {
		return new ListenError(
			`${address} is in use by another program; stop it, or choose another port with --port`,
		);
	}
	if (code === "EACCES") {
		return new ListenError(`${address} may not be used; ports below 1024 need more permissions`);
	}
	if (code === "EADDRNOTAVAIL") {
		return new ListenError(`${host} is no address of this machine; see --host`);
	}
	const reason = error instanceof Error ? error.message : "unknown reason";
	return new ListenError(`cannot listen on ${address}: ${reason}`);
}

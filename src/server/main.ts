/** `taco serve`: from the command line to a running server, and back to an exit code. */
import { DomainError } from "../core/errors.ts";
import type { Log } from "../core/ports/log.ts";
import { banner, localUrl, trustLine } from "./banner.ts";
import { readServerConfig, type ServerConfig } from "./config.ts";
import { type BuiltServer, buildServer } from "./deps.ts";
import { ListenError, type Listening, listen } from "./listen.ts";
import { systemClock, systemRandom } from "./machine.ts";
import { ConfigError } from "./setting-values.ts";
import { createLog } from "./shared/log.ts";

export { serveHelp } from "./setting-help.ts";

/** Exit codes, as docs/reference/cli-commands.md lists them. */
const exitCode = { done: 0, unexpected: 1, usage: 2, storage: 6 } as const;

const stderr = (text: string): void => {
	process.stderr.write(text);
};

/** Serves until the process is told to stop. Gives the exit code; never throws. */
export async function serve(argv: readonly string[]): Promise<number> {
	try {
		return await run(readServerConfig(argv));
	} catch (error) {
		const [code, message, hint] = explain(error);
		stderr(`taco serve: ${message}${hint === "" ? "" : `\n  ${hint}`}\n`);
		return code;
	}
}

function explain(error: unknown): [code: number, message: string, hint: string] {
	if (error instanceof ConfigError) return [exitCode.usage, error.message, ""];
	if (error instanceof ListenError) return [exitCode.unexpected, error.message, ""];
	if (error instanceof DomainError) {
		const code = error.code === "invalid_request" ? exitCode.usage : exitCode.storage;
		return [code, error.message, error.hint];
	}
	const message = error instanceof Error ? error.message : "unknown reason";
	return [exitCode.unexpected, `cannot start: ${message}`, ""];
}

async function run(config: ServerConfig): Promise<number> {
	const isTerminal = process.stderr.isTTY === true;
	const format = config.logFormat === "auto" ? (isTerminal ? "text" : "json") : config.logFormat;
	const log = createLog({
		level: config.logLevel,
		format,
		clock: systemClock,
		write: stderr,
		isColoured: isTerminal,
	});
	for (const warning of config.warnings) log.write("warn", warning, {});
	// Shown with the rest of the banner, once the server really listens.
	const shown: { token: string | null } = { token: null };
	const showToken = (token: string): void => {
		shown.token = token;
	};
	const stop = stopSignal(log);
	const built = await buildServer(config, {
		clock: systemClock,
		random: systemRandom,
		log,
		showToken: isTerminal ? showToken : null,
	});
	let listening: Listening;
	try {
		const { host, port } = config;
		listening = listen(built.app, { host, port, tls: built.tls, log });
	} catch (error) {
		if (shown.token !== null) stderr(`The admin token, shown this once: ${shown.token}\n`);
		await built.close();
		throw error;
	}
	announce(config, built, listening.port, shown.token, isTerminal, log);
	shown.token = null;
	await stop;
	return await shutDown(built, listening, log);
}

function announce(
	config: ServerConfig,
	built: BuiltServer,
	port: number,
	token: string | null,
	isTerminal: boolean,
	log: Log,
): void {
	const url = localUrl(config, port, built.tls !== null);
	const { location, durable, kind } = built.store.capabilities;
	const authorityPath = built.tls?.authorityPath ?? null;
	if (isTerminal) {
		stderr(banner({ config, url, location, isDurable: durable, token, authorityPath }));
		return;
	}
	log.write("info", "listening", {
		url,
		host: config.host,
		port,
		storage: kind,
		auth: config.auth.kind,
		...(authorityPath === null ? {} : { trust: trustLine(authorityPath) }),
	});
}

async function shutDown(built: BuiltServer, listening: Listening, log: Log): Promise<number> {
	built.beginDraining();
	log.write("info", "stopping: finishing the requests under way", {
		requests: built.app.requestsInFlight(),
	});
	if (!(await listening.drain(systemClock))) {
		log.write("warn", "some requests did not end in time and were cut off", {});
	}
	try {
		await built.close();
	} catch (error) {
		log.write("warn", "background work did not end well; the next start repairs it", { error });
	}
	log.write("info", "stopped", {});
	return exitCode.done;
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function stopSignal(log: Log): Promise<void> {
	return new Promise((resolve) => {
		let isStopping = false;
		for (const signal of ["SIGTERM", "SIGINT"] as const) {
			process.on(signal, () => {
				if (isStopping) {
					log.write("warn", "stopped at once by a second signal", {});
					process.kill(process.pid, "SIGKILL");
				}
				isStopping = true;
				resolve();
			});
		}
	});
}

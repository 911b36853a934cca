/**
 * Everything of the outside that a command may touch, so that tests can stand in for it: the three
 * streams, the environment, the working directory, signals.
 */

export interface Sink {
	readonly isTty: boolean;
	/** Width of the terminal in columns, or null when there is none. */
	readonly columns: number | null;
	/** Resolves when the bytes are taken, so that a slow reader slows us down. */
	write(data: string | Uint8Array): Promise<void>;
}

export interface Source {
	readonly isTty: boolean;
	stream(): ReadableStream<Uint8Array>;
	/** One line without its end, or null at the end of input; `hidden` does not echo. */
	readLine(options: { hidden: boolean; signal: AbortSignal }): Promise<string | null>;
}

export interface Io {
	readonly out: Sink;
	readonly err: Sink;
	readonly in: Source;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly cwd: string;
	/** Calls back at each SIGINT or SIGTERM until it is told to stop. */
	onInterrupt(callback: (exitCode: number) => void): () => void;
	/** Ends at once: the user has asked for a second time. */
	exit(code: number): void;
}

/** Thrown by a sink whose reader has gone, as with `taco unit ls | head -1`. */
export class ReaderGone extends Error {}

/** The process's own. */
export function processIo(): Io {
	return {
		out: processSink(process.stdout),
		err: processSink(process.stderr),
		in: processSource(),
		env: process.env,
		cwd: process.cwd(),
		onInterrupt(callback) {
			const onInt = (): void => callback(130);
			const onTerm = (): void => callback(143);
			process.on("SIGINT", onInt);
			process.on("SIGTERM", onTerm);
			return () => {
				process.off("SIGINT", onInt);
				process.off("SIGTERM", onTerm);
			};
		},
		exit: (code) => process.exit(code),
	};
}

function processSink(stream: NodeJS.WriteStream): Sink {
	let broken: Error | null = null;
	stream.on("error", (error: Error) => {
		broken = error;
	});
	return {
		isTty: stream.isTTY === true,
		get columns() {
			return stream.isTTY === true && stream.columns > 0 ? stream.columns : null;
		},
		write(data) {
			if (broken !== null) return Promise.reject(sinkError(broken));
			return new Promise((resolve, reject) => {
				stream.write(data, (error) => {
					if (error) reject(sinkError(error));
					else resolve();
				});
			});
		},
	};
}

function sinkError(error: Error): Error {
	return (error as { code?: unknown }).code === "EPIPE" ? new ReaderGone("EPIPE") : error;
}

function processSource(): Source {
	return {
		isTty: process.stdin.isTTY === true,
		stream: () => Bun.stdin.stream(),
		async readLine({ hidden, signal }) {
			const { createInterface } = await import("node:readline");
			const { Writable } = await import("node:stream");
			// With a terminal, readline itself switches the echo off and writes what it is given to write.
			const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
			const lines = createInterface({
				input: process.stdin,
				output: hidden ? nowhere : process.stderr,
				terminal: process.stdin.isTTY === true,
			});
			return new Promise((resolve) => {
				const finish = (line: string | null): void => {
					signal.removeEventListener("abort", onAbort);
					lines.removeAllListeners();
					lines.close();
					process.stdin.pause();
					resolve(line);
				};
				const onAbort = (): void => finish(null);
				lines.on("line", finish);
				lines.on("close", () => finish(null));
				// In raw mode Ctrl-C is a character: it becomes the signal that it means.
				lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
				signal.addEventListener("abort", onAbort, { once: true });
			});
		},
	};
}

/** A stand-in for the process around a command: captured streams, an environment, a folder. */
import type { CommandMap } from "../../../src/cli/command.ts";
import type { Io, Sink } from "../../../src/cli/io.ts";
import { run } from "../../../src/cli/run.ts";

export interface TerminalOptions {
	readonly cwd: string;
	readonly env?: Record<string, string>;
	/** Width of both streams; null for pipes. */
	readonly columns?: number | null;
	readonly stdinIsTty?: boolean;
	/** What comes from stdin: lines for prompts on a terminal, bytes for a pipe. */
	readonly stdin?: string;
	readonly commands?: CommandMap;
}

export interface Finished {
	readonly code: number;
	readonly out: string;
	readonly err: string;
}

/** Runs a command line to its end. */
export async function taco(argv: readonly string[], options: TerminalOptions): Promise<Finished> {
	return await start(argv, options).finished;
}

/** Starts a command line; `interrupt` is Ctrl-C. */
export function start(
	argv: readonly string[],
	options: TerminalOptions,
): { finished: Promise<Finished>; interrupt(): void; exits: number[] } {
	const columns = options.columns ?? null;
	const out = sink(columns);
	const err = sink(columns);
	const callbacks = new Set<(code: number) => void>();
	const exits: number[] = [];
	const lines = (options.stdin ?? "").split("\n");
	const io: Io = {
		out: out.sink,
		err: err.sink,
		in: {
			isTty: options.stdinIsTty ?? columns !== null,
			stream: () => new Blob([options.stdin ?? ""]).stream() as ReadableStream<Uint8Array>,
			readLine: async () => lines.shift() ?? null,
		},
		env: options.env ?? {},
		cwd: options.cwd,
		onInterrupt(callback) {
			callbacks.add(callback);
			return () => callbacks.delete(callback);
		},
		exit: (code) => void exits.push(code),
	};
	const code = run(argv, {
		program: "taco",
		io,
		...(options.commands === undefined ? {} : { commands: options.commands }),
	});
	return {
		finished: code.then((exitCode) => ({ code: exitCode, out: out.text(), err: err.text() })),
		interrupt: () => {
			for (const callback of callbacks) callback(130);
		},
		exits,
	};
}

function sink(columns: number | null): { sink: Sink; text(): string } {
	const chunks: Buffer[] = [];
	return {
		sink: {
			isTty: columns !== null,
			columns,
			write: async (data) => {
				chunks.push(Buffer.from(data as string));
			},
		},
		text: () => Buffer.concat(chunks).toString("utf8"),
	};
}

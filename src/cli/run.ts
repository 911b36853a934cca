/**
 * The one way into the commands, and the one place where errors become messages and exit codes.
 * It stands in front of citty, which takes unknown flags and commands in silence.
 */
import { type ArgsDef, runCommand } from "citty";
import { LocalFileError } from "../client/credentials/local-file-error.ts";
import { ClientError, isClientError } from "../client/errors.ts";
import { DomainError } from "../core/errors.ts";
import { canonicalLine, type ParsedLine, parseLine } from "./arguments.ts";
import { type Command, type CommandMap, isGroup, type Leaf, type Passthrough } from "./command.ts";
import { Cli } from "./context.ts";
import { CliError, usageError } from "./errors.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { globalFlags } from "./global-flags.ts";
import { commandHelp, groupHelp } from "./help.ts";
import { type Io, ReaderGone } from "./io.ts";
import { type Failure, Output } from "./output.ts";
import { commands, programSummary } from "./registry.ts";
import { isLeaf, type Resolved, resolveCommand } from "./resolve.ts";

export interface RunOptions {
	readonly program: string;
	readonly io: Io;
	/** Replaced by tests. */
	readonly commands?: CommandMap;
}

/** Runs a command line to its end and gives the exit code. Never throws. */
export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
	const { io } = options;
	try {
		return await dispatch(argv, options);
	} catch (error) {
		// The command line may not have been understood: look for the wish for JSON by itself.
		const output = new Output(io, { json: asksForJson(argv), color: false, verbose: false });
		return await explain(error, output, null);
	}
}

async function dispatch(argv: readonly string[], options: RunOptions): Promise<number> {
	const { program, io } = options;
	const map = options.commands ?? commands;
	const words =
		argv[0] === "--version" || argv[0] === "-version" ? ["version", ...argv.slice(1)] : argv;
	const resolved = resolveCommand(words, program, map);
	if (!isLeaf(resolved.node)) return await showGroup(resolved, io, map);
	const loaded = await resolved.node.load();
	if ("passthrough" in loaded) return await pass(loaded, resolved, options);
	return await execute(loaded, resolved.node, resolved, options);
}

/** A command that only has commands: its help, which is an error unless it was asked for. */
async function showGroup(resolved: Resolved, io: Io, map: CommandMap): Promise<number> {
	const { node, path, line, rest } = resolved;
	if (rest[0] === "--" && rest.length > 1) {
		throw usageError(`${path} needs a command before "--"`, `see ${path} --help`);
	}
	const text =
		node !== null && isGroup(node)
			? groupHelp(path, node.summary, node.children)
			: groupHelp(path, programSummary, map);
	await (line.help ? io.out : io.err).write(text);
	return line.help ? exitCodes.ok : exitCodes.usage;
}

async function pass(
	command: Passthrough,
	resolved: Resolved,
	{ program, io }: RunOptions,
): Promise<number> {
	const end = resolved.rest.indexOf("--");
	const own = end === -1 ? resolved.rest : resolved.rest.slice(0, end);
	if (resolved.line.help || own.includes("--help") || own.includes("-h")) {
		await io.out.write(await command.help());
		return exitCodes.ok;
	}
	const cli = new Cli(program, io, resolved.line.flags, new AbortController().signal);
	try {
		return await command.passthrough([...resolved.before, ...resolved.rest], cli);
	} catch (error) {
		const output = new Output(io, { json: asksForJson(own), color: false, verbose: false });
		return await explain(error, output, null);
	}
}

async function execute(
	command: Command,
	leaf: Leaf,
	resolved: Resolved,
	{ program, io }: RunOptions,
): Promise<number> {
	const { path } = resolved;
	const args: ArgsDef = { ...globalFlags, ...command.args };
	const line = parseLine(
		[...resolved.before, ...resolved.rest],
		{ args, repeatable: command.repeatable },
		path,
	);
	if (line.help || resolved.line.help) {
		await io.out.write(commandHelp(path, leaf, command));
		return exitCodes.ok;
	}
	const rawArgs = canonicalLine(line, command.args, path);
	return await guarded(program, io, line, async (cli) => {
		const { result } = await runCommand(command.citty, { rawArgs, data: cli });
		return typeof result === "number" ? result : exitCodes.ok;
	});
}

/** With Ctrl-C as an abort signal, and errors explained. */
async function guarded(
	program: string,
	io: Io,
	line: ParsedLine,
	body: (cli: Cli) => Promise<number>,
): Promise<number> {
	const controller = new AbortController();
	const cli = new Cli(program, io, line.flags, controller.signal);
	let interruptedWith: number | null = null;
	const forget = io.onInterrupt((code) => {
		if (interruptedWith !== null) io.exit(code);
		interruptedWith = code;
		controller.abort(new Error("interrupted"));
	});
	try {
		return await body(cli);
	} catch (error) {
		const hint = isClientError(error, "unauthenticated") ? await cli.tokenHint() : undefined;
		return await explain(error, cli.output, interruptedWith, hint);
	} finally {
		forget();
	}
}

async function explain(
	error: unknown,
	output: Output,
	interruptedWith: number | null,
	hint?: string,
): Promise<number> {
	// The reader has what it wanted: `taco unit ls | head -1` did not fail.
	if (error instanceof ReaderGone) return exitCodes.ok;
	const found = failureOf(error);
	const failure = hint === undefined ? found : { ...found, hint };
	if (error instanceof Error && failure.error === "unexpected") output.debug(error.stack ?? "");
	await output.failure(failure);
	return interruptedWith ?? exitCodeOf(failure.error);
}

function failureOf(error: unknown): Failure {
	if (error instanceof ClientError) {
		const { code, message, hint, requestId, lock } = error;
		return {
			error: code,
			message,
			hint,
			...(requestId === null ? {} : { request_id: requestId }),
			...(lock === null ? {} : { lock }),
		};
	}
	if (
		error instanceof CliError ||
		error instanceof DomainError ||
		error instanceof LocalFileError
	) {
		return { error: error.code, message: error.message, hint: error.hint };
	}
	return {
		error: "unexpected",
		message: error instanceof Error ? error.message : String(error),
		hint: "run it again with --verbose to see more",
	};
}

function asksForJson(argv: readonly string[]): boolean {
	const end = argv.indexOf("--");
	const words = end === -1 ? argv : argv.slice(0, end);
	return words.some(
		(word, index) =>
			word === "--json" ||
			word === "--output=json" ||
			word === "-ojson" ||
			(word === "json" && /^(-o|--output)$/.test(words[index - 1] ?? "")),
	);
}

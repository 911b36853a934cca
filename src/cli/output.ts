/**
 * What commands say. Data goes to stdout and nothing else does; talk goes to stderr. Colour and
 * moving text only on a terminal.
 */

import { safeJson, safeText } from "../lib/safe-text.ts";
import { type Io, ReaderGone } from "./io.ts";
import { formatTable, type Table } from "./table.ts";

export interface OutputOptions {
	readonly json: boolean;
	readonly color: boolean;
	readonly verbose: boolean;
}

export class Output {
	readonly json: boolean;
	readonly #io: Io;
	readonly #options: OutputOptions;

	constructor(io: Io, options: OutputOptions) {
		this.#io = io;
		this.#options = options;
		this.json = options.json;
	}

	/** Colour and cursor movements are wanted on stderr. */
	get animated(): boolean {
		return this.#io.err.isTty && this.#options.color && !this.json;
	}

	/** Text for stdout in a colour, where colour is wanted there. */
	paint(code: number, text: string): string {
		const isColored = this.#io.out.isTty && this.#options.color && !this.json;
		return isColored ? `\u001b[${code}m${text}\u001b[0m` : text;
	}

	/** Width of the terminal behind stdout; null when it is none. */
	get width(): number | null {
		return this.#io.out.columns;
	}

	/** A one-line result, or its JSON. */
	async result(text: string, json: unknown): Promise<void> {
		if (this.json) await this.document(json);
		else await this.line(text);
	}

	/** A JSON document on stdout, whatever `--json` says. */
	document(json: unknown): Promise<void> {
		return this.#io.out.write(`${safeJson(json, 2)}\n`);
	}

	/** One line of text on stdout. */
	line(text: string): Promise<void> {
		return this.#io.out.write(`${safeText(text)}\n`);
	}

	/** Text that this program wrote itself, possibly of several lines. */
	text(text: string): Promise<void> {
		return this.#io.out.write(text);
	}

	bytes(chunk: Uint8Array): Promise<void> {
		return this.#io.out.write(chunk);
	}

	/** A table on stdout; cut to the terminal's width, and never cut for a pipe or a file. */
	table(table: Table): Promise<void> {
		return this.#io.out.write(formatTable(table, this.#io.out.columns));
	}

	/** Talk: a line on stderr, left out under `--json`. */
	async note(text: string): Promise<void> {
		if (!this.json) await this.#io.err.write(`${safeText(text)}\n`);
	}

	/** A line on stderr, also under `--json`: something that the user must not miss. */
	async warn(text: string): Promise<void> {
		const line = this.json
			? safeJson({ warning: text })
			: `${this.#paint(33, "warning:")} ${safeText(text)}`;
		await this.#io.err.write(`${line}\n`);
	}

	debug(text: string): void {
		if (!this.#options.verbose) return;
		this.#io.err.write(`[debug] ${safeText(text)}\n`).catch(() => undefined);
	}

	/** How a command ends that did not succeed: one JSON line, or sentences. */
	async failure(failure: Failure): Promise<void> {
		try {
			await this.#io.err.write(this.json ? `${safeJson(failure)}\n` : this.#sentences(failure));
		} catch (error) {
			if (!(error instanceof ReaderGone)) throw error;
		}
	}

	#sentences(failure: Failure): string {
		const lines = [`${this.#paint(31, "error:")} ${safeText(failure.message)}`];
		if (failure.lock !== undefined) lines.push(...lockLines(failure.lock));
		if (failure.hint !== "") lines.push(`${this.#paint(36, "hint:")} ${safeText(failure.hint)}`);
		if (failure.request_id !== undefined) lines.push(`request id: ${safeText(failure.request_id)}`);
		return `${lines.join("\n")}\n`;
	}

	#paint(code: number, text: string): string {
		return this.#io.err.isTty && this.#options.color ? `\u001b[${code}m${text}\u001b[0m` : text;
	}
}

export interface ShownLock {
	readonly id: string;
	readonly who: string;
	readonly since: string;
	readonly surface: string;
	readonly operation: string;
	readonly info: string;
}

export interface Failure {
	readonly error: string;
	readonly message: string;
	readonly hint: string;
	readonly request_id?: string;
	readonly lock?: ShownLock;
}

function lockLines(lock: ShownLock): string[] {
	const rows: [string, string][] = [
		["lock id", lock.id],
		["holder", lock.who],
		["since", lock.since],
		["surface", lock.surface],
		["operation", lock.operation],
		["info", lock.info],
	];
	return rows
		.filter(([, value]) => typeof value === "string" && value !== "")
		.map(([name, value]) => `  ${`${name}:`.padEnd(11)} ${safeText(value)}`);
}

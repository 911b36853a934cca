/**
 * The server's log: JSON lines for machines, short lines for a terminal. Nothing secret is given to
 * it; names that look like secrets are masked all the same.
 */
import { createConsola, LogLevels } from "consola/core";
import type { Clock } from "../../core/ports/clock.ts";
import type { Log, LogLevel } from "../../core/ports/log.ts";

const secretName = /authorization|password|secret|cookie|(^|_)token$/i;

export interface LogOptions {
	readonly level: LogLevel;
	readonly format: "json" | "text";
	readonly clock: Pick<Clock, "now">;
	/** Takes one line, its end included. */
	readonly write: (line: string) => void;
	/** Colours for the text form. */
	readonly isColoured?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** A log that writes lines of at least `level`. */
export function createLog(options: LogOptions): Log {
	const { clock, write } = options;
	const line = options.format === "json" ? jsonLine : textLine(options.isColoured === true);
	const consola = createConsola({
		level: LogLevels[options.level],
		// Two requests may well log the same: both lines count.
		throttle: 0,
		reporters: [
			{
				log({ type, args }) {
					const [message, fields] = args as [string, Fields];
					write(`${line(new Date(clock.now()), type as LogLevel, message, fields)}\n`);
				},
			},
		],
	});
	return {
		write(level, message, fields = {}) {
			consola[level](message, fields);
		},
	};
}

/** Errors become their text; what has no JSON form becomes its name. */
function plain(name: string, value: unknown): unknown {
	if (secretName.test(name)) return "[masked]";
	if (value instanceof Error) return describe(value);
	if (typeof value === "bigint") return value.toString();
	return value;
}

function describe(error: Error): string {
	const text = `${error.name}: ${error.message}`;
	return error.cause instanceof Error ? `${text} (${describe(error.cause)})` : text;
}

function jsonLine(time: Date, level: LogLevel, message: string, fields: Fields): string {
	const record = { time: time.toISOString(), level, msg: message };
	return JSON.stringify({ ...record, ...fields }, plain);
}

const colours: Readonly<Record<LogLevel, string>> = {
	debug: "\u001b[2m",
	info: "\u001b[36m",
	warn: "\u001b[33m",
	error: "\u001b[31m",
};

function textLine(isColoured: boolean) {
	return (time: Date, level: LogLevel, message: string, fields: Fields): string => {
		const name = level.toUpperCase().padEnd(5);
		const shown = isColoured ? `${colours[level]}${name}\u001b[0m` : name;
		const pairs = Object.entries(fields)
			.filter(([, value]) => value !== undefined && value !== null)
			.map(([key, value]) => ` ${key}=${textValue(plain(key, value))}`);
		return `${time.toISOString().slice(11, 19)} ${shown} ${oneLine(message)}${pairs.join("")}`;
	};
}

function textValue(value: unknown): string {
	const text = typeof value === "string" ? value : (JSON.stringify(value, plain) ?? "");
	return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text);
}

/** A client's text must not start a line of its own. */
function oneLine(text: string): string {
	return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

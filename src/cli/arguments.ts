/**
 * The strict reading of a command line. Citty takes unknown flags and extra arguments in silence,
 * keeps only the last of a repeated flag and exits with 1 for everything; so each command line is
 * checked here against the declared flags, and citty gets it in a form that it cannot misread.
 */
import type { ArgDef, ArgsDef } from "citty";
import { usageError } from "./errors.ts";
import { nearest } from "./suggest.ts";

export interface FlagSet {
	readonly args: ArgsDef;
	readonly repeatable: ReadonlySet<string>;
}

export interface ParsedLine {
	/** Every value of each flag that was given, under its own name; "true" for a switch. */
	readonly flags: ReadonlyMap<string, readonly string[]>;
	readonly positionals: readonly string[];
	/** Whether `--help` or `-h` stood before any `--`. */
	readonly help: boolean;
}

export interface FoundFlag {
	readonly name: string;
	readonly definition: ArgDef;
}

/** The flag of that spelling (`server`, `l`), or null. Positionals are none. */
export function findFlag(args: ArgsDef, spelling: string): FoundFlag | null {
	for (const [name, definition] of Object.entries(args)) {
		if (definition.type === "positional") continue;
		if (name === spelling || aliases(definition).includes(spelling)) return { name, definition };
	}
	return null;
}

export function aliases(definition: ArgDef): string[] {
	const alias = "alias" in definition ? definition.alias : undefined;
	return alias === undefined ? [] : typeof alias === "string" ? [alias] : alias;
}

/**
 * The flags and arguments of `words`. Flags may stand anywhere before `--`.
 * @throws CliError `usage` for an unknown flag, a missing or an unwanted value, a repetition.
 */
export function parseLine(words: readonly string[], set: FlagSet, where: string): ParsedLine {
	const flags = new Map<string, string[]>();
	const positionals: string[] = [];
	let help = false;
	for (let at = 0; at < words.length; at++) {
		const word = words[at] ?? "";
		if (word === "--") {
			positionals.push(...words.slice(at + 1));
			break;
		}
		if (!word.startsWith("-") || word === "-") {
			positionals.push(word);
		} else if (word === "--help" || word === "-h") {
			help = true;
		} else {
			at += readFlag(word, words[at + 1], set, where, flags);
		}
	}
	return { flags, positionals, help };
}

/**
 * Reads one word of flags into `flags`; gives how many further words it took.
 * @throws CliError `usage`.
 */
export function readFlag(
	word: string,
	next: string | undefined,
	set: FlagSet,
	where: string,
	flags: Map<string, string[]>,
): number {
	const long = word.startsWith("--");
	const equals = word.indexOf("=");
	const end = equals === -1 ? word.length : equals;
	const inline = equals === -1 ? undefined : word.slice(equals + 1);
	const shown = word.slice(0, end);
	const spelling = word.slice(long ? 2 : 1, end);
	const found = long === spelling.length > 1 ? findFlag(set.args, spelling) : null;
	if (found !== null) return take(found, shown, inline, next, set, flags);
	// Terraform's habit: `-file x` must not be read as `-f ile`.
	const misspelt = !long && findFlag(set.args, spelling) !== null;
	if (!long && !misspelt && spelling.length > 1) return readCluster(word, next, set, where, flags);
	throw unknownFlag(shown, set.args, where);
}

/** `-vl key=val`, `-lkey=val`: short flags in one word; one that takes a value takes the rest. */
function readCluster(
	word: string,
	next: string | undefined,
	set: FlagSet,
	where: string,
	flags: Map<string, string[]>,
): number {
	for (let at = 1; at < word.length; at++) {
		const letter = word.charAt(at);
		const found = findFlag(set.args, letter);
		if (found === null) throw unknownFlag(at === 1 ? word : `-${letter}`, set.args, where);
		const rest = word.slice(at + 1);
		if (found.definition.type !== "boolean") {
			return take(found, `-${letter}`, rest === "" ? undefined : rest, next, set, flags);
		}
		take(found, `-${letter}`, undefined, undefined, set, flags);
	}
	return 0;
}

function take(
	{ name, definition }: FoundFlag,
	shown: string,
	inline: string | undefined,
	next: string | undefined,
	set: FlagSet,
	flags: Map<string, string[]>,
): number {
	const given = flags.get(name) ?? [];
	if (definition.type === "boolean") {
		if (inline !== undefined && inline !== "true" && inline !== "false") {
			throw usageError(`${shown} takes no value`);
		}
		flags.set(name, [inline ?? "true"]);
		return 0;
	}
	const value = inline ?? next;
	if (value === undefined || (inline === undefined && isFlagLike(value))) {
		throw usageError(
			`${shown} needs a value`,
			value === undefined ? "" : `write ${shown}=VALUE if the value starts with "-"`,
		);
	}
	if (given.length > 0 && !set.repeatable.has(name)) {
		throw usageError(`${shown} is given twice`);
	}
	const options = definition.type === "enum" ? (definition.options ?? []) : [];
	if (options.length > 0 && !options.includes(value)) {
		const guess = nearest(value, options);
		throw usageError(
			`${shown} must be one of ${options.join(", ")}`,
			guess === null ? "" : `did you mean ${guess}?`,
		);
	}
	flags.set(name, [...given, value]);
	return inline === undefined ? 1 : 0;
}

/** `-` alone means stdin or stdout. */
function isFlagLike(word: string): boolean {
	return word.startsWith("-") && word !== "-";
}

/** A refusal that names the flag and the nearest known one. */
export function unknownFlag(shown: string, args: ArgsDef, where: string): Error {
	const known = ["--help", ...flagSpellings(args)];
	const guess = shown.startsWith("--")
		? nearest(shown, known)
		: (known.find((spelling) => spelling === `-${shown}`) ?? null);
	return usageError(
		`unknown flag ${shown} of ${where}`,
		guess === null ? `see ${where} --help` : `did you mean ${guess}?`,
	);
}

function flagSpellings(args: ArgsDef): string[] {
	return Object.entries(args)
		.filter(([, definition]) => definition.type !== "positional")
		.flatMap(([name, definition]) => [name, ...aliases(definition)])
		.map((spelling) => (spelling.length === 1 ? `-${spelling}` : `--${spelling}`));
}

/**
 * Checks the count of arguments against the declared ones, and gives the command line that citty
 * gets: long flags with their value in the same word, then `--`, then the arguments.
 * @throws CliError `usage`.
 */
export function canonicalLine(line: ParsedLine, args: ArgsDef, where: string): string[] {
	const declared = Object.entries(args).filter(([, { type }]) => type === "positional");
	const missing = declared.find(
		([, definition], index) =>
			definition.required !== false && line.positionals[index] === undefined,
	);
	if (missing !== undefined) {
		throw usageError(`${where} needs <${missing[0]}>`, `see ${where} --help`);
	}
	if (line.positionals.length > declared.length) {
		const extra = line.positionals.length - declared.length;
		throw usageError(
			`${where} takes ${declared.length === 0 ? "no arguments" : `at most ${declared.length} argument${declared.length === 1 ? "" : "s"}`}; ${extra} too many`,
			`see ${where} --help`,
		);
	}
	const words: string[] = [];
	for (const [name, values] of line.flags) {
		const definition = args[name];
		if (definition === undefined) continue;
		const last = values[values.length - 1] ?? "";
		if (definition.type !== "boolean") words.push(`--${name}=${last}`);
		else if (last === "true") words.push(`--${name}`);
	}
	return [...words, "--", ...line.positionals];
}

/** Help pages, from the registry and the commands' own declarations. */
import type { ArgDef, ArgsDef } from "citty";
import { aliases } from "./arguments.ts";
import type { Command, CommandMap, Node } from "./command.ts";
import { globalFlags } from "./global-flags.ts";

/** The line after "Usage:". */
export function usageLine(path: string, args: ArgsDef): string {
	const words = Object.entries(args)
		.filter(([, { type }]) => type === "positional")
		.map(([name, { required }]) => (required === false ? `[${name}]` : `<${name}>`));
	return [path, ...words, "[flags]"].join(" ");
}

/** `-l, --label KEY=VALUE`. */
export function flagLabel(name: string, definition: ArgDef): string {
	const short = aliases(definition).map((alias) =>
		alias.length === 1 ? `-${alias}` : `--${alias}`,
	);
	const long = `--${name}`;
	return `${[...short, long].join(", ")}${valueLabel(name, definition)}`;
}

function valueLabel(name: string, definition: ArgDef): string {
	if (definition.type === "boolean") return "";
	if (definition.type === "enum") return ` ${(definition.options ?? []).join("|")}`;
	return ` ${definition.valueHint ?? name.toUpperCase()}`;
}

export interface Described {
	readonly label: string;
	readonly text: string;
}

export function describeArguments(args: ArgsDef): Described[] {
	return Object.entries(args)
		.filter(([, { type }]) => type === "positional")
		.map(([name, { description = "" }]) => ({ label: `<${name}>`, text: description }));
}

export function describeFlags(args: ArgsDef): Described[] {
	return Object.entries(args)
		.filter(([, { type }]) => type !== "positional")
		.map(([name, definition]) => ({
			label: flagLabel(name, definition),
			text: definition.description ?? "",
		}));
}

export function describeCommands(map: CommandMap): Described[] {
	return Object.entries(map)
		.filter(([, node]) => !("hidden" in node && node.hidden))
		.map(([name, node]) => ({
			label: [name, ...(node.aliases ?? [])].join(", "),
			text: node.summary,
		}));
}

/** The global flags, and the help itself, which is no declared flag. */
export function describeGlobalFlags(): Described[] {
	return [...describeFlags(globalFlags), { label: "-h, --help", text: "Print the help" }];
}

/** The page of one command. */
export function commandHelp(path: string, node: Node, command: Command): string {
	return page(
		`Usage: ${usageLine(path, command.args)}`,
		[node.summary, command.details].filter((text) => text !== "").join("\n\n"),
		section("Arguments", describeArguments(command.args)),
		section("Flags", describeFlags(command.args)),
		section("Global flags", describeGlobalFlags()),
		command.examples.length === 0
			? ""
			: `Examples:\n${command.examples.map((example) => `  ${example}`).join("\n")}`,
	);
}

/** The page of the program or of a command that only has commands. */
export function groupHelp(path: string, summary: string, map: CommandMap): string {
	return page(
		`Usage: ${path} <command> [flags]`,
		summary,
		section("Commands", describeCommands(map)),
		section("Global flags", describeGlobalFlags()),
		`See ${path} <command> --help for each command.`,
	);
}

function page(...parts: readonly string[]): string {
	return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function section(title: string, rows: readonly Described[]): string {
	if (rows.length === 0) return "";
	const width = rows.reduce((widest, { label }) => Math.max(widest, label.length), 0);
	const lines = rows.map(({ label, text }) => `  ${label.padEnd(width)}  ${text}`.trimEnd());
	return `${title}:\n${lines.join("\n")}`;
}

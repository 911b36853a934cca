/** What a command is: a citty command whose flags and arguments `run.ts` checks before it runs. */
import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from "citty";
import type { Cli } from "./context.ts";

// biome-ignore lint/suspicious/noConfusingVoidType: a command that only succeeds gives nothing
export type CommandResult = Promise<number | void>;

export interface CommandDefinition<T extends ArgsDef> {
	/** More than the summary that the registry has, for its help page. */
	readonly details?: string;
	readonly examples?: readonly string[];
	readonly args: T;
	/** Flags that may be given several times; `cli.all(name)` has all their values. */
	readonly repeatable?: readonly (keyof T & string)[];
	/** Gives an exit code when it is not 0. Throws CliError, ClientError or DomainError. */
	readonly run: (cli: Cli, args: ParsedArgs<T>) => CommandResult;
}

export interface Command {
	readonly details: string;
	readonly examples: readonly string[];
	readonly args: ArgsDef;
	readonly repeatable: ReadonlySet<string>;
	readonly citty: CommandDef;
}

export function command<const T extends ArgsDef>(definition: CommandDefinition<T>): Command {
	const citty = defineCommand<T>({
		args: definition.args,
		run: ({ args, data }) => definition.run(data as Cli, args),
	});
	return {
		details: definition.details ?? "",
		examples: definition.examples ?? [],
		args: definition.args,
		repeatable: new Set(definition.repeatable ?? []),
		citty: citty as unknown as CommandDef,
	};
}

/** A command with a command line of its own: everything after its name is handed over as it is. */
export interface Passthrough {
	readonly passthrough: (argv: readonly string[], cli: Cli) => Promise<number>;
	/** The text of `--help`. */
	readonly help: () => Promise<string>;
}

export interface Leaf {
	readonly summary: string;
	readonly aliases?: readonly string[];
	readonly hidden?: boolean;
	readonly load: () => Promise<Command | Passthrough>;
}

export interface Group {
	readonly summary: string;
	readonly aliases?: readonly string[];
	readonly children: CommandMap;
	/** Commands that may also be written after the name of the thing that they are about. */
	readonly afterName?: readonly string[];
	/** The command that the group's name alone stands for, with that command's flags. */
	readonly standard?: string;
}

export type Node = Leaf | Group;

/** Without a prototype: `constructor` and `toString` are no commands. */
export type CommandMap = Readonly<Record<string, Node>>;

export function commandMap(commands: Record<string, Node>): CommandMap {
	return Object.freeze(Object.assign(Object.create(null) as Record<string, Node>, commands));
}

export function isGroup(node: Node): node is Group {
	return "children" in node;
}

/** The command of that name or alias, under its own name. */
export function findCommand(
	map: CommandMap,
	name: string,
): { readonly name: string; readonly node: Node } | null {
	const direct = map[name];
	if (direct !== undefined) return { name, node: direct };
	for (const [own, node] of Object.entries(map)) {
		if (node.aliases?.includes(name)) return { name: own, node };
	}
	return null;
}

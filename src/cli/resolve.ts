/** From the words of a command line to the command that they name. */
import { type FlagSet, findFlag, type ParsedLine, parseLine, readFlag } from "./arguments.ts";
import { type CommandMap, findCommand, isGroup, type Leaf, type Node } from "./command.ts";
import { usageError } from "./errors.ts";
import { globalFlags } from "./global-flags.ts";
import { nearest } from "./suggest.ts";

export const globalSet: FlagSet = { args: globalFlags, repeatable: new Set() };

export interface Resolved {
	/** `taco unit ls`, under the commands' own names. */
	readonly path: string;
	/** Null for the program itself. */
	readonly node: Node | null;
	/** What follows the command's name. */
	readonly rest: readonly string[];
	/** The words of the global flags that stood before it. */
	readonly before: readonly string[];
	/** Those words, read. */
	readonly line: ParsedLine;
}

/** @throws CliError `usage` for an unknown command or flag. */
export function resolveCommand(
	argv: readonly string[],
	program: string,
	commands: CommandMap,
): Resolved {
	let path = program;
	let node: Node | null = null;
	let map: CommandMap = commands;
	const before: string[] = [];
	const flags = new Map<string, string[]>();
	let at = 0;
	for (; at < argv.length; at++) {
		const word = argv[at] ?? "";
		if (word === "--") break;
		if (word.startsWith("-") && word !== "-") {
			if (standardOf(node) !== null && !isGlobal(word)) break;
			if (word !== "-h" && word !== "--help") {
				const taken = readFlag(word, argv[at + 1], globalSet, path, flags);
				before.push(...argv.slice(at, at + taken + 1));
				at += taken;
			} else {
				before.push(word);
			}
			continue;
		}
		const found = findCommand(map, word);
		if (found === null) {
			const turned = turnAround(node, argv.slice(at));
			if (turned === null) throw unknownCommand(word, path, map, node === null);
			const { name, leaf, rest } = turned;
			path = `${path} ${name}`;
			return { path, node: leaf, rest, before, line: parseLine(before, globalSet, path) };
		}
		path = `${path} ${found.name}`;
		node = found.node;
		if (!isGroup(node)) break;
		map = node.children;
	}
	const rest = node !== null && !isGroup(node) ? argv.slice(at + 1) : argv.slice(at);
	const standard = before.some(asksForHelp) ? null : standardOf(node);
	if (standard !== null) {
		return { path, node: standard, rest, before, line: parseLine(before, globalSet, path) };
	}
	return { path, node, rest, before, line: parseLine(before, globalSet, path) };
}

/** The command that the group's name alone stands for. */
function standardOf(node: Node | null): Leaf | null {
	if (node === null || !isGroup(node) || node.standard === undefined) return null;
	const leaf = node.children[node.standard] ?? null;
	return isLeaf(leaf) ? leaf : null;
}

function asksForHelp(word: string): boolean {
	return word === "-h" || word === "--help";
}

function isGlobal(word: string): boolean {
	const spelling = word.replace(/^--?/, "").replace(/=.*$/s, "");
	return asksForHelp(word) || findFlag(globalFlags, spelling) !== null;
}

/** `roles <role> permissions …` is `roles permissions <role> …`. */
function turnAround(
	node: Node | null,
	words: readonly string[],
): { readonly name: string; readonly leaf: Leaf; readonly rest: readonly string[] } | null {
	const [thing, name] = words;
	if (node === null || !isGroup(node) || thing === undefined || name === undefined) return null;
	if (node.afterName?.includes(name) !== true) return null;
	const leaf = node.children[name] ?? null;
	return isLeaf(leaf) ? { name, leaf, rest: [thing, ...words.slice(2)] } : null;
}

export function isLeaf(node: Node | null): node is Leaf {
	return node !== null && !isGroup(node);
}

/** Names the nearest command: here, or, at the top, in one of the groups. */
function unknownCommand(word: string, path: string, map: CommandMap, atTop: boolean): Error {
	const message = `unknown command of ${path}`;
	const shown = /^[\w.:-]{1,40}$/.test(word) ? `${message}: ${word}` : message;
	if (atTop) {
		for (const [name, node] of Object.entries(map)) {
			if (isGroup(node) && findCommand(node.children, word) !== null) {
				return usageError(shown, `did you mean ${path} ${name} ${word}?`);
			}
		}
	}
	const names = Object.entries(map).flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
	const guess = nearest(word, names);
	return usageError(
		shown,
		guess === null ? `see ${path} --help` : `did you mean ${path} ${guess}?`,
	);
}

/** Rules about sizes, names, comments and words. */
import { basename } from "node:path";
import { codeOnly, lineOf, matches, type SourceFile, type Violation } from "./sources.ts";

export const fileLinesMax = 400;

export function longFiles(files: readonly SourceFile[]): Violation[] {
	return files
		.map((file) => ({ file, lines: file.text.trimEnd().split("\n").length }))
		.filter(({ lines }) => lines > fileLinesMax)
		.map(({ file, lines }) => `${file.path}:1: ${lines} lines; at most ${fileLinesMax}`);
}

const documentedLayers = ["src/core/", "src/storage/", "src/auth/", "src/client/"];
const exported =
	/^export (?:async )?(?:abstract )?(?:function\*? |class |const (?=\w+(?:: [^=]+)? = (?:async )?(?:<[^>]+>)?\())(\w+)/gm;

/** Exported functions and classes of the inner layers without a doc comment. */
export function undocumentedExports(files: readonly SourceFile[]): Violation[] {
	return files
		.filter((file) => documentedLayers.some((layer) => file.path.startsWith(layer)))
		.flatMap((file) =>
			[...file.text.matchAll(exported)]
				.filter((match) => !hasDocComment(file.text, match.index, match[1] ?? ""))
				.map(
					(match) =>
						`${file.path}:${lineOf(file.text, match.index)}: ${match[1]} is exported without a doc comment`,
				),
		);
}

function hasDocComment(text: string, index: number, name: string): boolean {
	const before = text.slice(0, index).trimEnd();
	if (before.endsWith("*/")) return true;
	// The comment of an overloaded function stands above its first signature.
	const previous = before.split("\n").at(-1) ?? "";
	return previous.startsWith("export ") && previous.includes(`function ${name}`);
}

const vagueName = /(?:^|[-_.])(?:utils?|helpers?|common|managers?|misc)(?:[-_.]|$)/;
const vagueSymbol =
	/^export .*?\b(?:function|class|const|interface|type) (\w*(?:Manager|Helper|Utils?))\b/gm;

/** Names that say nothing about what is inside. */
export function vagueNames(files: readonly SourceFile[]): Violation[] {
	return files.flatMap((file) => [
		...(file.path.split("/").some((part) => vagueName.test(part.replace(/\.[a-z]+$/, "")))
			? [`${file.path}:1: the name says nothing: name what it does`]
			: []),
		...matches(file, file.text, vagueSymbol, (match) => `${match[1]}: name what it does`),
	]);
}

/** File names are kebab-case; documents that people look for by a fixed name are not ours to name. */
export function unusualFileNames(files: readonly SourceFile[]): Violation[] {
	return files
		.filter((file) => file.path.endsWith(".ts"))
		.filter((file) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)*\.ts$/.test(basename(file.path)))
		.map((file) => `${file.path}:1: file names are kebab-case`);
}

// Written apart, so that this file does not break its own rule.
const markers = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`, "g");

/** Markers of unfinished work. */
export function leftoverMarkers(files: readonly SourceFile[]): Violation[] {
	return files.flatMap((file) =>
		matches(file, file.text, markers, (match) => `${match[0]}: finish it, or open an issue`),
	);
}

/** Tests that keep all others from running. */
export function focusedTests(files: readonly SourceFile[]): Violation[] {
	return files
		.filter((file) => file.path.startsWith("test/"))
		.flatMap((file) =>
			matches(
				file,
				codeOnly(file.text),
				/\b(?:test|it|describe)\.only\b/g,
				(match) => `${match[0]} keeps the other tests from running`,
			),
		);
}

const foreignWords: readonly { pattern: RegExp; message: string }[] = [
	{
		pattern: /(?<![\w$.~-])\/(?:root|work|home\/\w+|Users\/\w+)\/[\w.-]+/g,
		message: "a path of somebody's machine",
	},
	{
		pattern: /\b(?:registry\.(?:npmjs|yarnpkg)\.\w+|npm\.pkg\.\w+\.\w+)/g,
		message: "the host of a package registry: the reader's own configuration decides that",
	},
	{ pattern: /^(?:<{7}|>{7}|={7})(?: |$)/gm, message: "a merge conflict" },
];

/** Words that belong to one machine or one network. */
export function foreignWordsIn(files: readonly SourceFile[]): Violation[] {
	return files.flatMap((file) =>
		foreignWords.flatMap(({ pattern, message }) =>
			matches(file, file.text, pattern, (match) => `${match[0]}: ${message}`),
		),
	);
}

/** Addresses in the lock file, where they would bind everybody to one registry. */
export function addressesIn(lock: SourceFile): Violation[] {
	return matches(lock, lock.text, /\bhttps?:\/\/[^"\s]+/g, (match) => `${match[0]} in a lock file`);
}

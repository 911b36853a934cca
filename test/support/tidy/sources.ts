/** The files that the repository's rules look at, and their text without comments or strings. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const repositoryRoot = resolve(import.meta.dir, "../../..");

export interface SourceFile {
	/** Relative to the repository, with `/`. */
	readonly path: string;
	readonly text: string;
}

/** A broken rule, as `path:line: message`. */
export type Violation = string;

/** Every file that is or could be committed. */
export function repositoryFiles(): string[] {
	const git = Bun.spawnSync(["git", "ls-files", "-co", "--exclude-standard", "-z"], {
		cwd: repositoryRoot,
	});
	const listed = git.success
		? git.stdout.toString().split("\0")
		: [...new Bun.Glob("{src,scripts,test,docs,examples,.ci}/**/*").scanSync(repositoryRoot)];
	// A file that is deleted and not yet committed is still listed.
	return listed.filter((path) => path !== "" && Bun.file(join(repositoryRoot, path)).size > 0);
}

export function readSource(path: string): SourceFile {
	return { path, text: readFileSync(join(repositoryRoot, path), "utf8") };
}

/** The text with comments blanked out: same length, same lines. */
export function withoutComments(text: string): string {
	return mask(text, { strings: false });
}

/** The text with comments, strings and regular expressions blanked out. */
export function codeOnly(text: string): string {
	return mask(text, { strings: true });
}

/** One violation for each match of `pattern` (which needs the g flag) in `text`. */
export function matches(
	file: SourceFile,
	text: string,
	pattern: RegExp,
	message: (match: RegExpMatchArray) => string,
): Violation[] {
	return [...text.matchAll(pattern)].map(
		(match) => `${file.path}:${lineOf(text, match.index)}: ${message(match)}`,
	);
}

export function lineOf(text: string, index: number): number {
	return text.slice(0, index).split("\n").length;
}

const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const templateText = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*/y;
const string = /"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/y;
const regularExpression = /\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const beforeRegularExpression =
	/(?:^|[=(,:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|yield|await))\s*$/;

/** A small scanner: enough for formatted TypeScript, template literals included. */
function mask(text: string, options: { strings: boolean }): string {
	let out = "";
	let index = 0;
	/** For each open `${`, how many `{` are open in it. */
	const templates: number[] = [];
	const at = (pattern: RegExp): string => {
		pattern.lastIndex = index;
		return pattern.exec(text)?.[0] ?? "";
	};
	const take = (piece: string, hide: boolean) => {
		out += hide ? piece.replace(/[^\n"']/g, " ") : piece;
		index += piece.length;
		return piece !== "";
	};
	const takeTemplateText = () => {
		take(at(templateText), options.strings);
		const opens = text.startsWith("${", index);
		if (opens) templates.push(0);
		take(opens ? "${" : text.slice(index, index + 1), options.strings);
	};
	const takeRegularExpression = () =>
		beforeRegularExpression.test(out.slice(-40)) && take(at(regularExpression), options.strings);
	while (index < text.length) {
		const char = text.charAt(index);
		const open = templates.at(-1);
		if (char === "/" && (take(at(comment), true) || takeRegularExpression())) continue;
		if ((char === '"' || char === "'") && take(at(string), options.strings)) continue;
		if (char === "{" && open !== undefined) templates[templates.length - 1] = open + 1;
		if (char === "}" && open !== undefined) templates[templates.length - 1] = open - 1;
		take(char, false);
		if (char === "}" && open === 0) templates.pop();
		if (char === "`" || (char === "}" && open === 0)) takeTemplateText();
	}
	return out;
}

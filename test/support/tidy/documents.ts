/** Rules about the pages: links resolve, and every page can be found. */
import { dirname, join } from "node:path";
import { lineOf, matches, type SourceFile, type Violation } from "./sources.ts";

const link = /!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;

/** Relative links of `pages` that lead nowhere, to a missing file or a missing heading. */
export function brokenLinks(
	pages: readonly SourceFile[],
	exists: (path: string) => boolean,
): Violation[] {
	const headings = new Map(pages.map((page) => [page.path, anchorsOf(page.text)]));
	return pages.flatMap((page) => {
		const text = withoutCode(page.text);
		return matches(page, text, link, (match) => match[1] ?? "").flatMap((found) => {
			const [place, target] = splitOnce(found, ": ");
			if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
			const [file, anchor] = splitOnce(target, "#");
			const path = file === "" ? page.path : join(dirname(page.path), decodeURIComponent(file));
			if (!exists(path)) return [`${place}: the link ${target} leads nowhere`];
			const anchors = headings.get(path);
			if (anchor === "" || anchors === undefined || anchors.has(anchor)) return [];
			return [`${place}: ${path} has no heading #${anchor}`];
		});
	});
}

/** Pages below docs that no other page links to. */
export function unlinkedPages(pages: readonly SourceFile[]): Violation[] {
	const linked = new Set<string>();
	for (const page of pages) {
		for (const match of withoutCode(page.text).matchAll(link)) {
			const target = (match[1] ?? "").split("#")[0] ?? "";
			const path = join(dirname(page.path), target);
			if (path !== page.path) linked.add(path);
		}
	}
	return pages
		.filter((page) => page.path.startsWith("docs/") && !linked.has(page.path))
		.map((page) => `${page.path}:1: no other page links here`);
}

/** Paths of our own files in code spans, such as `src/core/limits.ts`, that do not exist. */
export function missingPaths(
	pages: readonly SourceFile[],
	exists: (path: string) => boolean,
): Violation[] {
	const span = /`((?:src|test|scripts|docs|examples)\/[\w./-]*)`/g;
	return pages.flatMap((page) =>
		[...page.text.matchAll(span)]
			.filter((match) => !exists(match[1] ?? ""))
			.map((match) => `${page.path}:${lineOf(page.text, match.index)}: there is no ${match[1]}`),
	);
}

/** As the usual renderers make them: lower case, punctuation dropped, spaces to hyphens. */
function anchorsOf(text: string): Set<string> {
	const anchors = new Set<string>();
	for (const match of withoutCode(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
		const plain = (match[1] ?? "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
		const base = plain.replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
		let anchor = base;
		for (let count = 1; anchors.has(anchor); count += 1) anchor = `${base}-${count}`;
		anchors.add(anchor);
	}
	return anchors;
}

/** Code blocks and code spans hold no links; headings keep the words of their code spans. */
function withoutCode(text: string): string {
	const blank = (code: string) => code.replace(/[^\n]/g, " ");
	return text
		.replace(/^(```|~~~)[\s\S]*?^\1/gm, blank)
		.replace(/`[^`\n]*`/g, (span) => span.replace(/[[\]()]/g, " "));
}

function splitOnce(text: string, separator: string): [string, string] {
	const index = text.indexOf(separator);
	return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + separator.length)];
}

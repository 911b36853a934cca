/**
 * The rules of this repository, as far as a program can hold us to them. Types, formatting, import
 * order and the length of functions are the compiler's and the linter's business; the rest is here.
 * Each rule is also tried on a planted offender, so that a rule that sees nothing is noticed.
 */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { callViolations } from "./support/tidy/calls.ts";
import { brokenLinks, missingPaths, unlinkedPages } from "./support/tidy/documents.ts";
import { importsOf, importViolations, layers, unreachableFiles } from "./support/tidy/imports.ts";
import {
	codeOnly,
	readSource,
	repositoryFiles,
	repositoryRoot,
	type SourceFile,
	type Violation,
} from "./support/tidy/sources.ts";
import {
	addressesIn,
	fileLinesMax,
	focusedTests,
	foreignWordsIn,
	leftoverMarkers,
	longFiles,
	undocumentedExports,
	unusualFileNames,
	vagueNames,
} from "./support/tidy/texts.ts";

const textual = /\.(?:ts|json|md|toml|ya?ml|sh|tf|hcl|service|txt)$|^\.ci\/|Dockerfile$/;
const all = repositoryFiles()
	.filter((path) => textual.test(path))
	.map(readSource);
const code = all.filter((file) => file.path.endsWith(".ts"));
const source = code.filter((file) => file.path.startsWith("src/"));
const pages = all.filter((file) => file.path.endsWith(".md"));
const exists = (path: string) => existsSync(join(repositoryRoot, path));

/** Fails with the violations, one a line, rather than with a comparison of lists. */
function expectNone(violations: readonly Violation[]): void {
	if (violations.length > 0) throw new Error(`\n${violations.join("\n")}\n`);
}

function planted(path: string, text: string): SourceFile {
	return { path, text };
}

describe("layers", () => {
	test("every import goes in the direction of docs/architecture.md", () => {
		expectNone(importViolations(source));
	});

	test("every file of src is reached from src/main.ts", () => {});

	test("docs/architecture.md names every layer and every folder of the core", () => {
		const text = pages.find((page) => page.path === "docs/architecture.md")?.text ?? "";
		const folders = source.map((file) => `${dirname(file.path)}/`);
		const ofCore = folders.filter((folder) => folder.startsWith("src/core/"));
		const shown = [...new Set([...Object.keys(layers), ...ofCore])];
		expect(shown.filter((path) => !text.includes(`\`${path}\``))).toEqual([]);
	});

	test.each([
		["src/core/a.ts", 'import { b } from "../storage/memory.ts";'],
		["src/core/a.ts", 'import type { B } from "../server/app.ts";'],
		["src/core/a.ts", 'import { type B } from "../server/app.ts";'],
		["src/core/a.ts", 'export type { B } from "../server/app.ts";'],
		["src/core/a.ts", 'export * from "../server/app.ts";'],
		["src/core/a.ts", 'let a: import("../server/app.ts").B;'],
		["src/core/a.ts", 'import "../server/app.ts";'],
		["src/core/a.ts", 'const a = await import("../server/app.ts");'],
		["src/core/a.ts", 'import { readFile } from "node:fs/promises";\nreadFile;'],
		["src/core/a.ts", 'import { Elysia } from "elysia";\nElysia;'],
		["src/storage/a.ts", 'import type { Gate } from "../core/rbac/grant.ts";'],
		["src/server/app.ts", 'import { open } from "../storage/open.ts";\nopen;'],
		["src/server/surfaces/a/index.ts", 'import { b } from "../b/index.ts";\nb;'],
		["src/cli/commands/serve.ts", 'import { app } from "../../server/app.ts";\napp;'],
		["src/cli/commands/version.ts", 'await import("../../server/app.ts");'],
		["src/client/client.ts", 'import type { Head } from "../core/state/head.ts";'],
		["src/lib/a.ts", 'import { x } from "../../scripts/build.ts";\nx;'],
		["src/elsewhere/a.ts", ""],
	])("a wrong import is seen: %s %s", (path, text) => {
		expect(importViolations([planted(path, text)])).toHaveLength(1);
	});

	test.each([
		["src/server/deps.ts", 'import { open } from "../storage/open.ts";\nopen;'],
		["src/cli/commands/serve.ts", 'await import("../../server/app.ts");'],
		["src/cli/commands/serve.ts", 'import type { App } from "../../server/app.ts";'],
		["src/core/a.ts", '// import { b } from "../storage/memory.ts";'],
		["src/core/a.ts", "const a = `import \"${b('../storage/memory.ts')}\"`;"],
		["src/storage/a.ts", 'import { limits } from "../core/limits.ts";\nlimits;'],
	])("a right import is let through: %s %s", (path, text) => {
		expect(importViolations([planted(path, text)])).toEqual([]);
	});

	test("kinds of imports are told apart", () => {
		const text =
			'import { a } from "./a.ts";\nimport type { B } from "./b.ts";\na; import("./c.ts");';
		const kinds = importsOf(planted("src/core/x.ts", text)).map((one) => [one.path, one.kind]);
		expect(kinds).toEqual([
			["src/core/a.ts", "static"],
			["src/core/c.ts", "lazy"],
			["src/core/b.ts", "type"],
		]);
	});

	test("a dead file is seen", () => {
		const files = [
			planted("src/main.ts", 'import "./lib/a.ts";'),
			planted("src/lib/a.ts", ""),
			planted("src/lib/b.ts", ""),
			planted("src/lib/c.d.ts", ""),
		];
		expect(unreachableFiles(files)).toHaveLength(1);
	});
});

describe("calls", () => {
	test("no layer calls what it must not", () => {
		expectNone(callViolations(source));
	});

	test.each([
		["src/core/a.ts", "const now = Date.now();"],
		["src/core/a.ts", "const now = new Date().toISOString();"],
		["src/core/a.ts", "setTimeout(() => {}, 5);"],
		["src/core/a.ts", "const text = `${Math.random()}`;"],
		["src/core/a.ts", "const a = `${`${Date.now()}`}`;"],
		["src/auth/a.ts", "const home = process.env.HOME;"],
		["src/storage/a.ts", "await Bun.write(path, bytes);"],
		["src/client/a.ts", 'console.error("x");'],
		["src/server/a.ts", "process.exit(1);"],
	])("a banned call is seen: %s %s", (path, text) => {
		expect(callViolations([planted(path, text)])).toHaveLength(1);
	});

	test.each([
		["src/core/a.ts", "// Date.now() is banned\nconst at = new Date(ms);"],
		["src/core/a.ts", 'const text = "Date.now()"; /* console.log */'],
		["src/core/a.ts", 'const pattern = /console.log\\("/; const other = `Date.now()`;'],
		["src/server/config.ts", "const value = process.env.OPENTACO_PORT;"],
		["src/client/a.ts", "const at = Date.now();"],
	])("other code is let through: %s %s", (path, text) => {
		expect(callViolations([planted(path, text)])).toEqual([]);
	});

	test("masked text keeps its lines and its length", () => {
		for (const file of code) {
			const masked = codeOnly(file.text);
			expect(masked.length).toBe(file.text.length);
			expect(masked.split("\n").length).toBe(file.text.split("\n").length);
		}
	});
});

describe("texts", () => {
	test(`no file is longer than ${fileLinesMax} lines`, () => {
		expectNone(longFiles(code));
		expect(longFiles([planted("src/a.ts", "a\n".repeat(fileLinesMax))])).toEqual([]);
		expect(longFiles([planted("src/a.ts", "a\n".repeat(fileLinesMax + 1))])).toHaveLength(1);
	});

	test("what core, storage, auth and client export is documented", () => {
		expectNone(undocumentedExports(source));
		const bare =
			"export function a() {}\n\nexport const b = async (c: number) => c;\nexport class D {}\n";
		expect(undocumentedExports([planted("src/core/a.ts", bare)])).toHaveLength(3);
		const full = "/** Why. */\nexport async function a() {}\n";
		expect(undocumentedExports([planted("src/core/a.ts", full)])).toEqual([]);
	});

	test("names say what is inside", () => {
		expectNone([...vagueNames(code), ...unusualFileNames(code)]);
		expect(vagueNames([planted("src/lib/utils.ts", "")])).toHaveLength(1);
		expect(vagueNames([planted("src/common/a.ts", "")])).toHaveLength(1);
		expect(vagueNames([planted("src/a.ts", "export class LockManager {}")])).toHaveLength(1);
		expect(unusualFileNames([planted("src/lib/camelCase.ts", "")])).toHaveLength(1);
	});

	test("no unfinished work is marked", () => {
		expectNone(leftoverMarkers(all));
		expect(leftoverMarkers([planted("src/a.ts", `// ${"TO" + "DO"}: later`)])).toHaveLength(1);
	});

	test("no test keeps the others from running", () => {
		expectNone(focusedTests(code));
		expect(focusedTests([planted("test/a.test.ts", 'test.only("x", () => {});')])).toHaveLength(1);
	});

	test("nothing names one machine or one registry", () => {
		expectNone(foreignWordsIn(all));
		expectNone(addressesIn(readSource("bun.lock")));
		const path = ["", "home", "somebody", "project"].join("/");
		expect(foreignWordsIn([planted("docs/a.md", `see ${path}`)])).toHaveLength(1);
	});
});

test("no package runs a script when it is installed", () => {
	// Without the list, Bun lets those run that are widely known, one of which phones home.
	const { trustedDependencies } = JSON.parse(readSource("package.json").text);
	expect(trustedDependencies).toEqual([]);
});

describe("documents", () => {
	test("links lead somewhere", () => {
		expectNone(brokenLinks(pages, exists));
	});

	test("every page is linked from another one", () => {
		expectNone(unlinkedPages(pages));
	});

	test("the files that pages name exist", () => {
		expectNone(missingPaths(pages, exists));
		expect(missingPaths([planted("docs/a.md", "see `src/none.ts`")], exists)).toHaveLength(1);
	});

	test("broken links and lonely pages are seen", () => {
		const text = "# A `b` c\n[x](b.md) [y](#a-b-c) [z](#other) `[no](link.md)`\n";
		const page = planted("docs/a.md", text);
		expect(brokenLinks([page], (path) => path === "docs/a.md")).toHaveLength(2);
		expect(unlinkedPages([page])).toHaveLength(1);
	});
});

/** Which layer may import what: the table of docs/architecture.md, enforced. */
import { dirname, join } from "node:path";
import { lineOf, type SourceFile, type Violation, withoutComments } from "./sources.ts";

export interface Import {
	/** As written. */
	readonly specifier: string;
	/** Relative to the repository for our own files, null for packages and node modules. */
	readonly path: string | null;
	readonly kind: "static" | "lazy" | "type";
	readonly line: number;
}

interface Layer {
	/** Our own files: folders end in `/`, files in `.ts`. A layer may always import itself. */
	readonly own: readonly string[];
	readonly packages: readonly string[];
	/** Modules of the platform: all of them, or these. */
	readonly platform: "all" | readonly string[];
}

const domainWords = ["src/core/errors.ts", "src/core/limits.ts", "src/core/ports/"];

/** The layers, from the leaves up. */
export const layers: Readonly<Record<string, Layer>> = {
	"src/lib/": { own: [], packages: [], platform: "all" },
	"src/core/": { own: ["src/lib/"], packages: [], platform: ["node:crypto", "node:zlib"] },
	"src/api/": { own: [], packages: ["@sinclair/typebox"], platform: [] },
	"src/storage/": {
		own: [...domainWords, "src/lib/"],
		packages: ["@aws-sdk/client-s3", "@aws-sdk/credential-providers"],
		platform: "all",
	},
	"src/auth/": {
		own: [
			...domainWords,
			"src/core/principal.ts",
			"src/core/rbac/grant.ts",
			"src/core/register/",
			"src/lib/",
		],
		packages: ["jose"],
		platform: ["node:crypto"],
	},
	"src/client/": { own: ["src/api/", "src/lib/"], packages: [], platform: "all" },
	"src/cli/": {
		own: [
			"src/client/",
			"src/api/",
			"src/lib/",
			"src/core/unit/unit-id.ts",
			"src/core/errors.ts",
			"src/build-info.ts",
		],
		packages: ["citty"],
		platform: "all",
	},
	"src/provider/": {
		own: [
			"src/client/",
			"src/api/",
			"src/lib/",
			"src/core/unit/unit-id.ts",
			"src/core/errors.ts",
			"src/build-info.ts",
		],
		packages: [],
		platform: "all",
	},
	"src/server/": {
		own: ["src/core/", "src/auth/", "src/api/", "src/lib/", "src/build-info.ts"],
		packages: [
			"elysia",
			"@elysiajs/swagger",
			"@sinclair/typebox",
			"consola",
			"prom-client",
			"@peculiar/x509",
			"swagger-ui-dist",
			"reflect-metadata",
		],
		platform: "all",
	},
	"src/main.ts": {
		own: ["src/cli/index.ts", "src/provider/main.ts"],
		packages: [],
		platform: "all",
	},
	"src/build-info.ts": { own: [], packages: [], platform: [] },
};

/** What single files may import beyond their layer; `lazy` allows import() and types only. */
const exceptions: readonly { file: string; own: string; lazy: boolean }[] = [
	{ file: "src/server/deps.ts", own: "src/storage/", lazy: false },
	{ file: "src/cli/commands/serve.ts", own: "src/server/", lazy: true },
	{ file: "src/cli/commands/doctor.ts", own: "src/server/", lazy: true },
];

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** Everything that a file imports, type-only imports included. */
export function importsOf(file: SourceFile): Import[] {
	const text = withoutComments(file.text);
	const found = new Map<string, Import>();
	const add = (specifier: string, kind: Import["kind"], index: number) => {
		const own = specifier.startsWith(".");
		const path = own ? join(dirname(file.path), specifier) : null;
		found.set(`${kind} ${specifier}`, { specifier, path, kind, line: lineOf(text, index) });
	};
	const runtime = new Set<string>();
	for (const { path, kind } of transpiler.scanImports(file.text)) {
		runtime.add(path);
		add(
			path,
			kind === "dynamic-import" ? "lazy" : "static",
			Math.max(text.indexOf(`"${path}"`), 0),
		);
	}
	// The transpiler drops what is imported for its type only.
	const written =
		/\b(?:import|export)\b(?:[^;"'()]*?\bfrom)?\s*"([\w@./:-]+)"|\bimport\(\s*"([\w@./:-]+)"/g;
	for (const match of text.matchAll(written)) {
		const specifier = match[1] ?? match[2] ?? "";
		if (!runtime.has(specifier)) add(specifier, "type", match.index);
	}
	return [...found.values()];
}

/** Imports that go against the direction of the layers. */
export function importViolations(files: readonly SourceFile[]): Violation[] {
	return files.flatMap((file) => {
		const name = layerOf(file.path);
		if (name === null) return [`${file.path}:1: belongs to no layer of docs/architecture.md`];
		return importsOf(file).flatMap((found) => {
			const problem = importProblem(file.path, name, found);
			return problem === null ? [] : [`${file.path}:${found.line}: ${problem}`];
		});
	});
}

function importProblem(path: string, layerName: string, found: Import): string | null {
	const layer = layers[layerName] as Layer;
	if (found.path === null) return foreignProblem(layerName, layer, found.specifier);
	if (!found.path.startsWith("src/")) return `imports ${found.path}, which is outside src`;
	const surface = surfaceOf(path);
	const other = surfaceOf(found.path);
	if (surface !== null && other !== null && surface !== other) {
		return `the surface ${surface} imports the surface ${other}: move what both need to src/server/shared`;
	}
	if (allowed(found.path, [layerName, ...layer.own])) return null;
	const exception = exceptions.find(
		(one) => one.file === path && found.path?.startsWith(one.own) === true,
	);
	if (exception === undefined) {
		return `${layerName} imports ${found.path}; it may import ${["itself", ...layer.own].join(", ")}`;
	}
	if (exception.lazy && found.kind === "static") {
		return `imports ${found.path} at once: use a lazy import(), start-up is paid by every command`;
	}
	return null;
}

function foreignProblem(layerName: string, layer: Layer, specifier: string): string | null {
	const platform = specifier.startsWith("node:") || specifier === "bun";
	if (platform) {
		if (layer.platform === "all" || layer.platform.includes(specifier)) return null;
		return `${layerName} imports ${specifier}: pass it in through a port`;
	}
	const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
	if (layer.packages.includes(name)) return null;
	const owners = Object.keys(layers).filter((one) => layers[one]?.packages.includes(name));
	return `${layerName} imports the package ${name}; it belongs to ${owners.join(", ") || "no layer"}`;
}

/** Files of src that the build's entry does not reach; declarations of types are never imported. */
export function unreachableFiles(files: readonly SourceFile[]): Violation[] {
	const byPath = new Map(files.map((file) => [file.path, file]));
	const entries = ["src/main.ts"];
	const reached = new Set(entries);
	const queue = [...entries];
	for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
		const file = byPath.get(path);
		for (const found of file === undefined ? [] : importsOf(file)) {
			if (found.path === null || reached.has(found.path)) continue;
			reached.add(found.path);
			queue.push(found.path);
		}
	}
	return files
		.filter((file) => !reached.has(file.path) && !file.path.endsWith(".d.ts"))
		.map((file) => `${file.path}:1: nothing that src/main.ts imports leads here: remove the file`);
}

function layerOf(path: string): string | null {
	return Object.keys(layers).find((layer) => allowed(path, [layer])) ?? null;
}

function allowed(path: string, patterns: readonly string[]): boolean {
	return patterns.some((one) => (one.endsWith("/") ? path.startsWith(one) : path === one));
}

function surfaceOf(path: string): string | null {
	return /^src\/server\/surfaces\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/**
 * Builds the executable: `dist/taco`, or `dist/<target>/taco` for another system.
 *
 *   bun run build [-- --target bun-linux-arm64]
 *
 * The same commit gives the same bytes: the version comes from package.json, commit and date from
 * git, and the file is always built under the same name, which Bun embeds.
 */
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../package.json" with { type: "json" };
import { fail, output, projectRoot } from "./run-command.ts";

const dist = join(projectRoot, "dist");

export interface BuildOptions {
	/** A Bun compile target such as `bun-linux-arm64`; this system when absent. */
	readonly target?: string | undefined;
}

/** Builds and gives the executable's path. Throws with Bun's messages when the build fails. */
export async function build(options: BuildOptions = {}): Promise<string> {
	const { target } = options;
	const windows = target === undefined ? process.platform === "win32" : target.includes("windows");
	const name = windows ? "taco.exe" : "taco";
	const folder = target === undefined ? dist : join(dist, target);
	await mkdir(folder, { recursive: true });
	// Built aside and renamed: a running executable cannot be written to, and must not be half new.
	const aside = await mkdtemp(join(dist, ".build-"));
	try {
		await bundle(join(aside, name), target);
		await chmod(join(aside, name), 0o755);
		await rename(join(aside, name), join(folder, name));
	} finally {
		// The source maps beside the executable go too: it carries its own copy of them.
		await rm(aside, { recursive: true, force: true });
	}
	return join(folder, name);
}

async function bundle(outfile: string, target: string | undefined): Promise<void> {
	const source = join(projectRoot, "src");
	const result = await Bun.build({
		entrypoints: [join(source, "main.ts")],
		root: source,
		target: "bun",
		// Splitting with bytecode makes a lazy import() free until it is used; that needs ESM.
		format: "esm",
		splitting: true,
		bytecode: true,
		minify: true,
		sourcemap: "linked",
		define: { "process.env.NODE_ENV": '"production"', ...buildGlobals() },
		throw: false,
		compile: {
			outfile,
			...(target === undefined ? {} : { target: target as Bun.Build.CompileTarget }),
			// By default the executable would load settings, and run code, from the current directory.
			autoloadDotenv: false,
			autoloadBunfig: false,
			autoloadTsconfig: false,
			autoloadPackageJson: false,
		},
	});
	if (!result.success) {
		throw new Error(result.logs.map((log) => Bun.inspect(log)).join("\n") || "the build failed");
	}
}

function buildGlobals(): Record<string, string> {
	const head = output(["git", "rev-parse", "HEAD"]);
	const changed = output(["git", "status", "--porcelain", "--untracked-files=no"]);
	const seconds = process.env.SOURCE_DATE_EPOCH ?? output(["git", "show", "-s", "--format=%ct"]);
	const commit = head === null ? "unknown" : `${head}${changed ? "-dirty" : ""}`;
	const date = seconds ? new Date(Number(seconds) * 1000).toISOString() : "unknown";
	return {
		BUILD_VERSION: JSON.stringify(packageJson.version),
		BUILD_COMMIT: JSON.stringify(commit),
		BUILD_DATE: JSON.stringify(date.replace(".000Z", "Z")),
	};
}

if (import.meta.main) {
	const { values } = parseArgs({ options: { target: { type: "string" } } });
	try {
		const path = await build({ target: values.target });
		console.log(`built ${path} (${Math.round(Bun.file(path).size / 1e6)} MB)`);
	} catch (error) {
		fail(error instanceof Error ? error.message : String(error));
	}
}

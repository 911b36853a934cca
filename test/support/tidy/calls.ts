/** Calls that a layer must not make, each with what to use instead. */
import { codeOnly, matches, type SourceFile, type Violation } from "./sources.ts";

interface Ban {
	readonly pattern: RegExp;
	readonly name: string;
	readonly instead: string;
	/** Path prefixes that the rule holds for. */
	readonly within: readonly string[];
	/** Files that may: each is the one place where it belongs. */
	readonly except?: readonly string[];
}

const everywhere = ["src/"];
const deterministic = ["src/core/", "src/storage/", "src/auth/"];

const bans: readonly Ban[] = [
	{
		pattern: /\bDate\.now\s*\(|\bnew Date\(\s*\)|\bperformance\.now\s*\(/g,
		name: "reads the machine's clock",
		instead: "the Clock port",
		within: deterministic,
	},
	{
		pattern: /\bMath\.random\s*\(/g,
		name: "Math.random",
		instead: "the Random port",
		within: everywhere,
	},
	{
		pattern: /\bcrypto\.(?:randomUUID|getRandomValues|randomBytes)\b|\brandom(?:Bytes|UUID)\s*\(/g,
		name: "makes its own randomness",
		instead: "the Random port (randomId, randomUuid)",
		within: ["src/core/"],
		except: ["src/core/ports/random.ts"],
	},
	{
		pattern: /\b(?:setTimeout|setInterval|setImmediate)\s*\(|\bBun\.sleep\b/g,
		name: "starts a timer",
		instead: "the Clock port's sleep",
		within: ["src/core/"],
	},
	{
		pattern: /\bfetch\s*\(|\bBun\.(?:file|write|serve|spawn|spawnSync|s3|S3Client)\b/g,
		name: "reaches outside",
		instead: "a port of src/core/ports",
		within: ["src/core/"],
	},
	{
		pattern: /\bBun\.write\b/g,
		name: "Bun.write (no fsync, no exclusive create)",
		instead: "the durable write of src/storage/filesystem",
		within: ["src/storage/", "src/server/", "src/auth/"],
	},
	{
		pattern: /\bprocess\.env\b|\bBun\.env\b/g,
		name: "reads the environment",
		instead: "the values that server/config.ts and cli/io.ts hand on",
		within: everywhere,
		except: ["src/server/config.ts", "src/cli/io.ts", "src/provider/main.ts", "src/main.ts"],
	},
	{
		pattern: /\bconsole\.\w+/g,
		name: "console",
		instead: "the streams of cli/io.ts, or the Log port",
		within: everywhere,
	},
	{
		pattern: /\bprocess\.exit\s*\(/g,
		name: "process.exit",
		instead: "a returned exit code, so that output is flushed and deferred work runs",
		within: everywhere,
		except: ["src/cli/io.ts", "src/provider/plugin/run.ts"],
	},
];

/** Banned calls in `files`. */
export function callViolations(files: readonly SourceFile[]): Violation[] {
	return files.flatMap((file) => {
		const code = codeOnly(file.text);
		return bans
			.filter((ban) => ban.within.some((prefix) => file.path.startsWith(prefix)))
			.filter((ban) => ban.except?.includes(file.path) !== true)
			.flatMap((ban) =>
				matches(
					file,
					code,
					ban.pattern,
					(match) => `${match[0].trim()}: ${ban.name}; use ${ban.instead}`,
				),
			);
	});
}

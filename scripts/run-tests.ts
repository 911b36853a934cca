/** Runs `bun test` and the checks around it, and adds up what they say. */
import { availableParallelism } from "node:os";
import { projectRoot, run, tools } from "./run-command.ts";

export interface Tally {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
}

/** A check counts as one test. */
export async function runCheck(command: readonly string[]): Promise<Tally> {
	const passed = (await run(command)) === 0;
	return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** Types and lint, one after the other so that their messages do not mix. */
export async function runStaticChecks(): Promise<Tally> {
	const types = await runCheck([...tools.tsc, "--noEmit", "--pretty", "false"]);
	const lint = await runCheck([...tools.biome, "check", "--error-on-warnings", "."]);
	return sum([types, lint]);
}

/** The test files that match `patterns` (all when there are none). */
export async function runTests(patterns: readonly string[] = []): Promise<Tally> {
	const workers = Math.min(availableParallelism(), 4);
	const command = ["test", "--timeout=60000", `--parallel=${workers}`, ...patterns];
	console.log(`$ bun ${command.join(" ")}`);
	const child = Bun.spawn([process.execPath, ...command], {
		cwd: projectRoot,
		stdio: ["ignore", "inherit", "pipe"],
		env: { ...process.env, NODE_ENV: "test" },
	});
	const summary = await echoAndKeepTail(child.stderr);
	const counts = readSummary(summary);
	// A runner that dies before it has counted has not passed.
	return (await child.exited) === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

const tailCharacters = 4000;

async function echoAndKeepTail(stream: ReadableStream<Uint8Array>): Promise<string> {
	const decoder = new TextDecoder();
	let tail = "";
	for await (const chunk of stream) {
		process.stderr.write(chunk);
		tail = (tail + decoder.decode(chunk, { stream: true })).slice(-tailCharacters);
	}
	return tail;
}

/** The counts that `bun test` prints last, such as ` 12 pass`. */
export function readSummary(text: string): Tally {
	const count = (word: string) => {
		const lines = [...text.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))];
		return Number(lines.at(-1)?.[1] ?? 0);
	};
	return { passed: count("pass"), failed: count("fail"), skipped: count("skip") + count("todo") };
}

export function sum(tallies: readonly Tally[]): Tally {
	const total = (key: keyof Tally) => tallies.reduce((before, tally) => before + tally[key], 0);
	return { passed: total("passed"), failed: total("failed"), skipped: total("skipped") };
}

/** Prints the tally alone on the last line and sets the exit code. */
export function report(tally: Tally): void {
	console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
	process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
}

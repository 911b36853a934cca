/**
 * `bun run sim`: the simulation of faults, with fresh seeds or one that is named.
 *
 *   bun run sim -- --seconds 60          fresh seeds for a minute
 *   bun run sim -- --seeds 500           so many fresh seeds
 *   bun run sim -- --seed s-17 --focus pruning   one seed again, with its smallest set of faults
 *   bun run sim -- --bug "no nonce"      with a planted bug, which must be found
 *   bun run sim -- --seed s-17 --trace   everything that happened in it
 */
import { parseArgs } from "node:util";
import { campaign, shrink, type Tally } from "../test/sim/campaign.ts";
import { type Code, loadCode } from "../test/sim/code.ts";
import { plantedBugs } from "../test/sim/planted-bugs.ts";
import { withPlanted } from "../test/sim/planted-code.ts";
import { runSeed } from "../test/sim/run-seed.ts";
import { type Focus, foci } from "../test/sim/swarm.ts";

const { values } = parseArgs({
	options: {
		seed: { type: "string" },
		root: { type: "string" },
		seeds: { type: "string" },
		seconds: { type: "string" },
		focus: { type: "string" },
		bug: { type: "string" },
		trace: { type: "boolean", default: false },
	},
});

const secondsDefault = 30;
const startedAt = performance.now();

function focusOf(text: string | undefined): Focus | null {
	if (text === undefined) return null;
	const focus = foci.find((one) => one === text);
	if (focus === undefined) throw new Error(`--focus is one of ${foci.join(", ")}`);
	return focus;
}

function numberOf(name: string, text: string | undefined): number | null {
	if (text === undefined) return null;
	const number = Number(text);
	if (!Number.isFinite(number) || number <= 0) throw new Error(`--${name} takes a number above 0`);
	return number;
}

function describeTally(tally: Tally): string {
	const seconds = (performance.now() - startedAt) / 1000;
	return `${tally.seeds} seeds in ${seconds.toFixed(1)} s (${(tally.seeds / seconds).toFixed(1)}/s), ${tally.attempts} requests, ${tally.calls} store calls, ${tally.faults} faults`;
}

/** One seed, made small; true when it holds. */
async function examine(code: Code, seed: string, focus: Focus): Promise<boolean> {
	const report = await runSeed(code, seed, { focus, isTracing: values.trace });
	for (const line of report.trace) console.log(line);
	if (report.violations.length === 0) {
		console.log(
			`seed ${seed} (${focus}) holds: ${report.calls} calls, ${report.faults.length} faults`,
		);
		return true;
	}
	console.log(`seed ${seed} (${focus}) breaks:`);
	for (const { invariant, what } of report.violations) console.log(`  ${invariant}: ${what}`);
	const small = await shrink(code, seed, focus);
	console.log(`with ${small.faults.length} of ${report.faults.length} faults it still does:`);
	for (const fault of small.faults) console.log(`  at ${fault.at} ms ${fault.id} ${fault.what}`);
	for (const { invariant, what } of small.report.violations) console.log(`  ${invariant}: ${what}`);
	console.log(`again: bun run sim -- --seed ${seed} --focus ${focus} --trace`);
	return false;
}

/** Fresh seeds; true when none fails. */
async function explore(code: Code, asked: Focus | null): Promise<boolean> {
	const root = values.root ?? Math.floor(Math.random() * 1e9).toString(36);
	const seedsMax = numberOf("seeds", values.seeds);
	const seconds =
		numberOf("seconds", values.seconds) ?? (seedsMax === null ? secondsDefault : null);
	console.log(`root seed ${root}`);
	const mayGoOn = () => seconds === null || performance.now() - startedAt < seconds * 1000;
	const wanted = asked === null ? foci : [asked];
	const { tally, failed } = await campaign(
		code,
		root,
		wanted,
		seedsMax ?? Number.POSITIVE_INFINITY,
		mayGoOn,
	);
	console.log(describeTally(tally));
	if (failed === null) return true;
	await examine(code, failed.report.seed, failed.focus);
	return false;
}

async function main(): Promise<boolean> {
	const focus = focusOf(values.focus);
	if (values.bug === undefined) {
		const code = await loadCode();
		return values.seed === undefined
			? await explore(code, focus)
			: await examine(code, values.seed, focus ?? "everything");
	}
	const bug = plantedBugs.find((one) => one.name.includes(values.bug ?? ""));
	if (bug === undefined) {
		throw new Error(`--bug is a part of one of:\n${plantedBugs.map((one) => one.name).join("\n")}`);
	}
	console.log(`planted: ${bug.name}`);
	const holds = await withPlanted(bug.edits, (code) =>
		values.seed === undefined
			? explore(code, focus ?? bug.focus)
			: examine(code, values.seed, focus ?? bug.focus),
	);
	if (holds) console.log("the bug was not found");
	return !holds;
}

try {
	process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exitCode = 2;
}

/** The graph under concurrent runs, lost answers and deaths of servers; and bugs planted in it. */
import { describe, expect, test } from "bun:test";
import { type Code, loadCode } from "./code.ts";
import { type GraphFocus, runGraphSeed } from "./graph-run.ts";
import { type Edit, withPlanted } from "./planted-code.ts";

const root = process.env.OPENTACO_TEST_SEED ?? "graph";
const code = await loadCode();

async function firstFailure(under: Code, focus: GraphFocus, seedsMax: number) {
	let applies = 0;
	const statuses = new Set<string>();
	for (let number = 0; number < seedsMax; number++) {
		const report = await runGraphSeed(under, `${root}-${number}`, focus);
		applies += report.applies;
		for (const line of report.statuses) statuses.add(line.split(" ").at(-1) ?? "");
		if (report.violations.length > 0)
			return { failed: report, number: number + 1, applies, statuses };
	}
	return { failed: null, number: seedsMax, applies, statuses };
}

describe(`the graph, root seed ${root}`, () => {
	for (const focus of ["calm", "faults"] as const) {
		test(`every server says what the heads say: ${focus}`, async () => {
			const { failed, applies } = await firstFailure(code, focus, 8);
			expect(failed?.violations ?? []).toEqual([]);
			expect(applies).toBeGreaterThan(100);
		}, 300_000);
	}
});

interface Bug {
	readonly name: string;
	readonly focus: GraphFocus;
	readonly seedsMax: number;
	readonly edits: readonly Edit[];
}

const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace });
const view = "core/graph/view.ts";
const live = "core/graph/live.ts";
const writer = "core/state/writer.ts";
const byHand = "core/graph/acknowledge.ts";

const bugs: readonly Bug[] = [
	{
		name: "surgery acknowledges",
		focus: "calm",
		seedsMax: 20,
		edits: [
			edit(
				"core/lock/acknowledgement.ts",
				"if (lock?.upstream === undefined || isSurgery(lock.info.Operation)) return null;",
				"if (lock?.upstream === undefined) return null;",
			),
		],
	},
	{
		name: "a restore keeps what was acknowledged",
		focus: "calm",
		seedsMax: 20,
		edits: [
			edit(
				writer,
				'const isKept = operation === "write" && acknowledged === null;',
				"const isKept = acknowledged === null;",
			),
		],
	},
	{
		name: "servers never look for what others changed",
		focus: "calm",
		seedsMax: 20,
		edits: [
			edit(
				view,
				"for (const summary of summaries) this.#take(summary);",
				"for (const summary of summaries) if (!this.#entries.has(summary.id)) this.#take(summary);",
			),
		],
	},
	{
		name: "a digest of an earlier version is taken from the current one",
		focus: "calm",
		seedsMax: 20,
		edits: [
			edit(
				view,
				"if (node?.version?.number !== number) return versions.digest(unit, number, output);",
				"",
			),
		],
	},
	{
		name: "a copy in the state counts for less than its lock",
		focus: "calm",
		seedsMax: 40,
		edits: [
			edit(
				"core/graph/judge.ts",
				"const recorded = draft.recorded[0];",
				"const recorded = target.acknowledged.has(draft.from) ? undefined : draft.recorded[0];",
			),
		],
	},
	{
		name: "a lock remembers the number that will come next",
		focus: "calm",
		seedsMax: 20,
		edits: [
			edit(
				live,
				"return [[unit, Math.max(inHead ?? 0, inView ?? 0)]];",
				"return [[unit, Math.max(inHead ?? 0, inView ?? 0) + 1]];",
			),
		],
	},
	{
		name: "a server that has just started acknowledges nothing",
		focus: "calm",
		seedsMax: 10,
		edits: [edit(live, "if (!this.#isRunning) return undefined;", "return undefined;")],
	},
	{
		name: "somebody acknowledges while a run is under way",
		focus: "calm",
		seedsMax: 20,
		edits: [edit(byHand, "if (state.lock !== null) throw lockedError(state.lock);", "")],
	},
	{
		name: "somebody acknowledges what this server remembers",
		focus: "calm",
		seedsMax: 20,
		edits: [edit(live, "await this.confirm(above);\n", "")],
	},
	{
		name: "somebody acknowledges what came after the heads were confirmed",
		focus: "calm",
		seedsMax: 20,
		edits: [edit(byHand, "Math.max(version, before.get(unit) ?? version),", "version + 1,")],
	},
];

describe(`planted bugs of the graph, root seed ${root}`, () => {
	test.each(bugs.map((bug) => [bug.name, bug] as const))(
		"is found: %s",
		async (_name, { name, focus, seedsMax, edits }) => {
			const { failed, number } = await withPlanted(edits, (planted) =>
				firstFailure(planted, focus, seedsMax),
			);
			if (failed === null) throw new Error(`not found in ${number} seeds`);
			console.log(`${name}: number ${number} of at most ${seedsMax}: ${failed.violations[0]}`);
			const without = await runGraphSeed(code, failed.seed, focus);
			expect(without.violations).toEqual([]);
		},
		300_000,
	);
});

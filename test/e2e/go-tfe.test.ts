/**
 * The tests of go-tfe, the vendor's client library, where a build of them is given. Those that fail
 * here are listed with their reasons; one that fails or passes against the list is news.
 */
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { adminToken, startServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const program = process.env.OPENTACO_TEST_GO_TFE;
const timeoutMs = 600_000;

if (program === undefined) {
	process.stderr.write(
		"\nSKIPPED: go-tfe: OPENTACO_TEST_GO_TFE does not name a build of its tests\n",
	);
}

const of =
	"Workspaces[A-Z_]|Workspace_|Projects|WorkspaceResources|StateVersion|Organizations[A-Z_]|Organization_|OrganizationTags|OrganizationMember|OrganizationTokens|Teams?[A-Z_]|User|Variable";

type Outcome = "PASS" | "FAIL" | "SKIP";

/** Each test by its name with how it ended, but for those that only sum up the tests below them. */
function outcomesIn(output: string): Map<string, Outcome> {
	const all = new Map<string, Outcome>();
	for (const [, outcome, name] of output.matchAll(/--- (PASS|FAIL|SKIP): (\S+) \(/g)) {
		all.set(name ?? "", outcome as Outcome);
	}
	const isSum = (name: string, outcome: Outcome) =>
		[...all].some(
			([other, its]) => other.startsWith(`${name}/`) && (outcome !== "FAIL" || its === "FAIL"),
		);
	return new Map([...all].filter(([name, outcome]) => !isSum(name, outcome)));
}

test.skipIf(program === undefined)(
	"the tests of go-tfe fail where they should, and nowhere else",
	async () => {
		const path = join(import.meta.dir, "../fixtures/go-tfe-failures.json");
		const reasons = JSON.parse(await readFile(path, "utf8")) as Record<string, string[]>;
		await using folder = await temporaryDirectory();
		await using server = await startServer({ cwd: folder.path });
		const child = Bun.spawn(
			[
				program ?? "",
				"-test.v",
				"-test.parallel=4",
				"-test.timeout=590s",
				`-test.run=^Test(${of})`,
			],
			{
				cwd: dirname(program ?? ""),
				env: {
					...{ PATH: process.env.PATH ?? "", HOME: folder.path },
					...{ TFE_ADDRESS: server.url, TFE_TOKEN: adminToken, ENABLE_BETA: "1" },
				},
				stdio: ["ignore", "pipe", "ignore"],
			},
		);
		const outcomes = outcomesIn(await new Response(child.stdout).text());
		const those = (wanted: Outcome) =>
			[...outcomes].flatMap(([name, outcome]) => (outcome === wanted ? [name] : [])).sort();
		const [passed, failed, skipped] = [those("PASS"), those("FAIL"), those("SKIP")];
		process.stderr.write(
			`go-tfe: ${passed.length} pass, ${failed.length} fail, ${skipped.length} skipped\n`,
		);
		expect(failed).toEqual(Object.values(reasons).flat().sort());
		expect(passed.length).toBeGreaterThan(400);
	},
	timeoutMs,
);

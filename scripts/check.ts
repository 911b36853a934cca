/**
 * `bun run check`: what a change must pass before it is committed; no build, no end-to-end tests.
 * Types, lint, the repository's rules, unit, contract and surface tests, then a minute of
 * simulation with fresh seeds.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./run-command.ts";
import { report, runCheck, runStaticChecks, runTests, sum } from "./run-tests.ts";

const simulationSeconds = 60;
const suites = ["tidy.test.ts", "unit", "contract", "surface"];

const checks = await runStaticChecks();
const tests = await runTests(
	suites.map((suite) => `./test/${suite}`).filter((path) => existsSync(join(projectRoot, path))),
);
const simulation = existsSync(join(projectRoot, "scripts/sim.ts"))
	? [await runCheck([process.execPath, "scripts/sim.ts", "--seconds", String(simulationSeconds)])]
	: [];
report(sum([checks, tests, ...simulation]));

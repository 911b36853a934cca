/**
 * `npm test`: everything, from a fresh clone. Installs, builds, checks types and lint, runs all
 * tests. Ends with one line, `N passed, N failed, N skipped`, over all of them. Arguments after
 * `--` are patterns of test files: with them only those run, against a fresh build.
 */
import { fail, install } from "./run-command.ts";
import { report, runCheck, runStaticChecks, runTests, sum } from "./run-tests.ts";

if ((await install()) !== 0) fail("the packages could not be installed");

const patterns = process.argv.slice(2);
const build = await runCheck([process.execPath, "scripts/build.ts"]);
const checks = patterns.length === 0 ? [await runStaticChecks()] : [];
const tests = await runTests(patterns);
report(sum([build, ...checks, tests]));

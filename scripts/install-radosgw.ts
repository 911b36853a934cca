/**
 * Installs Ceph's radosgw from Debian's packages, for the contract tests against a real S3 server.
 * Needs root and apt; says so and ends with 0 where they are missing, for the tests then say
 * themselves what they skip. `--required` makes that an error.
 */

import { radosgwAvailable } from "../test/support/radosgw.ts";

const packages = ["radosgw", "ceph-mon", "ceph-osd", "ceph-common"];

async function apt(...parameters: string[]): Promise<void> {
	const process = Bun.spawn(["apt-get", ...parameters], {
		stdin: "ignore",
		stdout: "inherit",
		stderr: "inherit",
		env: { ...Bun.env, DEBIAN_FRONTEND: "noninteractive" },
	});
	const code = await process.exited;
	if (code !== 0) throw new Error(`apt-get ${parameters[0]} ended with ${code}`);
}

async function main(): Promise<number> {
	if (radosgwAvailable()) {
		console.log("radosgw is installed.");
		return 0;
	}
	const possible = Bun.which("apt-get") !== null && process.getuid?.() === 0;
	if (!possible) {
		console.warn("SKIPPED: radosgw cannot be installed here: it needs root and apt.");
		return Bun.argv.includes("--required") ? 1 : 0;
	}
	await apt("update");
	await apt("install", "-y", "--no-install-recommends", ...packages);
	if (!radosgwAvailable()) throw new Error("radosgw was installed and is not there");
	return 0;
}

process.exit(await main());

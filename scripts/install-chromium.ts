/**
 * Installs Debian's Chromium, for the tests that log in with a real browser. Needs root and apt;
 * says so and ends with 0 where they are missing, for the tests then say themselves what they skip.
 */
import { findChromium } from "../test/support/chromium.ts";

async function apt(...parameters: string[]): Promise<void> {
	const child = Bun.spawn(["apt-get", ...parameters], {
		stdin: "ignore",
		stdout: "inherit",
		stderr: "inherit",
		env: { ...Bun.env, DEBIAN_FRONTEND: "noninteractive" },
	});
	const code = await child.exited;
	if (code !== 0) throw new Error(`apt-get ${parameters[0]} ended with ${code}`);
}

if (findChromium() !== null) {
	console.log("chromium is installed.");
} else if (Bun.which("apt-get") === null || process.getuid?.() !== 0) {
	console.warn("SKIPPED: chromium cannot be installed here: it needs root and apt.");
} else {
	await apt("update");
	await apt("install", "-y", "--no-install-recommends", "chromium");
	if (findChromium() === null) throw new Error("chromium was installed and is not there");
}

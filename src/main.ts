/**
 * The executable's entry. It decides by the name that it was called by and loads the rest lazily:
 * start-up time is paid by every command.
 */
import { basename } from "node:path";

/** The server's earlier names: a link with such a name serves. */
const servingNames = ["statesman", "opentacosvc"];
const versionWords = ["version", "-version", "--version"];

/** By this name Terraform starts providers: the name, then `_v` and the version. */
const providerName = "terraform-provider-opentaco";
/** How Terraform makes itself known; shells that wrap the executable lose its name. */
const pluginCookie = "TF_PLUGIN_MAGIC_COOKIE";

// In a compiled executable argv[0] is always "bun"; argv0 is the name as it was called.
const calledAs = basename(process.argv0).replace(/\.exe$/i, "");
const given = process.argv.slice(2);
const isProvider =
	calledAs.startsWith(providerName) ||
	(given.length === 0 && process.env[pluginCookie] !== undefined);

if (isProvider) {
	const { main } = await import("./provider/main.ts");
	await main(providerName);
} else {
	const serves = servingNames.includes(calledAs);
	const args = serves && !versionWords.includes(given[0] ?? "") ? ["serve", ...given] : given;
	const { main } = await import("./cli/index.ts");
	process.exitCode = await main(args, { program: serves ? calledAs : "taco" });
}

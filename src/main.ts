/**
 * The executable's entry. It decides by the name that it was called by and loads the rest lazily:
 * start-up time is paid by every command.
 */
import { basename } from "node:path";

/** The server's earlier names: a link with such a name serves. */
const servingNames = ["statesman", "opentacosvc"];
const versionWords = ["version", "-version", "--version"];

// In a compiled executable argv[0] is always "bun"; argv0 is the name as it was called.
const calledAs = basename(process.argv0).replace(/\.exe$/i, "");
const serves = servingNames.includes(calledAs);
const given = process.argv.slice(2);
const args = serves && !versionWords.includes(given[0] ?? "") ? ["serve", ...given] : given;

const { main } = await import("./cli/index.ts");
process.exitCode = await main(args, { program: serves ? calledAs : "taco" });

/**
 * Writes docs/reference/cli-commands.md from the commands' own declarations:
 *
 *   bun scripts/generate-cli-docs.ts
 */
import { join } from "node:path";
import { type CommandMap, isGroup, type Leaf } from "../src/cli/command.ts";
import { exitCodeMeanings } from "../src/cli/exit-codes.ts";
import {
	type Described,
	describeArguments,
	describeCommands,
	describeFlags,
	describeGlobalFlags,
	usageLine,
} from "../src/cli/help.ts";
import { commands } from "../src/cli/registry.ts";
import { projectRoot } from "./run-command.ts";

export const referencePath = join(projectRoot, "docs/reference/cli-commands.md");

/** The whole page. */
export async function cliReference(): Promise<string> {
	const sections: string[] = [];
	await describe(commands, "taco", sections);
	return `${[intro(), ...sections].join("\n\n")}\n`;
}

function intro(): string {
	const codes = Object.entries(exitCodeMeanings).map(
		([code, meaning]) => `| ${code} | ${meaning} |`,
	);
	return [
		"# Commands of `taco`",
		"<!-- Written by scripts/generate-cli-docs.ts; change the commands, not this page. -->",
		"The guide with examples is [The command line](../cli.md).",
		"## Commands",
		table(["Command", "What it does"], describeCommands(commands)),
		"## Global flags",
		"Every command takes them, before or after its name.",
		table(["Flag", "Meaning"], describeGlobalFlags()),
		"## Exit codes",
		["| Code | Meaning |", "| --- | --- |", ...codes].join("\n"),
		"A code that is not in this table is a failure too.",
	].join("\n\n");
}

async function describe(map: CommandMap, path: string, sections: string[]): Promise<void> {
	for (const [name, node] of Object.entries(map)) {
		const here = `${path} ${name}`;
		if (isGroup(node)) {
			sections.push(`## ${here}`, sentence(node.summary));
			sections.push(table(["Command", "What it does"], describeCommands(node.children)));
			await describe(node.children, here, sections);
		} else {
			sections.push(`${path === "taco" ? "##" : "###"} ${here}`, await describeLeaf(here, node));
		}
	}
}

async function describeLeaf(path: string, leaf: Leaf): Promise<string> {
	const parts = [sentence(leaf.summary)];
	const aliases = (leaf.aliases ?? []).map((alias) => `\`${alias}\``);
	if (aliases.length > 0) parts.push(`Also called ${aliases.join(", ")}.`);
	const loaded = await leaf.load();
	if ("passthrough" in loaded) {
		parts.push(`Its flags are printed by \`${path} --help\`.`);
		return parts.join("\n\n");
	}
	parts.push(fence(usageLine(path, loaded.args)));
	if (loaded.details !== "") parts.push(loaded.details.replaceAll("<", "\\<"));
	const rows = [...describeArguments(loaded.args), ...describeFlags(loaded.args)];
	if (rows.length > 0) parts.push(table(["Argument or flag", "Meaning"], rows));
	if (loaded.examples.length > 0) parts.push(fence(loaded.examples.join("\n")));
	return parts.join("\n\n");
}

function sentence(text: string): string {
	return `${text.replace(/\.$/, "")}.`;
}

function fence(text: string): string {
	return `\`\`\`sh\n${text}\n\`\`\``;
}

function table(titles: readonly [string, string], rows: readonly Described[]): string {
	const cell = (text: string): string => text.replaceAll("|", "\\|");
	return [
		`| ${titles[0]} | ${titles[1]} |`,
		"| --- | --- |",
		...rows.map(
			({ label, text }) => `| \`${cell(label)}\` | ${cell(text).replaceAll("<", "\\<")} |`,
		),
	].join("\n");
}

if (import.meta.main) {
	await Bun.write(referencePath, await cliReference());
	console.log(`written ${referencePath}`);
}

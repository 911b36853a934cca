/** The settings' table as text: for the terminal, and for docs/reference/environment.md. */
import { type Setting, settingGroups, settings } from "./setting-table.ts";

const indent = 6;
const width = 92;

function shownValue(setting: Setting): string {
	if (setting.kind === "boolean") return "";
	if (setting.choices !== undefined) return ` ${setting.choices.join("|")}`;
	return setting.kind === "whole number"
		? " <n>"
		: setting.kind === "bytes"
			? " <size>"
			: " <value>";
}

function wrapped(text: string): string[] {
	const lines: string[] = [];
	let line = "";
	for (const word of text.split(" ")) {
		if (line !== "" && line.length + word.length + 1 > width - indent) {
			lines.push(line);
			line = "";
		}
		line += line === "" ? word : ` ${word}`;
	}
	return [...lines, line];
}

function helpEntry(setting: Setting): string {
	const flag = setting.flag === null ? "(no flag)" : `--${setting.flag}${shownValue(setting)}`;
	const own = setting.variables[0];
	const text = [
		`${setting.description}.`,
		`Default: ${setting.default}.`,
		...(own === undefined ? [] : [`Variable: ${own}.`]),
	].join(" ");
	return [`  ${flag}`, ...wrapped(text).map((line) => " ".repeat(indent) + line)].join("\n");
}

/** What `taco serve --help` prints. */
export function serveHelp(): string {
	const groups = settingGroups.map((group) => {
		const entries = settings.filter((setting) => setting.group === group).map(helpEntry);
		return `${group}:\n${entries.join("\n")}`;
	});
	return `Runs the state server.

Usage: taco serve [flags]

A flag goes before its variable, and a variable before the default. Flags may be written with one
dash or two, and with a space or "=" before the value.

${groups.join("\n\n")}

Examples:
  taco serve                                   a folder here, port 8080, admin token shown once
  taco serve --s3-bucket states --s3-region eu-west-1
  taco serve --storage memory --auth-disable   to play: nothing is kept, nobody is asked
`;
}

function cell(text: string): string {
	return text.replaceAll("|", "\\|");
}

function row(setting: Setting): string {
	const flag = setting.flag === null ? "none" : `\`--${setting.flag}\``;
	const [own, ...others] = setting.variables.map((name) => `\`${name}\``);
	const choices =
		setting.choices === undefined
			? ""
			: `: ${setting.choices.map((choice) => `\`${choice}\``).join(", ")}`;
	const fallbacks =
		others.length === 0 ? "" : ` Without ${own}, ${others.join(", ")} count in this order.`;
	const description = `${setting.description}${choices}.${fallbacks}`;
	return `| ${own ?? "none"} | ${flag} | ${cell(setting.default)} | ${cell(description)} |`;
}

/** The generated part of docs/reference/environment.md. */
export function environmentTables(): string {
	return settingGroups
		.map((group) => {
			const rows = settings.filter((setting) => setting.group === group).map(row);
			return `## ${group}\n\n| Variable | Flag | Default | Meaning |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
		})
		.join("\n");
}

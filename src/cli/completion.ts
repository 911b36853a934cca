/** Completion scripts, made from the registry. They run nothing but the shell itself. */
import type { ArgsDef } from "citty";
import { aliases } from "./arguments.ts";
import { type CommandMap, isGroup } from "./command.ts";
import { usageError } from "./errors.ts";
import { globalFlags } from "./global-flags.ts";
import { commands } from "./registry.ts";
import { nearest } from "./suggest.ts";

export const completionShells = ["bash", "zsh", "fish"] as const;

interface Place {
	/** The words that lead here, such as `unit ls`; empty for the program itself. */
	readonly path: string;
	readonly words: readonly { readonly word: string; readonly summary: string }[];
	readonly flags: readonly { readonly flag: string; readonly summary: string }[];
}

/** @throws CliError `usage` for another shell. */
export async function completionScript(shell: string): Promise<string> {
	const places = await placesOf(commands, "");
	if (shell === "bash") return bash(places);
	if (shell === "zsh")
		return `#compdef taco\nautoload -U +X bashcompinit && bashcompinit\n${bash(places)}`;
	if (shell === "fish") return fish(places);
	const guess = nearest(shell, completionShells);
	throw usageError(
		`<shell> must be one of ${completionShells.join(", ")}`,
		guess === null ? "" : `did you mean ${guess}?`,
	);
}

async function placesOf(map: CommandMap, path: string): Promise<Place[]> {
	const words = Object.entries(map).map(([word, { summary }]) => ({ word, summary }));
	const places: Place[] = [{ path, words, flags: flagsOf(globalFlags) }];
	for (const [name, node] of Object.entries(map)) {
		const below = path === "" ? name : `${path} ${name}`;
		if (isGroup(node)) {
			places.push(...(await placesOf(node.children, below)));
			continue;
		}
		const loaded = await node.load();
		if ("passthrough" in loaded) continue;
		const flags = flagsOf({ ...loaded.args, ...globalFlags });
		const values = Object.values(loaded.args).flatMap((definition) =>
			definition.type === "enum" ? (definition.options ?? []) : [],
		);
		const fromPositional = name === "completion" ? completionShells : values;
		places.push({
			path: below,
			words: fromPositional.map((word) => ({ word, summary: "" })),
			flags,
		});
	}
	return places;
}

function flagsOf(args: ArgsDef): { flag: string; summary: string }[] {
	const help = { flag: "--help", summary: "Print the help" };
	const own = Object.entries(args)
		.filter(([, { type }]) => type !== "positional")
		.flatMap(([name, definition]) =>
			[name, ...aliases(definition)]
				.filter((spelling) => spelling.length > 1)
				.map((spelling) => ({ flag: `--${spelling}`, summary: definition.description ?? "" })),
		);
	return [...own, help];
}

function bash(places: readonly Place[]): string {
	const cases = places.map(({ path, words, flags }) => {
		const all = words.map(({ word }) => word).join(" ");
		const options = flags.map(({ flag }) => flag).join(" ");
		return `    "${path}") words="${all}"; flags="${options}" ;;`;
	});
	return `# taco completion; load it with: source <(taco completion bash)
_taco() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" flags="" word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$path $word" in
${groupCases(places)}
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=()
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n "$words" ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F _taco taco
`;
}

/** How a word leads from one place to the next: `"unit ls") path="unit ls"`. */
function groupCases(places: readonly Place[]): string {
	return places
		.filter(({ path }) => path !== "")
		.map(({ path }) => {
			const parts = path.split(" ");
			const last = parts.pop() ?? "";
			return `      "${parts.join(" ")} ${last}") path="${path}" ;;`;
		})
		.join("\n");
}

function fish(places: readonly Place[]): string {
	const lines = ["# taco completion; save it as ~/.config/fish/completions/taco.fish"];
	const quoted = (text: string): string =>
		`'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
	for (const { path, words, flags } of places) {
		const parts = path === "" ? [] : path.split(" ");
		const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`).join("; and ");
		const none = words.map(({ word }) => word).join(" ");
		const here = words.length === 0 ? "" : `not __fish_seen_subcommand_from ${none}`;
		const condition = [seen, here].filter((text) => text !== "").join("; and ") || "true";
		for (const { word, summary } of words) {
			lines.push(`complete -c taco -f -n ${quoted(condition)} -a ${word} -d ${quoted(summary)}`);
		}
		const where = seen === "" ? "true" : seen;
		for (const { flag, summary } of flags) {
			lines.push(`complete -c taco -n ${quoted(where)} -l ${flag.slice(2)} -d ${quoted(summary)}`);
		}
	}
	return `${[...new Set(lines)].join("\n")}\n`;
}

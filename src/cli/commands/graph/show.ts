import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { GraphView } from "../../../api/graph.ts";
import { fileError } from "../../../client/credentials/local-file-error.ts";
import { safeText } from "../../../lib/safe-text.ts";
import { command } from "../../command.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";
import { dotOf } from "../../graph/dot.ts";
import { svgOf } from "../../graph/svg.ts";
import { type TreeLine, treeOf } from "../../graph/tree.ts";
import { painted, statusWords } from "../../graph/words.ts";

export default command({
	details:
		"What is used stands above, what uses it below, with the outputs by which it does. Only units that you may read are shown.",
	examples: [
		"taco graph",
		"taco graph --prefix myapp/",
		"taco graph --svg -f units.svg",
		"taco graph --dot | dot -Tpng > units.png",
	],
	args: {
		prefix: {
			type: "string",
			valueHint: "START",
			description: "Only units whose ids start with this, and what they are linked with",
		},
		dot: { type: "boolean", description: "Write DOT, the language of Graphviz" },
		svg: { type: "boolean", description: "Write a picture as SVG, which needs no other program" },
		file: {
			type: "string",
			alias: "f",
			valueHint: "FILE",
			description: "Write into this file instead of stdout; with --dot or --svg",
		},
	},
	async run(cli, { prefix, dot, svg, file }) {
		const forms = [dot === true, svg === true, cli.output.json].filter(Boolean).length;
		if (forms > 1) throw usageError("--dot, --svg and --json are different forms", "give one");
		if (file !== undefined && dot !== true && svg !== true) {
			throw usageError("--file needs --dot or --svg");
		}
		const { graph } = await cli.client();
		const found = await graph.graph({ prefix }, { signal: cli.signal });
		if (cli.output.json) await cli.output.document(found);
		else if (dot === true) await deliver(cli, dotOf(found), file);
		else if (svg === true) await deliver(cli, svgOf(found), file);
		else await showTree(cli, found);
		for (const { address, fault } of found.faulty) {
			await cli.output.warn(`${address} declares no edge: ${fault}`);
		}
		if (found.truncated) {
			await cli.output.warn("the system unit declares more edges than the server follows");
		}
	},
});

async function deliver(cli: Cli, text: string, file: string | undefined): Promise<void> {
	if (file === undefined) {
		await cli.output.text(text);
		return;
	}
	try {
		await writeFile(resolve(cli.io.cwd, file), text);
	} catch (error) {
		throw fileError("cannot write", file, error);
	}
	await cli.output.note(`Written to ${file}`);
}

async function showTree(cli: Cli, found: GraphView): Promise<void> {
	const { lines, alone } = treeOf(found);
	if (lines.length > 0) await cli.output.text(`${aligned(cli, lines).join("\n")}\n`);
	for (const cycle of found.cycles) await cli.output.warn(`a cycle: ${cycle.join(" -> ")}`);
	if (lines.length === 0 && alone === 0) await cli.output.note("No units found");
	else if (lines.length === 0) await cli.output.note("No unit depends on another");
	else if (alone > 0) {
		await cli.output.note(`${alone} more ${alone === 1 ? "unit" : "units"} without edges`);
	}
}

const marks = {
	"": "",
	above: " (shown above)",
	cycle: " (a cycle)",
	missing: " (no such unit)",
} as const;

function aligned(cli: Cli, lines: readonly TreeLine[]): string[] {
	const { output } = cli;
	const nameOf = (line: TreeLine) => `${line.branches}${line.unit}`;
	const widest = Math.max(...lines.map((line) => Bun.stringWidth(nameOf(line))));
	const limit = output.width;
	const room = limit === null ? widest : Math.min(widest, Math.max(20, limit - 22));
	return lines.map((line) => {
		const name = nameOf(line);
		const words = statusWords[line.status];
		const used = Math.max(Bun.stringWidth(name), room) + 2 + words.length;
		// Outputs have the names that states give them.
		const via = line.outputs.length === 0 ? "" : `  ${safeText(line.outputs.join(", "))}`;
		const tail = fitted(`${marks[line.mark]}${via}`, limit === null ? null : limit - used);
		const gap = " ".repeat(Math.max(0, room - Bun.stringWidth(name)) + 2);
		return `${name}${gap}${painted(output, line.status, words)}${tail}`.trimEnd();
	});
}

function fitted(text: string, width: number | null): string {
	if (width === null || Bun.stringWidth(text) <= width) return text;
	return width < 4 ? "" : `${text.slice(0, width - 1)}…`;
}

/** Directed graphs in the language of Graphviz. */

export interface DotNode {
	readonly name: string;
	readonly attributes: Readonly<Record<string, string>>;
}

export interface DotEdge {
	readonly from: string;
	readonly to: string;
	readonly attributes: Readonly<Record<string, string>>;
}

/** The graph as text; names and values may hold anything. */
export function dotText(
	name: string,
	settings: readonly string[],
	nodes: readonly DotNode[],
	edges: readonly DotEdge[],
): string {
	const lines = [
		`digraph ${quoted(name)} {`,
		...settings.map((setting) => `\t${setting};`),
		...nodes.map((node) => `\t${quoted(node.name)}${listed(node.attributes)};`),
		...edges.map(({ from, to, attributes }) => {
			return `\t${quoted(from)} -> ${quoted(to)}${listed(attributes)};`;
		}),
		"}",
	];
	return `${lines.join("\n")}\n`;
}

function listed(attributes: Readonly<Record<string, string>>): string {
	const pairs = Object.entries(attributes).map(([key, value]) => `${key}=${quoted(value)}`);
	return pairs.length === 0 ? "" : ` [${pairs.join(", ")}]`;
}

function quoted(text: string): string {
	return `"${text.replace(/["\\]/g, "\\$&").replace(/\p{Cc}/gu, " ")}"`;
}

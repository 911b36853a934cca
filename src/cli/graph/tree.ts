/** The graph as a tree for the terminal: what is used above, what uses it below. */
import type { GraphView, UnitStatus } from "../../api/graph.ts";

export interface TreeLine {
	/** The branches before the name. */
	readonly branches: string;
	readonly unit: string;
	readonly status: UnitStatus;
	/** The outputs by which it hangs on the line above. */
	readonly outputs: readonly string[];
	/** Its own branch stands above already, or it is above itself: a cycle. */
	readonly mark: "" | "above" | "cycle" | "missing";
}

interface Below {
	readonly unit: string;
	readonly outputs: readonly string[];
}

/** Lines of the units that have edges, each with its branch once; and how many units have none. */
export function treeOf(graph: GraphView): { lines: TreeLine[]; alone: number } {
	const { below, hasUpstream, linked } = linksOf(graph);
	const units = new Map(graph.units.map((unit) => [unit.unit_id, unit]));
	const names = [...units.keys()].filter((name) => linked.has(name));
	const lines: TreeLine[] = [];
	const shown = new Set<string>();
	const grow = (root: string) => {
		const stack = [{ unit: root, outputs: [] as readonly string[], branches: "", rest: "" }];
		const path: { unit: string; depth: number }[] = [];
		for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
			const depth = next.rest.length;
			while ((path.at(-1)?.depth ?? -1) >= depth) path.pop();
			const { status = "unknown", exists = false } = units.get(next.unit) ?? {};
			const isCycle = path.some(({ unit }) => unit === next.unit);
			const isAbove = shown.has(next.unit) && (below.get(next.unit)?.length ?? 0) > 0;
			const mark = isCycle ? "cycle" : isAbove ? "above" : exists ? "" : "missing";
			const { branches, unit, outputs } = next;
			lines.push({ branches, unit, status, outputs, mark });
			if (isCycle || shown.has(unit)) continue;
			shown.add(unit);
			path.push({ unit, depth });
			const children = below.get(unit) ?? [];
			for (const [index, child] of [...children.entries()].reverse()) {
				const isLast = index === children.length - 1;
				stack.push({
					...child,
					branches: `${next.rest}${isLast ? "└── " : "├── "}`,
					rest: `${next.rest}${isLast ? "    " : "│   "}`,
				});
			}
		}
	};
	for (const name of names) if (!hasUpstream.has(name)) grow(name);
	// What is left hangs on cycles only.
	for (const name of names) if (!shown.has(name)) grow(name);
	return { lines, alone: units.size - names.length };
}

function linksOf({ edges }: GraphView) {
	const outputs = new Map<string, Map<string, Set<string>>>();
	const hasUpstream = new Set<string>();
	const linked = new Set<string>();
	for (const { from_unit_id: from, to_unit_id: to, from_output } of edges) {
		const targets = outputs.get(from) ?? new Map<string, Set<string>>();
		outputs.set(from, targets);
		targets.set(to, (targets.get(to) ?? new Set()).add(from_output));
		hasUpstream.add(to);
		linked.add(from).add(to);
	}
	const below = new Map<string, Below[]>();
	for (const [from, targets] of outputs) {
		const list = [...targets].map(([unit, names]) => ({ unit, outputs: [...names].sort() }));
		below.set(
			from,
			list.sort((one, other) => (one.unit < other.unit ? -1 : 1)),
		);
	}
	return { below, hasUpstream, linked };
}

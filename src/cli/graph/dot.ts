/** The graph as the command line has it, in Graphviz' language. */
import type { GraphView } from "../../api/graph.ts";
import { dotText } from "../../lib/dot.ts";
import { statusColors } from "./svg.ts";

const strokes = { ok: {}, pending: { color: "red" }, unknown: { style: "dashed" } } as const;

export function dotOf({ units, edges }: GraphView): string {
	return dotText(
		"units",
		["rankdir=LR", 'node [shape=box, fontname="sans-serif"]'],
		units.map(({ unit_id, status, exists }) => ({
			name: unit_id,
			attributes: {
				style: exists ? "filled" : "filled,dashed",
				fillcolor: statusColors[status].fill,
				tooltip: status,
			},
		})),
		edges.map(({ from_unit_id, to_unit_id, from_output, status }) => ({
			from: from_unit_id,
			to: to_unit_id,
			attributes: { label: from_output, ...strokes[status] },
		})),
	);
}

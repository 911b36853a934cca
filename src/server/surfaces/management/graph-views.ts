/** The graph as `/v1` shows it: JSON, and DOT for Graphviz. */
import type {
	GraphEdgeView,
	GraphView,
	StatusReasonView,
	UnitStanding,
	UnitStatusView,
} from "../../../api/graph.ts";
import type { GraphEdge, UnitStatus } from "../../../core/graph/model.ts";
import type { StatusReason, UnitReport } from "../../../core/graph/report.ts";
import type { GraphPicture, OrderedUnit } from "../../../core/graph/service.ts";
import { limits } from "../../../core/limits.ts";
import { dotText } from "../../../lib/dot.ts";

/** Edges never change, and answers show the same ones again and again. */
const shownEdges = new WeakMap<GraphEdge, GraphEdgeView>();

export function edgeView(edge: GraphEdge): GraphEdgeView {
	const known = shownEdges.get(edge);
	if (known !== undefined) return known;
	const view: GraphEdgeView = {
		edge_id: edge.id,
		from_unit_id: edge.from,
		from_output: edge.output,
		to_unit_id: edge.to,
		to_input: edge.input === "" ? null : edge.input,
		status: edge.status,
		reason: edge.reason,
		sources: [...edge.sources],
		in_digest: edge.inDigest,
		out_digest: edge.outDigest,
		last_in_at: edge.lastInAt,
		last_out_at: edge.lastOutAt,
	};
	shownEdges.set(edge, view);
	return view;
}

function reasonView({ code, unit, output, units }: StatusReason): StatusReasonView {
	return {
		code,
		...(unit === undefined ? {} : { unit_id: unit }),
		...(output === undefined ? {} : { output }),
		...(units === undefined ? {} : { units: [...units] }),
	};
}

/** A unit's standing, with its edges if they are asked for. */
export function standingView(report: UnitReport, withEdges: boolean): UnitStanding {
	const summary = { incoming_ok: 0, incoming_pending: 0, incoming_unknown: 0 };
	for (const edge of report.incoming) summary[`incoming_${edge.status}`]++;
	return {
		unit_id: report.unit,
		status: report.status,
		summary,
		reasons: report.reasons.map(reasonView),
		...(withEdges
			? { incoming: report.incoming.map(edgeView), outgoing: report.outgoing.map(edgeView) }
			: {}),
	};
}

/** Reports never change, and answers show the same ones again and again. */
const rendered = new WeakMap<UnitReport, string>();

/** Of the reasons that lie in edges, of which a state can make thousands, the most urgent. */
function listed({ reasons }: UnitReport): readonly StatusReason[] {
	let left: number = limits.graphReasonsListedMax;
	return reasons.filter(({ output }) => output === undefined || left-- > 0);
}

/** The JSON text of a `StatusList` without edges: 10,000 units in a few milliseconds. */
export function statusListJson(reports: readonly UnitReport[]): string {
	const units = reports.map((report) => {
		const known = rendered.get(report);
		if (known !== undefined) return known;
		const text = JSON.stringify(standingView({ ...report, reasons: listed(report) }, false));
		rendered.set(report, text);
		return text;
	});
	const counts = JSON.stringify(countsOf(reports));
	return `{"units":[${units.join(",")}],"count":${units.length},"counts":${counts}}`;
}

export function statusView(report: UnitReport): UnitStatusView {
	const { incoming = [], outgoing = [], ...standing } = standingView(report, true);
	return { ...standing, incoming, outgoing, external: report.externalCount };
}

/** How many units have each status. */
export function countsOf(reports: readonly { readonly status: UnitStatus }[]) {
	const counts: Record<UnitStatus, number> = { green: 0, yellow: 0, red: 0, unknown: 0 };
	for (const { status } of reports) counts[status]++;
	return counts;
}

export function pictureView(picture: GraphPicture): GraphView {
	return {
		units: picture.units.map(({ unit, status, exists }) => ({ unit_id: unit, status, exists })),
		edges: picture.edges.map(edgeView),
		cycles: picture.cycles.map((cycle) => [...cycle]),
		faulty: picture.faulty.map((one) => ({ ...one })),
		truncated: picture.isTruncated,
	};
}

export function placeView({ unit, status, wave, isInCycle }: OrderedUnit) {
	return { unit_id: unit, status, wave, in_cycle: isInCycle };
}

const fills = { green: "#d8f5dc", yellow: "#fdf0b8", red: "#fbd5d2", unknown: "#e7e9ee" } as const;
const strokes = { ok: {}, pending: { color: "red" }, unknown: { style: "dashed" } } as const;

/** The graph in Graphviz' language. */
export function dotOf({ units, edges }: GraphPicture): string {
	return dotText(
		"units",
		["rankdir=LR", 'node [shape=box, fontname="sans-serif"]'],
		units.map(({ unit, status, exists }) => ({
			name: unit,
			attributes: {
				style: exists ? "filled" : "filled,dashed",
				fillcolor: fills[status],
				tooltip: status,
			},
		})),
		edges.map(({ from, to, output, status }) => ({
			...{ from, to },
			attributes: { label: output, ...strokes[status] },
		})),
	);
}

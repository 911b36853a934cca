/**
 * What a caller may see of the graph. An edge shows when both of its units may be read. The status
 * of a unit is always the true one; a reason that lies in a hidden unit is told without its name,
 * and nothing that is told counts hidden units or edges.
 */
import type { UnitId } from "../unit/unit-id.ts";
import type { EdgeReason, Graph, GraphEdge, GraphUnit, UnitStatus } from "./model.ts";

export type ReasonCode =
	| EdgeReason
	/** A unit upstream needs to be applied first. */
	| "upstream_red"
	/** A unit upstream is not indexed yet. */
	| "upstream_unknown"
	/** It lies in a unit that the caller may not see. */
	| "hidden_upstream"
	/** The unit depends on itself, by way of others. */
	| "cycle"
	/** The state has read more than the graph follows. */
	| "readings_truncated"
	/** The unit's own state cannot be read. */
	| "unit_unreadable";

export interface StatusReason {
	readonly code: ReasonCode;
	/** The unit upstream that it is about. */
	readonly unit?: UnitId;
	readonly output?: string;
	/** The members of a cycle, as far as they may be seen. */
	readonly units?: readonly UnitId[];
}

export interface UnitReport {
	readonly unit: UnitId;
	readonly status: UnitStatus;
	/** Pending ones first, then unknown ones; then in order of the units upstream. */
	readonly incoming: readonly GraphEdge[];
	readonly outgoing: readonly GraphEdge[];
	readonly reasons: readonly StatusReason[];
	/** Readings of what is no unit of this server. */
	readonly externalCount: number;
}

/** What the report needs of the view. */
export interface ReportFacts {
	isTruncated(id: UnitId): boolean;
	externalCount(id: UnitId): number;
}

/** Whether the caller may see this unit. */
export type IsVisible = (id: UnitId) => boolean;

const order = { pending: 0, unknown: 1, ok: 2 } as const;

function byUrgency(one: GraphEdge, other: GraphEdge): number {
	return (
		order[one.status] - order[other.status] ||
		compare(one.from, other.from) ||
		compare(one.output, other.output) ||
		compare(one.input, other.input)
	);
}

function byTarget(one: GraphEdge, other: GraphEdge): number {
	return (
		compare(one.to, other.to) ||
		compare(one.output, other.output) ||
		compare(one.input, other.input)
	);
}

function compare(one: string, other: string): number {
	return one < other ? -1 : one > other ? 1 : 0;
}

/** The report on one unit, which the caller may see. */
export function reportOn(unit: GraphUnit, isVisible: IsVisible, facts: ReportFacts): UnitReport {
	return {
		unit: unit.id,
		status: unit.status,
		incoming: unit.incoming.filter((edge) => isVisible(edge.from)).sort(byUrgency),
		outgoing: unit.outgoing.filter((edge) => isVisible(edge.to)).sort(byTarget),
		reasons: reasonsFor(unit, isVisible, facts),
		externalCount: facts.externalCount(unit.id),
	};
}

function reasonsFor(unit: GraphUnit, isVisible: IsVisible, facts: ReportFacts): StatusReason[] {
	const reasons: StatusReason[] = [];
	let isHiding = false;
	for (const edge of [...unit.incoming].sort(byUrgency)) {
		if (edge.reason === null) continue;
		// An edge that is only unknown is no reason for a status that others give.
		if (isVisible(edge.from)) {
			reasons.push({ code: edge.reason, unit: edge.from, output: edge.output });
		} else isHiding = true;
	}
	if (unit.cause !== null && unit.cause !== unit.id) {
		const code = unit.status === "yellow" ? "upstream_red" : "upstream_unknown";
		if (isVisible(unit.cause)) reasons.push({ code, unit: unit.cause });
		else isHiding = true;
	}
	if (isHiding) reasons.push({ code: "hidden_upstream" });
	if (facts.isTruncated(unit.id)) reasons.push({ code: "readings_truncated" });
	if (unit.cycle !== null) {
		const units = unit.cycle.filter(isVisible).sort();
		reasons.push({ code: "cycle", units });
	}
	return reasons;
}

/** The cycles whose members may all be seen, each in order, the smallest first. */
export function visibleCycles(graph: Graph, isVisible: IsVisible): UnitId[][] {
	return graph.cycles
		.filter((cycle) => cycle.every(isVisible))
		.map((cycle) => [...cycle].sort())
		.sort((one, other) => one.length - other.length || compare(one[0] ?? "", other[0] ?? ""));
}

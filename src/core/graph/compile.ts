/**
 * The graph at one moment: edges, their statuses, and what follows from them for the units. Pure and
 * total; linear in units and edges. `unknown` is never taken for `ok`.
 */
import type { UnitId } from "../unit/unit-id.ts";
import { components } from "./components.ts";
import { edgesInto } from "./judge.ts";
import { GraphMemory, push } from "./memory.ts";
import type {
	EdgeReason,
	Graph,
	GraphEdge,
	GraphInput,
	GraphNode,
	GraphUnit,
	NodeFacts,
	UnitStatus,
} from "./model.ts";

/** Builds the graph. */
export function compileGraph(input: GraphInput, memory: GraphMemory = new GraphMemory()): Graph {
	const incoming = incomingOf(input, memory);
	const outgoing = new Map<UnitId, GraphEdge[]>();
	const below = new Map<UnitId, UnitId[]>();
	const edges: GraphEdge[] = [];
	for (const list of incoming.values()) {
		for (const edge of list) {
			edges.push(edge);
			push(outgoing, edge.from, edge);
			push(below, edge.from, edge.to);
		}
	}
	const ids = new Set([...input.nodes.keys(), ...incoming.keys(), ...outgoing.keys()]);
	const none: readonly never[] = [];
	const after = (id: UnitId): readonly UnitId[] => below.get(id) ?? none;
	const cycles = components(ids, after).filter((component) => component.length > 1);
	const cycleOf = new Map(cycles.flatMap((cycle) => cycle.map((id) => [id, cycle] as const)));
	const statuses = statusesOf(ids, input.nodes, incoming, after);
	const units = [...ids].map((id): GraphUnit => {
		const { status, cause } = statuses.get(id) ?? { status: "green" as const, cause: null };
		return {
			id,
			exists: input.nodes.has(id),
			status,
			incoming: incoming.get(id) ?? none,
			outgoing: outgoing.get(id) ?? none,
			cause,
			cycle: cycleOf.get(id) ?? null,
		};
	});
	return { units: memory.unitsOf(units, input.nodes), edges, cycles };
}

/** The edges into every unit that has some. */
function incomingOf(
	input: GraphInput,
	memory: GraphMemory,
): ReadonlyMap<UnitId, readonly GraphEdge[]> {
	const { nodes } = input;
	const declaredTo = memory.byTarget(input.declared);
	const readsTo = memory.byTarget(input.reads);
	const incoming = new Map<UnitId, readonly GraphEdge[]>();
	for (const to of new Set([...nodes.keys(), ...declaredTo.keys(), ...readsTo.keys()])) {
		const node = nodes.get(to);
		const [declared, reads] = [declaredTo.get(to), readsTo.get(to)];
		const hasCopies = node?.facts.kind === "facts" && node.facts.facts.recorded.length > 0;
		if (!hasCopies && declared === undefined && reads === undefined) continue;
		const given = { node, declared, reads };
		const edges = memory.edgesInto(to, given, nodes, () => edgesInto(to, given, input));
		if (edges.length > 0) incoming.set(to, edges);
	}
	return incoming;
}

interface Standing {
	readonly status: UnitStatus;
	readonly cause: UnitId | null;
}

/** What is not there yet, and will be: units below it cannot be called green. */
const passing: ReadonlySet<EdgeReason> = new Set(["upstream_not_indexed", "unit_not_indexed"]);

function statusesOf(
	ids: ReadonlySet<UnitId>,
	nodes: ReadonlyMap<UnitId, GraphNode>,
	incoming: ReadonlyMap<UnitId, readonly GraphEdge[]>,
	after: (id: UnitId) => readonly UnitId[],
): Map<UnitId, Standing> {
	const standings = new Map<UnitId, Standing>();
	const unsettled: UnitId[] = [];
	const unknown: UnitId[] = [];
	for (const id of ids) {
		const edges = incoming.get(id) ?? [];
		const facts = nodes.get(id)?.facts;
		if (edges.some((edge) => edge.status === "pending")) {
			standings.set(id, { status: "red", cause: null });
		} else if (!isComplete(facts) || edges.some((edge) => edge.status === "unknown")) {
			unknown.push(id);
		}
		const isPassing = edges.some((edge) => edge.reason !== null && passing.has(edge.reason));
		if (facts?.kind === "loading" || isPassing) unsettled.push(id);
	}
	spread([...standings.keys()], "yellow", standings, after);
	for (const id of unknown) {
		if (!standings.has(id)) standings.set(id, { status: "unknown", cause: null });
	}
	spread(unsettled, "unknown", standings, after);
	return standings;
}

/** Whether all that the state consumes is known. A unit that does not exist consumes nothing. */
function isComplete(facts: NodeFacts | undefined): boolean {
	if (facts === undefined) return true;
	if (facts.kind === "not-adopted") return true;
	return facts.kind === "facts" && !facts.facts.isTruncated;
}

/** Gives what lies below the roots and has no status yet this one. */
function spread(
	roots: readonly UnitId[],
	status: UnitStatus,
	standings: Map<UnitId, Standing>,
	after: (id: UnitId) => readonly UnitId[],
): void {
	const causes = new Map<UnitId, UnitId>(roots.map((id) => [id, id]));
	for (const [id, cause] of causes) {
		for (const next of after(id)) {
			if (causes.has(next)) continue;
			causes.set(next, cause);
			if (!standings.has(next)) standings.set(next, { status, cause });
		}
	}
}

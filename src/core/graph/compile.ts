/**
 * The graph at one moment: edges, their statuses, and what follows from them for the units. Pure and
 * total; linear in units and edges. `unknown` is never taken for `ok`.
 */
import type { UnitId } from "../unit/unit-id.ts";
import { components } from "./components.ts";
import type { Declaration } from "./declarations.ts";
import { edgeId } from "./edge-id.ts";
import type { StateFacts } from "./facts.ts";

export type EdgeStatus = "ok" | "pending" | "unknown";
export type UnitStatus = "green" | "yellow" | "red" | "unknown";

/** How an edge is known. */
export type EdgeSource = "declared" | "recorded" | "read";

export type EdgeReason =
	/** The output has another value than the one that was consumed. */
	| "output_changed"
	/** Nothing says that the unit has consumed the output. */
	| "not_applied"
	| "upstream_missing"
	| "upstream_has_no_state"
	| "upstream_encrypted"
	| "upstream_not_adopted"
	| "upstream_unreadable"
	| "upstream_not_indexed"
	| "output_missing"
	| "unit_missing"
	| "unit_unreadable"
	| "unit_not_indexed"
	/** The version that was consumed has been removed, and no digest of it is left. */
	| "consumed_version_gone";

export interface GraphEdge {
	readonly id: string;
	readonly from: UnitId;
	readonly output: string;
	readonly to: UnitId;
	readonly input: string;
	readonly sources: readonly EdgeSource[];
	readonly status: EdgeStatus;
	/** null exactly when the status is `ok`. */
	readonly reason: EdgeReason | null;
	/** Why it cannot be told what was consumed, also where `reason` is another; null when it can. */
	readonly outFault: EdgeReason | null;
	readonly inDigest: string | null;
	readonly outDigest: string | null;
	/** ISO 8601 of the upstream version that brought the digest, as far as it is known. */
	readonly lastInAt: string | null;
	/** ISO 8601 of the write that consumed. */
	readonly lastOutAt: string | null;
}

/** What is known of a unit's state: facts, or why there are none. */
export type NodeFacts =
	| { readonly kind: "facts"; readonly facts: StateFacts }
	| { readonly kind: "loading" | "unreadable" | "not-adopted" };

export interface GraphNode {
	readonly id: UnitId;
	readonly facts: NodeFacts;
	/** The current version; null without a state. */
	readonly version: { readonly number: number; readonly at: string } | null;
	/** Versions of upstream units that the state has taken in, and when. */
	readonly acknowledged: ReadonlyMap<string, number>;
	readonly acknowledgedAt: string | null;
}

/** Digest of an output of a version: null when the version had none, undefined when it cannot be told. */
export type DigestAt = (unit: UnitId, version: number, output: string) => string | null | undefined;

/** What a unit was seen to read, beside what its state holds. */
export interface NotedRead {
	readonly from: UnitId;
	readonly output: string;
	readonly to: UnitId;
	/** null: read, and not written since. */
	readonly digest: string | null;
	readonly at: string;
}

export interface GraphInput {
	readonly nodes: ReadonlyMap<UnitId, GraphNode>;
	readonly declared: readonly Declaration[];
	readonly reads: readonly NotedRead[];
	readonly digestAt: DigestAt;
	/** When the upstream's digest of an output came up, ISO 8601. */
	readonly since: (node: GraphNode, output: string) => string | null;
}

export interface GraphUnit {
	readonly id: UnitId;
	readonly exists: boolean;
	readonly status: UnitStatus;
	readonly incoming: readonly GraphEdge[];
	readonly outgoing: readonly GraphEdge[];
	/** For yellow, and for unknown that came from upstream: the unit that it comes from. */
	readonly cause: UnitId | null;
	/** The members of the cycle that it is in; null outside of one. */
	readonly cycle: readonly UnitId[] | null;
}

export interface Graph {
	readonly units: ReadonlyMap<UnitId, GraphUnit>;
	readonly edges: readonly GraphEdge[];
	readonly cycles: readonly (readonly UnitId[])[];
}

interface Draft {
	readonly from: UnitId;
	readonly output: string;
	readonly to: UnitId;
	readonly declarations: Declaration[];
	readonly recorded: string[];
	read: NotedRead | null;
}

/** Builds the graph. */
export function compileGraph(input: GraphInput): Graph {
	const edges = edgesOf(input);
	const incoming = new Map<UnitId, GraphEdge[]>();
	const outgoing = new Map<UnitId, GraphEdge[]>();
	for (const edge of edges) {
		push(incoming, edge.to, edge);
		push(outgoing, edge.from, edge);
	}
	const ids = new Set([...input.nodes.keys(), ...incoming.keys(), ...outgoing.keys()]);
	const after = (id: UnitId) => (outgoing.get(id) ?? []).map((edge) => edge.to);
	const cycles = components(ids, after).filter((component) => component.length > 1);
	const cycleOf = new Map(cycles.flatMap((cycle) => cycle.map((id) => [id, cycle] as const)));
	const statuses = statusesOf(ids, input.nodes, incoming, after);
	const units = new Map<UnitId, GraphUnit>();
	for (const id of ids) {
		const { status, cause } = statuses.get(id) ?? { status: "green" as const, cause: null };
		units.set(id, {
			id,
			exists: input.nodes.has(id),
			status,
			incoming: incoming.get(id) ?? [],
			outgoing: outgoing.get(id) ?? [],
			cause,
			cycle: cycleOf.get(id) ?? null,
		});
	}
	return { units, edges, cycles };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
	const known = map.get(key);
	if (known === undefined) map.set(key, [value]);
	else known.push(value);
}

function edgesOf(input: GraphInput): GraphEdge[] {
	const drafts = new Map<string, Draft>();
	const draft = (from: UnitId, output: string, to: UnitId): Draft => {
		const key = `${from}\n${to}\n${output}`;
		const known = drafts.get(key);
		if (known !== undefined) return known;
		const fresh: Draft = { from, output, to, declarations: [], recorded: [], read: null };
		drafts.set(key, fresh);
		return fresh;
	};
	for (const one of input.declared) draft(one.from, one.output, one.to).declarations.push(one);
	for (const read of input.reads) draft(read.from, read.output, read.to).read = read;
	for (const node of input.nodes.values()) {
		if (node.facts.kind !== "facts") continue;
		for (const { from, output, digest, isCandidate } of node.facts.facts.recorded) {
			if (from === node.id || (isCandidate && !input.nodes.has(from))) continue;
			draft(from, output, node.id).recorded.push(digest);
		}
	}
	return [...drafts.values()].flatMap((one) => finished(one, input));
}

function finished(draft: Draft, input: GraphInput): GraphEdge[] {
	const { from, output, to, declarations } = draft;
	const judged = judge(draft, input);
	const sources: EdgeSource[] = [];
	if (declarations.length > 0) sources.push("declared");
	if (draft.recorded.length > 0) sources.push("recorded");
	if (draft.read !== null) sources.push("read");
	const shared = { from, output, to, sources, ...judged };
	// One declaration twice is one edge; the same output under two names is two.
	const named = new Map(declarations.map(({ edgeId: id, input: name }) => [id, name]));
	if (named.size === 0) named.set(edgeId({ from, output, to, input: "" }), "");
	return [...named].map(([id, name]) => ({ id, input: name, ...shared }));
}

type Judged = Pick<
	GraphEdge,
	"status" | "reason" | "outFault" | "inDigest" | "outDigest" | "lastInAt" | "lastOutAt"
>;

function judge(draft: Draft, input: GraphInput): Judged {
	const upstream = input.nodes.get(draft.from);
	const target = input.nodes.get(draft.to);
	const current = currentOf(upstream, draft.output);
	const consumed = consumedOf(draft, target, input);
	const base = {
		inDigest: current.digest,
		outDigest: consumed.digest,
		outFault: consumed.fault,
		lastInAt:
			upstream === undefined || current.digest === null
				? null
				: input.since(upstream, draft.output),
		lastOutAt: consumed.at,
	};
	const reason = current.fault ?? consumed.fault;
	if (reason !== null) return { ...base, status: "unknown", reason };
	if (consumed.digest === null) return { ...base, status: "pending", reason: "not_applied" };
	// The copies that one state holds may differ from each other.
	if (consumed.digest !== current.digest || draft.recorded.some((one) => one !== current.digest)) {
		return { ...base, status: "pending", reason: "output_changed" };
	}
	return { ...base, status: "ok", reason: null };
}

interface Found {
	readonly digest: string | null;
	readonly fault: EdgeReason | null;
}

function currentOf(node: GraphNode | undefined, output: string): Found {
	const fault = (reason: EdgeReason): Found => ({ digest: null, fault: reason });
	if (node === undefined) return fault("upstream_missing");
	switch (node.facts.kind) {
		case "loading":
			return fault("upstream_not_indexed");
		case "unreadable":
			return fault("upstream_unreadable");
		case "not-adopted":
			return fault("upstream_not_adopted");
	}
	if (node.version === null) return fault("upstream_has_no_state");
	const { facts } = node.facts;
	if (facts.isOpaque) return fault("upstream_encrypted");
	const digest = facts.outputs.get(output);
	if (digest !== undefined) return { digest, fault: null };
	return fault(facts.isMissingOutputs ? "upstream_unreadable" : "output_missing");
}

function consumedOf(
	draft: Draft,
	target: GraphNode | undefined,
	input: GraphInput,
): Found & { readonly at: string | null } {
	const fault = (reason: EdgeReason) => ({ digest: null, at: null, fault: reason });
	if (target === undefined) return fault("unit_missing");
	if (target.facts.kind === "loading") return fault("unit_not_indexed");
	if (target.facts.kind === "unreadable") return fault("unit_unreadable");
	const version = target.version;
	if (version === null) return { digest: null, at: null, fault: null };
	// What the state holds a copy of is what it has consumed, whatever its lock says.
	const recorded = draft.recorded[0];
	if (recorded !== undefined) return { digest: recorded, at: version.at, fault: null };
	if (draft.read !== null && draft.read.digest !== null) {
		return { digest: draft.read.digest, at: draft.read.at, fault: null };
	}
	const number = target.acknowledged.get(draft.from);
	if (number === undefined) return { digest: null, at: null, fault: null };
	const digest = input.digestAt(draft.from, number, draft.output);
	if (digest === undefined) return fault("consumed_version_gone");
	return { digest, at: digest === null ? null : target.acknowledgedAt, fault: null };
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

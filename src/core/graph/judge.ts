/** Judges edges: what the upstream unit has now against what the using unit has taken in. Pure. */
import type { UnitId } from "../unit/unit-id.ts";
import type { Declaration } from "./declarations.ts";
import { edgeId } from "./edge-id.ts";
import type {
	EdgeReason,
	EdgeSource,
	GraphEdge,
	GraphInput,
	GraphNode,
	NotedRead,
} from "./model.ts";

/** What leads into one unit. */
export interface Into {
	readonly node: GraphNode | undefined;
	readonly declared: readonly Declaration[] | undefined;
	readonly reads: readonly NotedRead[] | undefined;
}

interface Draft {
	readonly from: UnitId;
	readonly output: string;
	readonly declarations: Declaration[];
	readonly recorded: string[];
	read: NotedRead | null;
}

/** The edges into the unit `to`, each judged. Total: what cannot be told is `unknown`, with the reason. */
export function edgesInto(
	to: UnitId,
	{ node, declared = [], reads = [] }: Into,
	input: GraphInput,
): GraphEdge[] {
	const drafts = new Map<string, Draft>();
	const draft = (from: UnitId, output: string): Draft => {
		const key = `${from}\n${output}`;
		const known = drafts.get(key);
		if (known !== undefined) return known;
		const fresh: Draft = { from, output, declarations: [], recorded: [], read: null };
		drafts.set(key, fresh);
		return fresh;
	};
	for (const one of declared) draft(one.from, one.output).declarations.push(one);
	for (const read of reads) draft(read.from, read.output).read = read;
	if (node?.facts.kind === "facts") {
		for (const { from, output, digest, isCandidate } of node.facts.facts.recorded) {
			if (from === to || (isCandidate && !input.nodes.has(from))) continue;
			draft(from, output).recorded.push(digest);
		}
	}
	return [...drafts.values()].flatMap((one) => finished(to, one, input));
}

function finished(to: UnitId, draft: Draft, input: GraphInput): GraphEdge[] {
	const { from, output, declarations } = draft;
	const judged = judge(to, draft, input);
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

function judge(to: UnitId, draft: Draft, input: GraphInput): Judged {
	const upstream = input.nodes.get(draft.from);
	const target = input.nodes.get(to);
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
	const number = target.acknowledged.get(draft.from);
	const { read } = draft;
	const byHandAt =
		target.isAcknowledgedByHand && number !== undefined ? target.acknowledgedAt : null;
	const isOverruled = byHandAt !== null && read !== null && read.at <= byHandAt;
	if (read !== null && read.digest !== null && !isOverruled) {
		return { digest: read.digest, at: read.at, fault: null };
	}
	if (number === undefined) return { digest: null, at: null, fault: null };
	const digest = input.digestAt(draft.from, number, draft.output);
	if (digest === undefined) return fault("consumed_version_gone");
	return { digest, at: digest === null ? null : target.acknowledgedAt, fault: null };
}

/** What the graph is: edges and units, what they are worked out of, and what they are called. */
import type { UnitId } from "../unit/unit-id.ts";
import type { Declaration } from "./declarations.ts";
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
	/** Nothing was written then: somebody said that these versions need no apply. */
	readonly isAcknowledgedByHand: boolean;
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

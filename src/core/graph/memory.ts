/** What one compilation of the graph leaves to the next one. */
import type { UnitId } from "../unit/unit-id.ts";
import type { Into } from "./judge.ts";
import type { GraphEdge, GraphNode, GraphUnit } from "./model.ts";

/** The edges into a unit, and all that they were worked out of. */
interface Judgement extends Into {
	readonly upstream: ReadonlyMap<UnitId, GraphNode | undefined>;
	readonly edges: readonly GraphEdge[];
}

/**
 * What one compilation leaves to the next one: after a write only the edges of that unit are worked
 * out anew. To be cleared when `digestAt` answers otherwise than before.
 */
export class GraphMemory {
	readonly #judgements = new Map<UnitId, Judgement>();
	#units = new Map<UnitId, { readonly node: GraphNode | undefined; readonly unit: GraphUnit }>();
	readonly #grouped = new WeakMap<readonly { readonly to: UnitId }[], Map<UnitId, unknown[]>>();

	/** Forgets everything. */
	clear(): void {
		this.#judgements.clear();
		this.#units.clear();
	}

	/** The edges into `to`, which `judge` works out where something has changed. */
	edgesInto(
		to: UnitId,
		given: Into,
		nodes: ReadonlyMap<UnitId, GraphNode>,
		judgeAll: () => readonly GraphEdge[],
	): readonly GraphEdge[] {
		const known = this.#judgements.get(to);
		const isSame =
			known !== undefined &&
			known.node === given.node &&
			known.declared === given.declared &&
			known.reads === given.reads &&
			areSame(known.upstream, nodes);
		if (isSame) return known.edges;
		const edges = judgeAll();
		const facts = given.node?.facts;
		// What is not there yet may come to be: then its edge begins to count.
		const recorded = facts?.kind === "facts" ? facts.facts.recorded : [];
		const upstream = new Map([...edges, ...recorded].map(({ from }) => [from, nodes.get(from)]));
		this.#judgements.set(to, { ...given, upstream, edges });
		return edges;
	}

	/**
	 * The units, those that are as they were being the same objects as before: what was made of them
	 * stands. One whose own node is another one is new.
	 */
	unitsOf(
		units: Iterable<GraphUnit>,
		nodes: ReadonlyMap<UnitId, GraphNode>,
	): Map<UnitId, GraphUnit> {
		const before = this.#units;
		this.#units = new Map();
		const result = new Map<UnitId, GraphUnit>();
		for (const fresh of units) {
			const node = nodes.get(fresh.id);
			const known = before.get(fresh.id);
			const isSame = known !== undefined && known.node === node && isEqual(known.unit, fresh);
			const unit = isSame ? known.unit : fresh;
			this.#units.set(fresh.id, { node, unit });
			result.set(fresh.id, unit);
		}
		return result;
	}

	/** The items by the unit that they lead to; the same lists for the same items. */
	byTarget<T extends { readonly to: UnitId }>(
		items: readonly T[],
	): ReadonlyMap<UnitId, readonly T[]> {
		const known = this.#grouped.get(items);
		if (known !== undefined) return known as Map<UnitId, T[]>;
		const grouped = new Map<UnitId, T[]>();
		for (const item of items) push(grouped, item.to, item);
		this.#grouped.set(items, grouped);
		return grouped;
	}
}

function areSame(
	upstream: ReadonlyMap<UnitId, GraphNode | undefined>,
	nodes: ReadonlyMap<UnitId, GraphNode>,
): boolean {
	for (const [id, node] of upstream) if (nodes.get(id) !== node) return false;
	return true;
}

function isEqual(one: GraphUnit, other: GraphUnit): boolean {
	return (
		one.exists === other.exists &&
		one.status === other.status &&
		one.cause === other.cause &&
		areEqual(one.incoming, other.incoming) &&
		areEqual(one.outgoing, other.outgoing) &&
		areEqual(one.cycle ?? [], other.cycle ?? [])
	);
}

function areEqual<T>(one: readonly T[], other: readonly T[]): boolean {
	if (one === other) return true;
	return one.length === other.length && one.every((item, index) => item === other[index]);
}

/** Adds to the list of a key. */
export function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
	const known = map.get(key);
	if (known === undefined) map.set(key, [value]);
	else known.push(value);
}

/** What the graph knows of the edges, as values for the attributes of the system unit's state. */
import { edgeId } from "../graph/edge-id.ts";
import type { DeclaredEdge } from "../graph/live.ts";
import type { DependencyValues, ShownValues, ValuesOf } from "./dependency-edit.ts";
import type { LiveValues, SystemStateRefresher } from "./refresher.ts";

/** Where edges are known, and who tells when they change. */
export interface EdgeSource {
	declaredEdges(): Promise<readonly DeclaredEdge[]>;
	onChange(listener: () => void): void;
}

/** Lets the system unit's state show what the source knows. */
export function showLiveValues(source: EdgeSource, state: SystemStateRefresher): void {
	state.useLiveValues(liveValuesOf(source));
	source.onChange(() => state.request());
}

/** The values of the source's edges. What it does not know is left as it is shown. */
export function liveValuesOf(source: Pick<EdgeSource, "declaredEdges">): LiveValues {
	return async (): Promise<ValuesOf> => {
		const edges = await source.declaredEdges();
		const byId = new Map(edges.map((edge) => [edge.edgeId, edge]));
		return ({ fromUnitId: from, fromOutput: output, toUnitId: to, toInput: input }, shown) => {
			const edge = byId.get(edgeId({ from, output, to, input }));
			return edge === undefined ? undefined : settled(edge, shown);
		};
	};
}

/**
 * A time is shown as long as the digest that came with it: an apply that changes no output leaves
 * the state alone.
 */
function settled(edge: DeclaredEdge, shown: ShownValues): DependencyValues {
	const isSameIn = edge.inDigest === shown.inDigest && shown.lastInAt !== null;
	const isSameOut = edge.outDigest === shown.outDigest && shown.lastOutAt !== null;
	return {
		inDigest: edge.inDigest,
		outDigest: edge.outDigest,
		status: edge.status,
		lastInAt: isSameIn ? shown.lastInAt : edge.lastInAt,
		lastOutAt: isSameOut ? shown.lastOutAt : edge.lastOutAt,
	};
}

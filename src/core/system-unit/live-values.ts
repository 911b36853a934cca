/** What the graph knows of the edges, as values for the attributes of the system unit's state. */
import { declaredUnit, edgeId } from "../graph/edge-id.ts";
import type { DeclaredEdge } from "../graph/live.ts";
import { limits } from "../limits.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { DependencyValues, ShownValues, ValuesOf } from "./dependency-edit.ts";
import type { LiveValues, SystemStateRefresher } from "./refresher.ts";

/** Where edges are known, and who tells when they change. */
export interface EdgeSource {
	/** Looks at the heads of `certain` units first. */
	declaredEdges(certain: readonly UnitId[]): Promise<readonly DeclaredEdge[]>;
	onChange(listener: () => void): void;
}

/** Lets the system unit's state show what the source knows. */
export function showLiveValues(source: EdgeSource, state: SystemStateRefresher): void {
	state.useLiveValues(liveValuesOf(source));
	source.onChange(() => state.request());
}

/** The values of the source's edges. What it does not know is left as it is shown. */
export function liveValuesOf(source: Omit<EdgeSource, "onChange">): LiveValues {
	return async (certain): Promise<ValuesOf> => {
		const units = new Set(certain.flatMap(({ fromUnitId, toUnitId }) => [fromUnitId, toUnitId]));
		const ids = [...units].map(declaredUnit).filter((id) => id !== null);
		const edges = await source.declaredEdges(ids.slice(0, limits.systemStateConfirmsMax));
		const byId = new Map(edges.map((edge) => [edge.edgeId, edge]));
		return ({ fromUnitId: from, fromOutput: output, toUnitId: to, toInput: input }, shown) => {
			const edge = byId.get(edgeId({ from, output, to, input }));
			return edge?.isKnown === true ? settled(edge, shown) : undefined;
		};
	};
}

/**
 * A time is shown as long as the digest that came with it: an apply that changes no output leaves
 * the state alone.
 */
function settled(edge: DeclaredEdge, shown: ShownValues): DependencyValues {
	const { outDigest, status } = consumed(edge, shown);
	const isSameIn = edge.inDigest === shown.inDigest && shown.lastInAt !== null;
	const isSameOut = outDigest === shown.outDigest && shown.lastOutAt !== null;
	return {
		inDigest: edge.inDigest,
		outDigest,
		status,
		lastInAt: isSameIn ? shown.lastInAt : edge.lastInAt,
		lastOutAt: isSameOut ? shown.lastOutAt : edge.lastOutAt,
	};
}

/**
 * Where the version that was consumed is gone, one server may still know its digest and another one
 * not. Then what is shown is the memory of all of them; it is never made `ok` by that.
 */
function consumed(
	edge: DeclaredEdge,
	shown: ShownValues,
): Pick<DependencyValues, "outDigest" | "status"> {
	const { inDigest, outDigest, status } = edge;
	if (edge.isOutKnown || shown.outDigest === null) return { outDigest, status };
	if (inDigest === null) return { outDigest: shown.outDigest, status };
	if (shown.outDigest !== inDigest) return { outDigest: shown.outDigest, status: "pending" };
	const wasOk = shown.status === "ok" && shown.inDigest === inDigest;
	return { outDigest: shown.outDigest, status: wasOk ? "ok" : "unknown" };
}

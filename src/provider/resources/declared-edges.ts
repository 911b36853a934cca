/** What the server knows of declared edges: one request for all resources of a refresh. */
import type { GraphEdgeView } from "../../api/graph.ts";
import { ClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import type { Call } from "../plugin/schema.ts";

/** By their ids; null when this server has no graph, or does not show it to the caller. */
export type DeclaredEdges = ReadonlyMap<string, GraphEdgeView> | null;

interface Answer {
	readonly edges: Promise<DeclaredEdges>;
	/** ms, of the process's own clock. */
	readonly askedAt: number;
}

/** How long an answer serves the resources of one refresh. */
const freshMs = 2000;
const answers = new WeakMap<Api, Answer>();

/** The edges, as the server knew them within the last seconds. Throws ClientError. */
export async function declaredEdges({ api, signal }: Call<Api>): Promise<DeclaredEdges> {
	const known = answers.get(api);
	if (known !== undefined && performance.now() - known.askedAt < freshMs) return await known.edges;
	const edges = ask(api, signal);
	answers.set(api, { edges, askedAt: performance.now() });
	// A failure is not kept: the next resource asks again.
	edges.catch(() => answers.delete(api));
	return await edges;
}

async function ask(api: Api, signal: AbortSignal): Promise<DeclaredEdges> {
	try {
		const { edges } = await api.units.graph.graph({ isDeclaredOnly: true }, { signal });
		return new Map(edges.map((edge) => [edge.edge_id, edge]));
	} catch (error) {
		const isWithoutGraph = error instanceof ClientError && [403, 404].includes(error.status ?? 0);
		if (isWithoutGraph) return null;
		throw error;
	}
}

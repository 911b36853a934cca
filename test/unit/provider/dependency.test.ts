/** What a dependency is refreshed with, whatever the server says of edges. */
import { describe, expect, test } from "bun:test";
import type { GraphEdgeView } from "../../../src/api/graph.ts";
import { ClientError } from "../../../src/client/errors.ts";
import type { Api } from "../../../src/provider/configuration.ts";
import type { Call, PlainMap } from "../../../src/provider/plugin/schema.ts";
import { dependencyResource, edgeId } from "../../../src/provider/resources/dependency.ts";

const ends = { from_unit_id: "net", from_output: "o", to_unit_id: "app", to_input: null };
const state: PlainMap = {
	...{ ...ends, id: edgeId(ends), status: "ok" },
	...{ in_digest: "d1", out_digest: "d1" },
	...{ last_in_at: "2026-01-01T00:00:00Z", last_out_at: "2026-01-02T00:00:00Z" },
};
const live: GraphEdgeView = {
	...{ ...ends, edge_id: edgeId(ends), sources: ["declared"] },
	...{ status: "pending", reason: "output_changed", in_digest: "d2", out_digest: "d1" },
	...{ last_in_at: "2026-02-01T10:20:30.456Z", last_out_at: "2026-02-02T00:00:00.000Z" },
};

/** A call against a server that answers so; counts the requests. */
function against(answer: () => GraphEdgeView[]) {
	const asked = { count: 0 };
	const graph = async () => {
		asked.count++;
		return { edges: answer() };
	};
	const call = {
		api: { units: { graph: { graph } } } as unknown as Api,
		config: {},
		signal: new AbortController().signal,
		warn: () => {},
	} satisfies Call<Api>;
	return { asked, call };
}

const refused = (status: number) => () => {
	throw new ClientError("refused", "refused", { status });
};

describe("a refresh", () => {
	test("takes the server's values, and keeps a time as long as its digest is the same", async () => {
		const { call } = against(() => [live]);
		expect(await dependencyResource.read(state, call)).toEqual({
			...{ ...state, status: "pending", in_digest: "d2" },
			last_in_at: "2026-02-01T10:20:30Z",
		});
	});

	test("asks once for all resources", async () => {
		const { asked, call } = against(() => [live]);
		await Promise.all([1, 2, 3].map(() => dependencyResource.read(state, call)));
		await dependencyResource.read({ ...state, id: "other" }, call);
		expect(asked.count).toBe(1);
	});

	test.each([
		["does not know the edge", () => []],
		["has no graph", refused(404)],
		["does not show it", refused(403)],
	])("keeps what is in the state when the server %s", async (_name, answer) => {
		expect(await dependencyResource.read(state, against(answer).call)).toEqual(state);
	});

	test("fails when the server does, and asks again for the next resource", async () => {
		const { asked, call } = against(refused(503));
		for (const count of [1, 2]) {
			await expect(dependencyResource.read(state, call)).rejects.toThrow("refused");
			expect(asked.count).toBe(count);
		}
	});
});

test("an import by the id brings every attribute", async () => {
	const { call } = against(() => [live]);
	const given = dependencyResource.importFrom?.(edgeId(ends)) ?? {};
	expect(await dependencyResource.read(given, call)).toEqual({
		...{ ...ends, status: "pending", in_digest: "d2", out_digest: "d1" },
		...{ last_in_at: "2026-02-01T10:20:30Z", last_out_at: "2026-02-02T00:00:00Z" },
	});
});

test("ids are those of the first OpenTaco", () => {
	expect(edgeId({ from_unit_id: "a", from_output: "o", to_unit_id: "b", to_input: null })).toBe(
		"GE9ciz9zhNMijNwbNbhekA3egVx98d2YESwEVx5vjRPt",
	);
});

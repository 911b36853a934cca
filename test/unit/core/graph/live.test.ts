/** The graph's own running: what becomes of it when a look fails. */
import { expect, test } from "bun:test";
import { noDeclarations } from "../../../../src/core/graph/declarations.ts";
import { LiveGraph, type LiveGraphDeps } from "../../../../src/core/graph/live.ts";
import { realClock } from "../../../support/core.ts";

test("a fault in one look is told, and the next look comes all the same", async () => {
	const told: string[] = [];
	const ending = new AbortController();
	let looks = 0;
	const live = new LiveGraph({
		view: {
			declarations: { ...noDeclarations, edges: [{}] },
			revision: 0,
			async follow() {
				looks++;
				if (looks === 1) throw new TypeError("a fault of our own");
				ending.abort();
			},
		},
		clock: { ...realClock, sleep: async () => {} },
		events: { write: (level: string) => told.push(level) },
	} as unknown as LiveGraphDeps);
	await live.run(ending.signal);
	expect(looks).toBe(2);
	expect(told).toEqual(["error"]);
});

/** The system unit's state shows what the graph knows: the real one, and the rule for its times. */
import { describe, expect, test } from "bun:test";
import type { Core } from "../../../../src/core/core.ts";
import { edgeId } from "../../../../src/core/graph/edge-id.ts";
import type { DeclaredEdge } from "../../../../src/core/graph/live.ts";
import { liveValuesOf } from "../../../../src/core/system-unit/live-values.ts";
import { parseUnitId, systemUnitId } from "../../../../src/core/unit/unit-id.ts";
import { alice, edgeState, lockInfo, SystemUnitBench } from "../../../support/system-unit.ts";
import { until } from "../../../support/until.ts";

const declared = { fromUnitId: "a", fromOutput: "o", toUnitId: "b", toInput: "" };
const nothing = {
	inDigest: null,
	outDigest: null,
	status: "unknown",
	lastInAt: null,
	lastOutAt: null,
};

describe("values of an edge", () => {
	const live: DeclaredEdge = {
		address: { module: null, name: "x", indexKey: null },
		edgeId: edgeId({ from: "a", output: "o", to: "b", input: "" }),
		inDigest: "new-in",
		outDigest: "new-out",
		status: "pending",
		isKnown: true,
		isOutKnown: true,
		lastInAt: "2026-02-02T00:00:00Z",
		lastOutAt: "2026-02-03T00:00:00Z",
	};
	const source = (edge: DeclaredEdge, confirmed: string[] = []) =>
		liveValuesOf({
			declaredEdges: async (certain) => {
				confirmed.push(...certain);
				return [edge];
			},
		});
	const valuesOf = () => source(live)([]);

	test("are those of the graph", async () => {
		const { address: _a, edgeId: _e, isKnown: _k, isOutKnown: _o, ...values } = live;
		const confirmed: string[] = [];
		expect((await source(live, confirmed)([]))(declared, nothing)).toEqual(values);
		expect(confirmed).toEqual([]);
	});

	test.each([
		["other than what is there now", { outDigest: "old", status: "ok" }, "old", "pending"],
		["what is there now, as it was", { outDigest: "in", status: "ok" }, "in", "ok"],
		["what is there now, by chance", { outDigest: "in", status: "pending" }, "in", "unknown"],
		["not known to the state either", { outDigest: null, status: "unknown" }, null, "unknown"],
	])("keep what was consumed when its version is gone: %s", async (_name, shown, out, status) => {
		const gone = { ...live, inDigest: "in", outDigest: null, isOutKnown: false } as const;
		const values = (await source({ ...gone, status: "unknown" })([]))(declared, {
			...{ ...nothing, inDigest: "in" },
			...shown,
		});
		expect(values).toMatchObject({ outDigest: out, status });
	});

	test("are made certain by the heads of both units", async () => {
		const confirmed: string[] = [];
		await source(live, confirmed)([declared, { ...declared, toUnitId: "/c/d/terraform.tfstate" }]);
		expect(confirmed).toEqual(["a", "b", "c/d"]);
	});

	test("are left alone while a state is being read", async () => {
		const loading = await source({ ...live, isKnown: false })([]);
		expect(loading(declared, nothing)).toBeUndefined();
	});

	test("keep a time as long as its digest is the same", async () => {
		const shown = {
			...{ ...nothing, inDigest: "new-in", outDigest: "old-out" },
			...{ lastInAt: "2026-01-01T00:00:00Z", lastOutAt: "2026-01-02T00:00:00Z" },
		};
		expect((await valuesOf())(declared, shown)).toMatchObject({
			lastInAt: "2026-01-01T00:00:00Z",
			lastOutAt: "2026-02-03T00:00:00Z",
		});
	});

	test("are left alone where the graph does not know the edge", async () => {
		expect((await valuesOf())({ ...declared, toInput: "x" }, nothing)).toBeUndefined();
	});
});

describe("a server", () => {
	const attributesIn = (text: string) =>
		JSON.parse(text).resources[0].instances[0].attributes as Record<string, unknown>;

	async function apply(core: Core, unit: string, text: string): Promise<void> {
		const id = unit === systemUnitId ? systemUnitId : parseUnitId(unit);
		await core.locks.lock(alice, id, lockInfo(`${unit}-${text.length}`), { autoCreate: true });
		await core.states.write(alice, id, {
			body: new TextEncoder().encode(text),
			...{ lockId: `${unit}-${text.length}`, md5: null, force: false, autoCreate: true },
		});
		await core.locks.unlock(alice, id, `${unit}-${text.length}`);
	}

	const outputState = (serial: number, value: string) =>
		`{"version":4,"serial":${serial},"lineage":"l","outputs":{"o":{"value":"${value}","type":"string"}},"resources":[]}`;

	test("shows the edge as the applies of both units leave it", async () => {
		const bench = new SystemUnitBench();
		await bench.create();
		const core = bench.open(null);
		const ending = new AbortController();
		core.startSweeping(ending.signal);
		const shows = async (expected: Record<string, unknown>) => {
			const isShown = async () => {
				const shown = attributesIn(await bench.read());
				return Object.entries(expected).every(([name, value]) => shown[name] === value);
			};
			await until(isShown);
			return attributesIn(await bench.read());
		};
		await apply(core, systemUnitId, edgeState(1));
		await core.units.create(alice, parseUnitId("b"), { labels: {} });
		await apply(core, "a", outputState(1, "one"));
		const first = await shows({ status: "pending", out_digest: null });
		expect(first.in_digest).toBeString();
		expect(first.last_in_at).toMatch(/^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
		await apply(core, "b", outputState(1, "b"));
		await shows({ status: "ok", in_digest: first.in_digest, out_digest: first.in_digest });
		await apply(core, "a", outputState(22, "another"));
		const stale = await shows({ status: "pending", out_digest: first.in_digest });
		expect(stale.in_digest).not.toBe(first.in_digest);
		expect(await bench.read({ version: 1 })).toBe(edgeState(1));
		expect((await bench.core.units.get(alice, systemUnitId)).current).toMatchObject({
			...{ number: 1, serial: 1 },
		});
		ending.abort();
		await core.flush();
	}, 30_000);
});

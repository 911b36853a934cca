/** The view while indexes are slow, late or missing. */
import { describe, expect, test } from "bun:test";
import { DomainError } from "../../../../src/core/errors.ts";
import { Digester, type DigestKey } from "../../../../src/core/graph/digest.ts";
import { unknownAddresses } from "../../../../src/core/graph/reading-source.ts";
import { VersionDigests } from "../../../../src/core/graph/version-digests.ts";
import { GraphView } from "../../../../src/core/graph/view.ts";
import { traitsOf } from "../../../../src/core/rbac/resource.ts";
import { opaqueIndex, type StateIndex } from "../../../../src/core/state-index/index-facts.ts";
import type { Version } from "../../../../src/core/unit/record.ts";
import type { UnitSummary } from "../../../../src/core/unit/summary.ts";
import { parseUnitId, systemUnitId } from "../../../../src/core/unit/unit-id.ts";
import { realClock } from "../../../support/core.ts";

const id = parseUnitId("a");

function summary(generation: number, number: number): UnitSummary {
	const current = { number, sha256: `sha${number}`, at: `t${number}`, encrypted: false } as Version;
	return {
		...{ id, generation, created: "", updated: "", deleted: null, changed: "", sizeBytes: 1 },
		...{ lock: null, labels: {}, project: "", traits: traitsOf({}, ""), keptAside: [] },
		...{ current, written: current, isAdopted: true, acknowledged: null, settings: {} },
	};
}

const indexWith = (value: string): StateIndex => ({
	...opaqueIndex,
	isOpaque: false,
	outputs: [{ name: "o", valueText: value, typeText: null, isSensitive: false }],
});

const digester = new Digester(new Uint8Array(32));

/** A view whose indexes come when the test says so. */
function slowView() {
	const asked = new Map<number, PromiseWithResolvers<StateIndex>>();
	let units: readonly UnitSummary[] = [];
	const index = (_: unknown, version: Version) => {
		const waiting = asked.get(version.number) ?? Promise.withResolvers<StateIndex>();
		asked.set(version.number, waiting);
		return waiting.promise;
	};
	const never = async () => {
		throw new Error("not here");
	};
	const view = new GraphView({
		directory: { all: async () => units, followed: async () => units },
		index,
		versions: new VersionDigests({ log: { confirm: never }, history: { find: never }, index }),
		key: { digester: async () => digester } as unknown as DigestKey,
		clock: realClock,
		addresses: unknownAddresses,
		systemUnit: systemUnitId,
		reads: { refresh: async () => undefined, noted: () => [] },
	});
	const until = async (number: number) => {
		while (!asked.has(number)) await Promise.resolve();
		return asked.get(number) as PromiseWithResolvers<StateIndex>;
	};
	return { view, until, show: (next: readonly UnitSummary[]) => (units = next) };
}

describe("the view", () => {
	test("never takes what was read of an older state for the newer one", async () => {
		const { view, until, show } = slowView();
		show([summary(1, 1)]);
		const syncing = view.sync();
		const first = await until(1);
		view.take(summary(2, 2));
		first.resolve(indexWith('"old"'));
		const second = await until(2);
		expect(view.currentDigest(id, "o")).toBeUndefined();
		second.resolve(indexWith('"new"'));
		await syncing;
		expect(view.currentDigest(id, "o")).toBe(digester.ofText('"new"'));
	});

	test("keeps to a newer head when an older one comes late", async () => {
		const { view, until, show } = slowView();
		show([summary(2, 2)]);
		const syncing = view.sync();
		(await until(2)).resolve(indexWith("2"));
		await syncing;
		view.take(summary(1, 1));
		expect(view.versionOf(id)).toBe(2);
		show([summary(1, 1)]);
		await view.sync();
		expect(view.versionOf(id)).toBe(2);
	});

	test("does not mind locks and labels", async () => {
		const { view, until, show } = slowView();
		show([summary(1, 1)]);
		const syncing = view.sync();
		(await until(1)).resolve(indexWith("1"));
		const before = await syncing;
		const { revision } = view;
		view.take({ ...summary(2, 1), labels: { a: "b" } });
		expect(view.revision).toBe(revision);
		show([{ ...summary(2, 1), labels: { a: "b" } }]);
		expect(await view.sync()).toBe(before);
		view.take(summary(3, 2));
		expect(view.revision).toBeGreaterThan(revision);
	});

	test("is an error while the store is out of reach, and whole afterwards", async () => {
		const { view, until, show } = slowView();
		show([summary(1, 1)]);
		const syncing = view.sync();
		(await until(1)).reject(new DomainError("storage_unavailable", "down"));
		await expect(syncing).rejects.toMatchObject({ code: "storage_unavailable" });
		show([summary(2, 2)]);
		const again = view.sync();
		(await until(2)).resolve(indexWith("1"));
		expect((await again).units.get(id)?.status).toBe("green");
	});
});

/** The system unit's state is shown with live values, and what was written is never touched. */
import { beforeEach, describe, expect, test } from "bun:test";
import { eventOfUnit } from "../../../../src/core/audit/event.ts";
import { examine } from "../../../../src/core/doctor/doctor.ts";
import type { DomainError } from "../../../../src/core/errors.ts";
import { limits } from "../../../../src/core/limits.ts";
import { bodyRoot } from "../../../../src/core/unit/keys.ts";
import { withOverlay } from "../../../../src/core/unit/overlay.ts";
import type { UnitState, Version } from "../../../../src/core/unit/record.ts";
import { stateKeyOfUnit, systemUnitId } from "../../../../src/core/unit/unit-id.ts";
import {
	alice,
	edgeState,
	lockInfo,
	SystemUnitBench,
	shownState,
} from "../../../support/system-unit.ts";

const id = systemUnitId;
const bytes = (text: string) => new TextEncoder().encode(text);
const codeOf = (act: Promise<unknown>): Promise<string> =>
	act.then(
		() => "ok",
		(error: DomainError) => error.code,
	);

let bench: SystemUnitBench;

beforeEach(async () => {
	bench = new SystemUnitBench();
	await bench.create();
});

describe("the state with live values", () => {
	beforeEach(async () => {
		await bench.write(edgeState(1));
		bench.digest = "d1";
		expect(await bench.refresh()).toBe("refreshed");
	});

	test("is what everybody reads as the current state", async () => {
		expect(await bench.read()).toBe(shownState(1, "d1"));
		expect(await bench.plain()).toBe(shownState(1, "d1"));
		const { current, sizeBytes } = await bench.core.units.get(alice, id);
		const { md5 } = await bench.core.states
			.read(alice, id)
			.then((got) => got.version as { md5: string });
		expect(sizeBytes).toBe(shownState(1, "d1").length);
		expect(current).toMatchObject({ number: 1, serial: 1, lineage: "line", md5 });
		expect(md5).toBe(new Bun.CryptoHasher("md5").update(shownState(1, "d1")).digest("base64"));
	});

	test("leaves the history as it was written", async () => {
		expect(await bench.read({ version: 1 })).toBe(edgeState(1));
		const rows = await bench.core.states.versions(alice, id);
		expect(rows).toMatchObject([{ isCurrent: true, version: { number: 1, author: "alice" } }]);
		expect(rows[0]?.version.sizeBytes).toBe(edgeState(1).length);
		expect(rows[0]?.presentations.map((one) => one.number)).toEqual([1]);
	});

	test("is a version's when it is asked for by its content, then as it is shown now", async () => {
		const md5Of = (text: string) => new Bun.CryptoHasher("md5").update(text).digest("base64");
		bench.digest = "d2";
		await bench.refresh();
		for (const earlier of [shownState(1, "d1"), shownState(1, "d2")]) {
			expect(await bench.read({ version: 1, shownAs: md5Of(earlier) })).toBe(shownState(1, "d2"));
		}
		expect(await bench.read({ version: 1, shownAs: md5Of(edgeState(1)) })).toBe(edgeState(1));
		expect(await bench.read({ version: 1, shownAs: md5Of("other") })).toBe(edgeState(1));
	});

	test("is appended once, by the system, whoever asks and however often", async () => {
		const { generation, ...record } = await bench.head();
		expect(record).toMatchObject({ operation: "graph", principal: "system", surface: "system" });
		expect(eventOfUnit(await bench.head()).detail).toBe("version 1, shown with live values");
		const others = [bench.core, bench.open(), bench.open()].map((one) =>
			one.parts.systemState.refresh(),
		);
		expect(await Promise.all(others)).toEqual(["unchanged", "unchanged", "unchanged"]);
		expect((await bench.head()).generation).toBe(generation);
	});

	test("is made by one of several servers at once", async () => {
		bench.digest = "d2";
		const { generation } = await bench.head();
		const servers = [bench.core, bench.open(), bench.open(), bench.open()];
		const outcomes = await Promise.all(servers.map((one) => one.parts.systemState.refresh()));
		expect(outcomes.filter((one) => one === "refreshed")).toHaveLength(1);
		expect((await bench.head()).generation).toBe(generation + 1);
		const bodies = await bench.store.list({ prefix: bodyRoot(id), limit: 100 });
		expect(bodies.blobs).toHaveLength(3);
	});

	test("goes with the next write", async () => {
		await bench.write(edgeState(2));
		expect(await bench.read()).toBe(edgeState(2));
		expect((await bench.head()).state.overlay).toBeNull();
		expect(await bench.read({ version: 1 })).toBe(edgeState(1));
	});

	test("goes with a restore, which brings back what was written", async () => {
		await bench.write(edgeState(2));
		await bench.refresh();
		await bench.core.states.restore(alice, id, { number: 1, lockId: null, preview: false });
		expect(await bench.read()).toBe(edgeState(3));
	});

	test("goes with a deletion, and comes back after it", async () => {
		await bench.core.units.delete(alice, id, { force: true });
		await bench.core.units.undelete(alice, id);
		expect((await bench.head()).state.overlay).toBeNull();
		expect(await bench.read()).toBe(edgeState(1));
		await bench.refresh();
		expect(await bench.read()).toBe(shownState(1, "d1"));
	});

	test("survives locks, unlocks and labels", async () => {
		await bench.core.locks.lock(alice, id, lockInfo("l"), { autoCreate: false });
		expect(await bench.read()).toBe(shownState(1, "d1"));
		await bench.core.locks.unlock(alice, id, "l");
		await bench.core.units.update(alice, id, { labels: { a: "b" } });
		expect(await bench.read()).toBe(shownState(1, "d1"));
	});

	test("goes when what was written says the same", async () => {
		await bench.write(edgeState(2, "d9"));
		bench.digest = "d1";
		await bench.refresh();
		expect((await bench.head()).state.overlay).not.toBeNull();
		bench.core.parts.systemState.useLiveValues(async () => () => ({
			...{ inDigest: "d9", outDigest: null, status: "unknown", lastInAt: null, lastOutAt: null },
		}));
		expect(await bench.refresh()).toBe("refreshed");
		expect((await bench.head()).state.overlay).toBeNull();
		expect(await bench.read()).toBe(edgeState(2, "d9"));
		expect(eventOfUnit(await bench.head()).detail).toBe("version 2, as it was written");
	});

	test("is made anew when its body is damaged, which takes no state away", async () => {
		const { overlay } = (await bench.head()).state;
		await bench.store.delete(overlay?.body ?? "");
		expect(await codeOf(bench.read())).toBe("storage_corrupt");
		expect(await bench.refresh()).toBe("refreshed");
		expect(await bench.read()).toBe(shownState(1, "d1"));
	});

	test.each([
		["what was written", edgeState(1)],
		["what is shown", shownState(1, "d2")],
		["what was shown before", shownState(1, "d1")],
	])("a write of %s changes nothing", async (_name, text) => {
		bench.digest = "d2";
		await bench.refresh();
		const { generation } = await bench.head();
		expect((await bench.write(text)).isUnchanged).toBe(true);
		expect((await bench.head()).generation).toBe(generation);
		expect(await codeOf(bench.write(text.replace('"line"', '"other"')))).toBe("state_conflict");
		expect(await codeOf(bench.write(text.replace('"a"', '"z"')))).toBe("state_conflict");
	});

	test.each([
		["what was written", edgeState(1)],
		["what is shown", shownState(1, "d2")],
		["what was shown before", shownState(1, "d1")],
	])("a write on condition that the state is %s is made", async (_name, text) => {
		bench.digest = "d2";
		await bench.refresh();
		const ifSha256 = new Bun.CryptoHasher("sha256").update(text).digest("hex");
		const other = new Bun.CryptoHasher("sha256").update("other").digest("hex");
		expect(await codeOf(bench.write(edgeState(2), null, { ifSha256: other }))).toBe(
			"precondition_failed",
		);
		expect(await codeOf(bench.write(edgeState(2), null, { ifSha256 }))).toBe("ok");
		expect(await codeOf(bench.write(edgeState(3), null, { ifSha256 }))).toBe("precondition_failed");
	});

	test("in the plain object is never taken for somebody else's write", async () => {
		bench.digest = "d2";
		await bench.refresh();
		await bench.write(edgeState(2));
		await bench.plain();
		// What a late request of a server that slept would leave there.
		for (const late of [shownState(1, "d1"), shownState(1, "d2"), edgeState(1)]) {
			await bench.store.put(stateKeyOfUnit(id), bytes(late));
			await bench.core.parts.projector.project(id);
			expect(await bench.plain()).toBe(shownState(2, "d2"));
		}
		expect((await bench.head()).state.keptAside).toEqual([]);
	});

	test("does not hide what somebody else writes", async () => {
		await bench.store.put(stateKeyOfUnit(id), bytes(edgeState(5)));
		await bench.core.parts.projector.project(id);
		expect(await bench.read()).toBe(edgeState(5));
		expect((await bench.head()).state.overlay).toBeNull();
	});

	test("stays when somebody else's write is kept aside", async () => {
		await bench.store.put(stateKeyOfUnit(id), bytes(edgeState(5, null, "other")));
		await bench.core.parts.projector.project(id);
		expect(await bench.read()).toBe(shownState(1, "d1"));
		expect((await bench.head()).state.keptAside).toEqual([2]);
	});

	test("is whole for the doctor, who finds what is not", async () => {
		await bench.plain();
		const codes = async () =>
			(
				await examine(
					{ store: bench.store, ...bench.core.parts },
					{ prefix: "", isDeep: true, isRepairing: false },
				)
			).findings.map(({ code, message }) => `${code}: ${message}`);
		expect(await codes()).toEqual([]);
		await bench.store.put(stateKeyOfUnit(id), bytes(edgeState(1)));
		expect(await codes()).toEqual(["projection-behind: its plain state is version 1"]);
		await bench.store.delete((await bench.head()).state.overlay?.body ?? "");
		expect(await codes()).toContain("missing: the content of version 1 as it is shown is missing");
	});

	test.each([
		["came with a lock held", "graph", { lock: true }],
		["came with another operation", "update", {}],
		["is of another version", "graph", { number: 7 }],
		["has another serial", "graph", { serial: 9 }],
	] as const)("is wrong for the doctor when it %s", async (_name, operation, wrong) => {
		const { lock, ...overlay } = { lock: false, ...wrong };
		if (lock) await bench.core.locks.lock(alice, id, lockInfo("l"), { autoCreate: false });
		const grant = await bench.core.parts.gate.authorize(alice, "system.manage", id);
		await bench.core.parts.unitLog.act<void>(grant, id, (now) => ({
			operation,
			result: () => undefined,
			state: withOverlay(now as UnitState, {
				...(now?.overlay as Version),
				...{ body: `${bodyRoot(id)}other`, ...overlay },
			}),
		}));
		const { findings } = await examine(
			{ store: bench.store, ...bench.core.parts },
			{ prefix: "", isDeep: false, isRepairing: false },
		);
		expect(findings.map(({ code }) => code)).toContain("overlay-violated");
	});

	test("keeps its body through the pruner, unlike the one it replaced", async () => {
		bench.digest = "d2";
		await bench.refresh();
		await bench.core.tasks.idle();
		const keys = async () =>
			(await bench.store.list({ prefix: bodyRoot(id), limit: 10 })).blobs.map(({ key }) => key);
		expect(await keys()).toHaveLength(3);
		await bench.core.parts.pruner.prune(id);
		expect(await keys()).toHaveLength(3);
		bench.laterMs = limits.pruneGraceMs + 60_000;
		await bench.core.parts.pruner.prune(id);
		const { overlay, versions } = (await bench.head()).state;
		expect((await keys()).sort()).toEqual([versions[0]?.body, overlay?.body].sort() as string[]);
	});
});

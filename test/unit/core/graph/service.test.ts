/** Statuses as users see them: three units that depend on each other, over the real core. */
import { beforeEach, describe, expect, test } from "bun:test";
import { type Core, createCore } from "../../../../src/core/core.ts";
import { limits } from "../../../../src/core/limits.ts";
import type { BlobStore } from "../../../../src/core/ports/blob-store.ts";
import type { Clock } from "../../../../src/core/ports/clock.ts";
import { silentLog } from "../../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../../src/core/ports/metrics.ts";
import type { Caller } from "../../../../src/core/principal.ts";
import { decideAdminOnly } from "../../../../src/core/rbac/grant.ts";
import { parseUnitId } from "../../../../src/core/unit/unit-id.ts";
import { MemoryStore } from "../../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../../support/core.ts";
import { FaultStore } from "../../../support/fault-store.ts";
import { dependency, remoteState, stateText } from "../../../support/graph-states.ts";

const caller: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
	surface: "http-backend",
	requestId: "test",
};

let store: MemoryStore;
let core: Core;
let serial = 0;

function coreOn(on: BlobStore, clock: Clock = realClock): Core {
	return createCore({
		store: on,
		clock,
		random: realRandom,
		log: silentLog,
		metrics: silentMetrics,
		decide: decideAdminOnly,
		settings: testSettings,
	});
}

beforeEach(async () => {
	store = new MemoryStore(realClock);
	core = coreOn(store);
	serial = 0;
	// From its first look on, the view follows the server's records.
	await core.graph.statuses(caller, "");
});

interface Write {
	readonly outputs?: Record<string, unknown>;
	readonly resources?: readonly unknown[];
}

/** A run of Terraform: lock, write, unlock; without `operation` there is no lock. */
async function write(unit: string, state: Write, operation?: string, on = core): Promise<void> {
	const id = parseUnitId(unit);
	const lockId = operation === undefined ? null : `lock-${++serial}`;
	if (lockId !== null) {
		await on.locks.lock(caller, id, { ID: lockId, Operation: operation }, { autoCreate: true });
	}
	await on.states.write(caller, id, {
		body: new TextEncoder().encode(stateText(++serial, unit, state)),
		lockId,
		md5: null,
		force: false,
		autoCreate: true,
	});
	if (lockId !== null) await on.locks.unlock(caller, id, lockId);
}

const apply = (unit: string, state: Write, on = core) =>
	write(unit, state, "OperationTypeApply", on);

async function declare(...edges: readonly (readonly [string, string, string])[]): Promise<void> {
	const id = parseUnitId("__opentaco_system");
	await core.units.create(caller, id).catch(() => undefined);
	await write(id, { resources: edges.map((edge, index) => dependency(`e${index}`, ...edge)) });
}

async function colours(on = core): Promise<Record<string, string>> {
	const reports = await on.graph.statuses(caller, "");
	return Object.fromEntries(reports.map((one) => [one.unit as string, one.status as string]));
}

describe("declared edges", () => {
	test("turn red, yellow and green along a chain", async () => {
		await declare(["a", "t", "b"], ["b", "t", "c"]);
		await apply("a", { outputs: { t: 1 } });
		await apply("b", { outputs: { t: 1 } });
		await apply("c", {});
		expect(await colours()).toMatchObject({ a: "green", b: "green", c: "green" });
		await apply("a", { outputs: { t: 2 } });
		expect(await colours()).toMatchObject({ a: "green", b: "red", c: "yellow" });
		await apply("b", { outputs: { t: 2 } });
		expect(await colours()).toMatchObject({ a: "green", b: "green", c: "red" });
		await apply("c", { outputs: { done: true } });
		expect(await colours()).toMatchObject({ a: "green", b: "green", c: "green" });
		expect(await colours(coreOn(store))).toEqual(await colours());
	});

	test("are acknowledged by hand where an apply would write nothing, until the next change", async () => {
		const b = parseUnitId("b");
		await apply("a", { outputs: { t: 1 } });
		await apply("b", { outputs: { x: 1 } });
		await declare(["a", "t", "b"], ["b", "x", "c"]);
		expect(await colours()).toMatchObject({ a: "green", b: "red" });
		const report = await core.graph.acknowledge(caller, b);
		expect(report).toMatchObject({ status: "green", incoming: [{ status: "ok" }] });
		expect(await colours(coreOn(store))).toMatchObject({ a: "green", b: "green" });
		await apply("a", { outputs: { t: 2 } });
		expect((await colours()).b).toBe("red");
		expect((await core.graph.acknowledge(caller, b)).status).toBe("green");
		const events = async () => {
			const { events } = await core.audit.query(caller, { unit: b });
			return events.filter(({ operation }) => operation === "acknowledge").length;
		};
		expect(await events()).toBe(2);
		// Again says nothing new, so nothing is written.
		await core.graph.acknowledge(caller, b);
		expect(await events()).toBe(2);
		await core.states.restore(caller, b, { number: 1, lockId: null, preview: false });
		expect((await colours()).b).toBe("red");
	});

	test("are not acknowledged by hand under a lock, without a state, or without the right", async () => {
		const b = parseUnitId("b");
		await declare(["a", "t", "b"]);
		await apply("a", { outputs: { t: 1 } });
		await core.units.create(caller, b);
		await expect(core.graph.acknowledge(caller, b)).rejects.toMatchObject({ code: "no_state" });
		await apply("b", {});
		await apply("a", { outputs: { t: 2 } });
		await core.locks.lock(caller, b, { ID: "held" }, { autoCreate: false });
		await expect(core.graph.acknowledge(caller, b)).rejects.toMatchObject({ code: "locked" });
		await core.locks.unlock(caller, b, "held");
		const reader: Caller = {
			...caller,
			principal: { ...caller.principal, id: "somebody", credentialKind: "api-token" },
		};
		await expect(core.graph.acknowledge(reader, b)).rejects.toMatchObject({
			code: "unit_not_found",
		});
		expect((await colours()).b).toBe("red");
	});

	test("are acknowledged although the store then does not tell the status", async () => {
		await declare(["a", "t", "b"]);
		await apply("a", { outputs: { t: 1 } });
		await apply("b", { outputs: { x: 1 } });
		await apply("a", { outputs: { t: 2 } });
		let isRecorded = false;
		const failing = new FaultStore(store, ({ operation }) => {
			if (operation === "put_if_absent") isRecorded = true;
			else if (isRecorded && operation === "get") return { kind: "before", error: "unavailable" };
			return null;
		});
		const request = coreOn(failing).graph.acknowledge(caller, parseUnitId("b"));
		await expect(request).rejects.toMatchObject({ code: "outcome_unknown" });
		expect((await colours(coreOn(store))).b).toBe("green");
	});

	test("are not acknowledged by surgery, by writes without a lock, and by restores", async () => {
		await declare(["a", "t", "b"]);
		await apply("a", { outputs: { t: 1 } });
		await apply("b", { outputs: { x: 1 } });
		await apply("a", { outputs: { t: 2 } });
		for (const operation of ["state-rm", "taint", "state-push", undefined]) {
			await write("b", { outputs: { x: operation ?? "unlocked" } }, operation);
			expect((await colours()).b).toBe("red");
		}
		await apply("b", { outputs: { x: 2 } });
		expect((await colours()).b).toBe("green");
		const b = parseUnitId("b");
		await core.states.restore(caller, b, { number: 1, lockId: null, preview: false });
		expect((await colours()).b).toBe("red");
	});

	test("count what the upstream had at the lock, not at the write", async () => {
		await declare(["a", "t", "b"]);
		await apply("a", { outputs: { t: 1 } });
		const b = parseUnitId("b");
		await core.graph.statuses(caller, "");
		await core.locks.lock(caller, b, { ID: "long" }, { autoCreate: true });
		await apply("a", { outputs: { t: 2 } });
		await core.states.write(caller, b, {
			body: new TextEncoder().encode(stateText(1, "b", {})),
			lockId: "long",
			md5: null,
			force: false,
			autoCreate: true,
		});
		await core.locks.unlock(caller, b, "long");
		const report = await core.graph.unitStatus(caller, b);
		expect(report).toMatchObject({ status: "red", incoming: [{ reason: "output_changed" }] });
		expect(report.incoming[0]?.outDigest).not.toBe(report.incoming[0]?.inDigest);
	});

	test("are acknowledged on an idle server when another one has just declared the first", async () => {
		await apply("a", { outputs: { t: 0 } });
		await core.parts.feed.publish();
		let laterMs = 0;
		const clock = { ...realClock, monotonic: () => realClock.monotonic() + laterMs };
		const idle = coreOn(store, clock);
		const ending = new AbortController();
		const running = idle.parts.liveGraph.run(ending.signal);
		await idle.graph.statuses(caller, "");
		await idle.tasks.idle();
		await declare(["a", "t", "b"]);
		await apply("a", { outputs: { t: 1 } });
		laterMs = limits.graphRefreshIntervalMs;
		await apply("b", { outputs: { x: 1 } }, idle);
		ending.abort();
		await running;
		await idle.flush();
		expect((await colours()).b).toBe("green");
	});

	test("are acknowledged on a server that has just started, and on another one", async () => {
		await declare(["a", "t", "b"]);
		await apply("a", { outputs: { t: 1 } });
		const cold = coreOn(store);
		const ending = new AbortController();
		const running = cold.parts.liveGraph.run(ending.signal);
		await apply("b", { outputs: { x: 1 } }, cold);
		ending.abort();
		await running;
		await cold.flush();
		expect((await colours()).b).toBe("green");
		const other = coreOn(store);
		await colours(other);
		await core.flush();
		await apply("a", { outputs: { t: 2 } });
		await core.flush();
		await colours(other);
		await apply("a", { outputs: { t: 3 } });
		await apply("b", { outputs: { x: 2 } }, other);
		expect((await core.graph.unitStatus(caller, parseUnitId("b"))).status).toBe("green");
	});

	test("stay unknown, and say why, when an end is missing", async () => {
		await declare(["nowhere", "t", "b"], ["a", "gone", "b"]);
		await apply("a", { outputs: { t: 1 } });
		await apply("b", {});
		const report = await core.graph.unitStatus(caller, parseUnitId("b"));
		expect(report.status).toBe("unknown");
		expect(report.reasons.map(({ code }) => code).sort()).toEqual([
			"output_missing",
			"upstream_missing",
		]);
	});

	test("tell their live values, and tell when these change", async () => {
		let calls = 0;
		core.graph.onChange(() => calls++);
		await declare(["a", "t", "b"]);
		await apply("a", { outputs: { t: 1 } });
		await core.units.create(caller, parseUnitId("b"));
		const [before] = await core.graph.declaredEdges();
		expect(before).toMatchObject({ status: "pending", outDigest: null, lastOutAt: null });
		await apply("b", {});
		await core.tasks.idle();
		expect(calls).toBeGreaterThan(0);
		const [after] = await core.graph.declaredEdges();
		expect(after).toMatchObject({ status: "ok", inDigest: before?.inDigest });
		expect(after?.outDigest).toBe(after?.inDigest as string);
		expect(after?.lastOutAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
	});

	test("name those that declare nothing", async () => {
		await core.units.create(caller, parseUnitId("__opentaco_system"));
		const resources = [dependency("self", "a", "t", "a"), dependency("odd", "../x", "t", "b")];
		await write("__opentaco_system", { resources });
		const { faulty } = await core.graph.picture(caller, "");
		expect(faulty.map(({ address }) => address).sort()).toEqual([
			"opentaco_dependency.odd",
			"opentaco_dependency.self",
		]);
	});
});

test("nothing is worked out anew while nothing changes, and then only what has to do with it", async () => {
	await declare(["a", "t", "b"], ["x", "t", "y"]);
	await apply("x", { outputs: { t: 1 } });
	await apply("y", {});
	await apply("a", { outputs: { t: 1 } });
	await apply("b", {});
	const edgesOf = async () => (await core.graph.picture(caller, "")).edges;
	const units = async () => (await core.graph.statuses(caller, "")).map((report) => report);
	const [before, reports] = [await edgesOf(), await units()];
	await core.tasks.idle();
	const again = await units();
	for (const [index, report] of reports.entries()) expect(again[index]).toBe(report);
	expect((await edgesOf())[0]).toBe(before[0] as (typeof before)[0]);
	await apply("a", { outputs: { t: 2 } });
	const later = await units();
	expect(later.map(({ status }) => status)).toContain("red");
	const same = later.filter((report, index) => report === reports[index]);
	expect(same.map(({ unit }) => unit as string)).toEqual(["__opentaco_system", "x", "y"]);
});

describe("discovered edges", () => {
	const backend = (unit: string) => `http://localhost:8080/v1/backend/${unit}`;

	test("compare what the state holds a copy of with what the upstream has now", async () => {
		await apply("net", { outputs: { vpc: "v1", zones: [1, 2] } });
		const reading = remoteState(
			"net",
			"http",
			{ address: backend("net") },
			{ vpc: "v1", zones: [1.0, 2] },
		);
		await write("app", { resources: [reading] });
		expect(await colours()).toEqual({ net: "green", app: "green" });
		await apply("net", { outputs: { vpc: "v1", zones: [1, 3] } });
		const report = await core.graph.unitStatus(caller, parseUnitId("app"));
		expect(report.status).toBe("red");
		expect(report.incoming.map(({ output, status }) => [output, status])).toEqual([
			["zones", "pending"],
			["vpc", "ok"],
		]);
	});

	test("name cycles and end", async () => {
		await apply("a", {
			outputs: { t: 1 },
			resources: [remoteState("b", "http", { address: backend("b") }, { t: 0 })],
		});
		await apply("b", {
			outputs: { t: 1 },
			resources: [remoteState("a", "http", { address: backend("a") }, { t: 1 })],
		});
		const { cycles } = await core.graph.picture(caller, "");
		expect(cycles as readonly unknown[]).toEqual([["a", "b"]]);
		expect((await core.graph.picture(caller, "other/")).cycles).toEqual([]);
		expect(await colours()).toEqual({ a: "red", b: "yellow" });
		const order = await core.graph.order(caller, { isStaleOnly: false, from: null, prefix: "" });
		expect(
			order.units.map(({ unit, wave, isInCycle }) => [unit as string, wave, isInCycle]),
		).toEqual([
			["a", 1, true],
			["b", 1, true],
		]);
	});

	test("keep what is outside of this server apart and count it", async () => {
		const outside = remoteState("x", "s3", { bucket: "theirs", key: "k" }, { a: 1 });
		await write("app", { resources: [outside] });
		const report = await core.graph.unitStatus(caller, parseUnitId("app"));
		expect(report).toMatchObject({ status: "green", externalCount: 1, incoming: [] });
	});
});

describe("the blast radius", () => {
	test("of an output is who uses it, and who depends on them", async () => {
		await declare(["a", "x", "b"], ["a", "y", "c"], ["b", "z", "d"]);
		for (const unit of ["a", "b", "c", "d"]) await apply(unit, { outputs: { x: 1, y: 1, z: 1 } });
		const blast = await core.graph.blast(caller, parseUnitId("a"), "x");
		expect(blast.units.map(({ unit, wave, outputs }) => [unit as string, wave, outputs])).toEqual([
			["b", 1, ["x"]],
			["d", 2, []],
		]);
	});
});

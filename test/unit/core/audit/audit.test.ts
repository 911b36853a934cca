import { beforeEach, describe, expect, test } from "bun:test";
import type { AuditEvent } from "../../../../src/core/audit/event.ts";
import type { AuditQuery } from "../../../../src/core/audit/service.ts";
import { type Core, createCore } from "../../../../src/core/core.ts";
import { DomainError } from "../../../../src/core/errors.ts";
import { limits } from "../../../../src/core/limits.ts";
import { silentLog } from "../../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../../src/core/ports/metrics.ts";
import type { Caller } from "../../../../src/core/principal.ts";
import { parseUnitId } from "../../../../src/core/unit/unit-id.ts";
import { MemoryStore } from "../../../../src/storage/memory.ts";
import { realRandom, testSettings } from "../../../support/core.ts";

/** Time that moves by hand, and by one millisecond at every look. */
class HandClock {
	ms = Date.UTC(2026, 0, 1);
	skewMs = 0;

	now = () => this.ms++ + this.skewMs;
	monotonic = () => this.ms;
	sleep = async () => {};
}

let clock: HandClock;
let store: MemoryStore;
let core: Core;

function open(skewMs = 0, auditRetentionMs = 0): Core {
	const own = {
		now: () => clock.now() + skewMs,
		monotonic: () => clock.monotonic(),
		sleep: async () => {},
	};
	return createCore({
		store,
		clock: own,
		random: realRandom,
		log: silentLog,
		metrics: silentMetrics,
		settings: testSettings,
		auditRetentionMs,
	});
}

beforeEach(() => {
	clock = new HandClock();
	store = new MemoryStore(clock);
	core = open();
});

const admin: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "admin-token" },
	surface: "management",
	requestId: "r-admin",
	address: "192.0.2.1",
};
const ann: Caller = {
	principal: { id: "s-ann", credentialKind: "access-token", loginId: "l-ann", email: "ann@x" },
	surface: "http-backend",
	requestId: "r-ann",
	address: "192.0.2.2",
};

const app = parseUnitId("dev/app");
const prod = parseUnitId("prod/app");

async function codeOf(work: Promise<unknown>): Promise<string> {
	try {
		await work;
		return "ok";
	} catch (error) {
		if (error instanceof DomainError) return error.code;
		throw error;
	}
}

const body = (serial: number) =>
	new TextEncoder().encode(`{"version":4,"serial":${serial},"lineage":"l","outputs":{}}`);
const write = (serial: number) => ({
	body: body(serial),
	lockId: null,
	md5: null,
	force: false,
	autoCreate: true,
});

const short = (events: readonly AuditEvent[]) =>
	events.map(
		(event) => `${event.principal} ${event.operation} ${event.unit ?? "-"} ${event.outcome}`,
	);

async function all(query: AuditQuery = {}, from: Core = core): Promise<AuditEvent[]> {
	const events: AuditEvent[] = [];
	let cursor: string | undefined;
	for (let page = 0; page < 10_000; page++) {
		const answer = await from.audit.query(admin, { ...query, cursor });
		events.push(...answer.events);
		cursor = answer.next;
		if (cursor === undefined) return events;
	}
	throw new Error("the pages do not end");
}

async function exported(query: AuditQuery = {}): Promise<AuditEvent[]> {
	const events: AuditEvent[] = [];
	for await (const event of await core.audit.export(admin, query)) events.push(event);
	return events;
}

async function verified(from: Core = core) {
	const findings: string[] = [];
	let [records, anchors] = [0, 0];
	let cursor: string | undefined;
	do {
		const answer = await from.audit.verify(admin, { cursor });
		findings.push(
			...answer.findings.map(
				(one) => `${one.source.split(":")[0]} ${one.generation} ${one.problem}`,
			),
		);
		records += answer.records;
		anchors += answer.anchors;
		cursor = answer.next;
	} while (cursor !== undefined);
	return { findings, records, anchors };
}

/** A little of everything. */
async function someHistory(): Promise<void> {
	await core.rbac.init(admin, { email: "boss@x" });
	await core.rbac.createPermission(admin, {
		id: "dev",
		rules: ["allow:unit.read,unit.write:dev/*"],
	});
	await core.rbac.createRole(admin, { id: "dev" });
	await core.rbac.addToRole(admin, "dev", ["dev"]);
	await core.rbac.assign(admin, { kind: "user", email: "ann@x", role: "dev" });
	await core.states.write(ann, app, write(1));
	await core.states.write(admin, prod, write(1));
	expect(await codeOf(core.states.write(ann, prod, write(2)))).toBe("unit_not_found");
	core.parts.chain.login({
		outcome: "failed",
		operation: "login.password",
		requestId: "r9",
		address: "203.0.113.9",
	});
	await core.states.write(ann, app, write(2));
}

describe("the trail", () => {
	test("has every change, every denial and every login, newest first, with who and from where", async () => {
		await someHistory();
		const events = await all();
		expect(short(events)).toEqual([
			"s-ann write dev/app success",
			" login.password - failed",
			"s-ann unit.write prod/app denied",
			"admin write prod/app success",
			"s-ann write dev/app success",
			"admin rbac.assign - success",
			"admin rbac.role.add - success",
			"admin rbac.role.create - success",
			"admin rbac.permission.create - success",
			"admin rbac.init - success",
		]);
		expect(events[0]).toMatchObject({
			kind: "change",
			detail: "version 2, serial 2",
			email: "ann@x",
			credentialKind: "access-token",
			loginId: "l-ann",
			surface: "http-backend",
			requestId: "r-ann",
			address: "192.0.2.2",
			source: "unit:dev/app",
			generation: 2,
		});
		expect(events[2]).toMatchObject({ kind: "denial", email: "ann@x", address: "192.0.2.2" });
		expect(events[5]?.detail).toBe("user:ann@x dev");
	});

	test("can be asked for a part", async () => {
		await someHistory();
		const count = async (query: AuditQuery) => (await all(query)).length;
		expect(await count({ unit: "dev/app" })).toBe(2);
		expect(await count({ unit: "prod/app" })).toBe(2);
		expect(await count({ prefix: "prod/" })).toBe(2);
		expect(await count({ principal: "s-ann" })).toBe(3);
		expect(await count({ principal: "Ann@x" })).toBe(3);
		expect(await count({ operation: "rbac" })).toBe(5);
		expect(await count({ operation: "rbac.assign" })).toBe(1);
		expect(await count({ operation: "rba" })).toBe(0);
		expect(await count({ outcome: "denied" })).toBe(1);
		expect(await count({ outcome: "failed" })).toBe(1);
		expect(await count({ outcome: "success" })).toBe(8);
		const times = (await all()).map((event) => event.time);
		expect(await count({ since: times[3] })).toBe(4);
		expect(await count({ until: times[3] })).toBe(6);
		expect(await count({ since: times[5], until: times[2] })).toBe(3);
		expect((await exported()).length).toBe(10);
		expect((await exported({ since: times[3] })).length).toBe(4);
		for (const bad of [
			{ since: "yesterday" },
			{ limit: 0 },
			{ limit: 1001 },
			{ cursor: "x" },
			{ unit: "a//b" },
		]) {
			expect(await codeOf(core.audit.query(admin, bad))).toMatch(/invalid/);
		}
	});

	test("is shown to those who may see it: of a unit, or of everything", async () => {
		await someHistory();
		expect(await codeOf(core.audit.query(ann, {}))).toBe("forbidden");
		expect(await codeOf(core.audit.query(ann, { unit: "dev/app" }))).toBe("forbidden");
		expect(await codeOf(core.audit.query(ann, { unit: "prod/app" }))).toBe("unit_not_found");
		expect(await codeOf(core.audit.query(ann, { unit: "prod/none" }))).toBe("unit_not_found");
		expect(await codeOf(core.audit.verify(ann, {}))).toBe("forbidden");
		expect(await codeOf(core.audit.export(ann, {}))).toBe("forbidden");
		await core.rbac.createPermission(admin, { id: "aud", rules: ["allow:audit.read:dev/*"] });
		await core.rbac.addToRole(admin, "dev", ["aud"]);
		expect(short((await core.audit.query(ann, { unit: "dev/app" })).events)).toHaveLength(3);
		expect(await codeOf(core.audit.query(ann, {}))).toBe("forbidden");
	});

	test("comes in pages that hold every event once, over many logs and two servers", async () => {
		const other = open();
		for (let i = 0; i < 120; i++) {
			const unit = parseUnitId(`u${(i * 7) % 13}`);
			await (i % 2 ? core : other).states.write(admin, unit, write(i + 1));
			if (i % 5 === 0) await codeOf((i % 2 ? core : other).units.get(ann, unit));
		}
		await other.audit.query(admin, {});
		const whole = await all({ limit: 1000 });
		expect(whole).toHaveLength(144);
		const times = whole.map((event) => event.time);
		expect(times).toEqual([...times].sort().reverse());
		for (const limit of [1, 7, 50]) expect(await all({ limit })).toEqual(whole);
		expect((await exported()).length).toBe(144);
	});

	test("keeps the order of each log when the servers' clocks disagree", async () => {
		const late = open(-90_000);
		for (let i = 1; i <= 40; i++) {
			await (i % 3 ? core : late).states.write(admin, parseUnitId(`u${i % 4}`), write(i));
		}
		const whole = await all({ limit: 1000 });
		expect(whole).toHaveLength(40);
		for (const unit of ["u0", "u1", "u2", "u3"]) {
			const generations = whole.filter((e) => e.unit === unit).map((e) => e.generation);
			expect(generations).toEqual(Array.from({ length: 10 }, (_, i) => 10 - i));
		}
		for (const limit of [1, 9]) {
			const paged = await all({ limit });
			expect(new Set(paged.map((e) => `${e.source} ${e.generation}`)).size).toBe(40);
		}
	});

	test("does not grow with a flood of denials, and says how many it left out", async () => {
		for (let i = 0; i < 5000; i++) await codeOf(core.units.get(ann, app));
		const events = await all({ limit: 1000 });
		const dropped = events.filter((event) => event.kind === "dropped");
		const written = events.length - dropped.length;
		expect(written).toBe(limits.auditQueueMax);
		expect(dropped).toMatchObject([
			{
				detail: `${5000 - limits.auditQueueMax} denials or logins came too fast to be written down`,
			},
		]);
		for (let i = 0; i < 2000; i++) await codeOf(core.units.get(ann, app));
		expect((await all({ limit: 1000 })).filter((e) => e.kind === "denial").length).toBe(
			limits.auditEntriesPerMinuteMax,
		);
	});
});

const recordsOf = (prefix: string) =>
	store.list({ prefix, limit: 1000 }).then((page) => page.blobs);

describe("verification", () => {
	beforeEach(async () => {
		await someHistory();
		await core.audit.anchor();
	});

	test("finds nothing in what was left alone", async () => {
		const result = await verified();
		expect(result.findings).toEqual([]);
		expect(result.anchors).toBe(3);
		expect(result.records).toBe(10);
	});

	test("finds a unit's log whose end was cut", async () => {
		const [newest] = await recordsOf("__opentaco/log/dev__app/");
		await store.delete(newest?.key ?? "");
		expect((await verified(open())).findings).toEqual(["unit 2 missing"]);
	});

	test("finds a log that is gone, and one that begins late", async () => {
		for (const blob of await recordsOf("__opentaco/log/dev__app/")) await store.delete(blob.key);
		const first = (await recordsOf("__opentaco/register/rbac/")).at(-1);
		await store.delete(first?.key ?? "");
		expect((await verified(open())).findings).toEqual(["unit 2 missing", "register 1 missing"]);
	});

	test("finds a record that was rewritten, also the newest", async () => {
		const [newest, older] = await recordsOf("__opentaco/log/dev__app/");
		for (const blob of [newest, older]) {
			const key = blob?.key ?? "";
			const found = await store.get(key);
			if (!found.found) throw new Error("gone");
			const text = new TextDecoder().decode(found.bytes).replace("s-ann", "s-bob");
			await store.put(key, new TextEncoder().encode(text));
			const { findings } = await verified(open());
			expect(findings).toContain(blob === newest ? "unit 2 exchanged" : "unit 2 broken");
			await store.put(key, found.bytes);
		}
		expect((await verified(open())).findings).toEqual([]);
		await store.put(newest?.key ?? "", new TextEncoder().encode("{"));
		expect((await verified(open())).findings).toEqual(["unit 2 damaged"]);
	});

	test("finds a chain of denials that was cut, changed or removed", async () => {
		const chain = `__opentaco/audit/${core.parts.chain.instance}/`;
		const [newest] = await recordsOf(chain);
		const key = newest?.key ?? "";
		const found = await store.get(key);
		if (!found.found) throw new Error("gone");
		await store.delete(key);
		expect((await verified(open())).findings[0]).toMatch(/^chain \d+ missing$/);
		const text = new TextDecoder().decode(found.bytes).replace('"dropped":0', '"dropped":1');
		await store.put(key, new TextEncoder().encode(text));
		expect((await verified(open())).findings[0]).toMatch(/^chain \d+ exchanged$/);
		for (const blob of await recordsOf(chain)) await store.delete(blob.key);
		expect((await verified(open())).findings[0]).toMatch(/^chain \d+ missing$/);
	});

	test("goes on where one request had to stop", async () => {
		const many = parseUnitId("many");
		for (let i = 1; i <= limits.auditReadsMax / 10; i++)
			await core.states.write(admin, many, write(i));
		expect((await verified()).findings).toEqual([]);
		const one = await core.audit.verify(admin, { unit: "many" });
		expect(one).toMatchObject({ sources: 1, records: 500, findings: [] });
	});
});

describe("retention", () => {
	test("lets old denials go, keeps changes, and leaves a trail that verifies", async () => {
		core = open(0, 24 * 3600_000);
		await someHistory();
		await core.audit.anchor();
		const dead = open(0, 24 * 3600_000);
		await codeOf(dead.units.get(ann, prod));
		await dead.audit.anchor();
		expect(await core.audit.prune()).toBe(0);
		clock.ms += 25 * 3600_000;
		await codeOf(core.units.get(ann, prod));
		await core.audit.anchor();
		expect(await core.audit.prune()).toBeGreaterThan(1);
		expect((await verified(open())).findings).toEqual([]);
		const events = await all();
		expect(events.filter((event) => event.kind === "denial")).toHaveLength(1);
		expect(events.filter((event) => event.kind === "change")).toHaveLength(8);
		await codeOf(dead.units.get(ann, prod));
		await dead.audit.anchor();
		expect((await verified(open())).findings).toEqual([]);
		expect((await all()).filter((event) => event.kind === "denial")).toHaveLength(2);
	});
});

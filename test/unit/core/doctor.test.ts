import { expect, test } from "bun:test";
import { createCore } from "../../../src/core/core.ts";
import { examine } from "../../../src/core/doctor/doctor.ts";
import { recordKey } from "../../../src/core/log/record-key.ts";
import { silentLog } from "../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../src/core/ports/metrics.ts";
import type { Caller } from "../../../src/core/principal.ts";
import { decideAdminOnly } from "../../../src/core/rbac/grant.ts";
import { bodyRoot, logName } from "../../../src/core/unit/keys.ts";
import { parseUnitId } from "../../../src/core/unit/unit-id.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../support/core.ts";
import { dependency, stateText } from "../../support/graph-states.ts";

const id = parseUnitId("myapp/prod");
const caller: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
	surface: "management",
	requestId: "test",
};

const bytes = (text: string) => new TextEncoder().encode(text);
const stateOf = (serial: number) =>
	bytes(
		`{"version":4,"terraform_version":"1.11.4","serial":${serial},"lineage":"l","outputs":{},"resources":[]}`,
	);

/** A store with one unit of three versions, quiet, and a doctor for it. */
async function clinic() {
	const store = new MemoryStore(realClock);
	const core = createCore({
		store,
		clock: realClock,
		random: realRandom,
		log: silentLog,
		metrics: silentMetrics,
		decide: decideAdminOnly,
		settings: testSettings,
	});
	for (const serial of [1, 2, 3]) {
		await core.states.write(caller, id, {
			body: stateOf(serial),
			lockId: null,
			md5: null,
			force: false,
			autoCreate: true,
		});
	}
	await core.tasks.idle();
	const check = (options: { isDeep?: boolean; isRepairing?: boolean } = {}) =>
		examine(
			{ store, ...core.parts },
			{
				prefix: "",
				isDeep: options.isDeep ?? false,
				isRepairing: options.isRepairing ?? false,
			},
		);
	const codes = async (options = {}) => (await check(options)).findings.map((f) => f.code);
	return { store, core, check, codes };
}

test("a healthy store gives no finding", async () => {
	const { check } = await clinic();
	expect(await check({ isDeep: true })).toEqual({
		units: 1,
		plainUnits: 0,
		records: 3,
		versions: 3,
		bodiesVerified: 3,
		findings: [],
		repaired: [],
	});
});

test("missing and damaged contents are found, old ones when looked at deeply", async () => {
	const { store, core, codes } = await clinic();
	const [, middle, oldest] = await core.states.versions(caller, id);
	await store.put(oldest?.version.body ?? "", stateOf(7));
	expect(await codes()).toEqual([]);
	expect(await codes({ isDeep: true })).toEqual(["damaged"]);
	await store.delete(middle?.version.body ?? "");
	expect(await codes()).toEqual(["missing"]);
});

test("a changed, lost or foreign record breaks the chain", async () => {
	const { store, codes } = await clinic();
	const key = recordKey(logName(id), 2);
	const original = await store.get(key);
	if (!original.found) throw new Error("record 2 should be there");
	const text = new TextDecoder().decode(original.bytes);
	await store.put(key, bytes(text.replace('"principal":"admin"', '"principal":"mallory"')));
	expect(await codes()).toEqual(["broken-chain"]);
	await store.delete(key);
	// Generation 2 may have been pruned: the chain begins anew after the first record.
	expect(await codes()).toEqual(["pruned"]);
	await store.put(key, bytes("{"));
	expect(await codes()).toEqual(["damaged"]);
	await store.put(`${logName(id)}/readme`, bytes("x"));
	expect(await codes()).toContain("stray");
});

test("an acknowledgement that no lock accounts for is named, one that does is not", async () => {
	const { store, core, codes } = await clinic();
	await core.graph.statuses(caller, "");
	const system = parseUnitId("__opentaco_system");
	await core.units.create(caller, system);
	const write = (unit: typeof id, text: string, lockId: string | null) =>
		core.states.write(caller, unit, {
			...{ body: bytes(text), lockId, md5: null, force: false, autoCreate: true },
		});
	const resources = [dependency("e", "up", "t", id)];
	await write(system, stateText(1, "system", { resources }), null);
	await core.units.create(caller, parseUnitId("up"));
	await core.graph.statuses(caller, "");
	await core.locks.lock(caller, id, { ID: "L" }, { autoCreate: false });
	await write(id, new TextDecoder().decode(stateOf(4)), "L");
	await core.locks.unlock(caller, id, "L");
	await core.tasks.idle();
	expect(await codes()).toEqual([]);
	const key = recordKey(logName(id), 6);
	const newest = await store.get(key);
	if (!newest.found) throw new Error("record 6 should be there");
	const text = new TextDecoder().decode(newest.bytes);
	expect(text).toContain('"upstream":[["up",0]]');
	await store.put(key, bytes(text.replace('"upstream":[["up",0]]', '"upstream":[["up",7]]')));
	expect(await codes()).toContain("acknowledgement-odd");
});

test("plain objects that are behind are mended, and what others wrote is kept", async () => {
	const { store, core, check, codes } = await clinic();
	await store.put("myapp/prod/terraform.tfstate", stateOf(1));
	await store.put("myapp/prod/terraform.tfstate.lock", bytes("{}"));
	expect(await codes()).toEqual(["projection-behind", "projection-behind"]);
	expect((await check({ isRepairing: true })).repaired).toHaveLength(2);
	expect(await codes()).toEqual([]);
	await store.put("myapp/prod/terraform.tfstate", bytes("not a state at all"));
	expect(await codes()).toEqual(["outside-write"]);
	await check({ isRepairing: true });
	expect(await codes()).toEqual(["kept-aside"]);
	const kept = (await core.states.versions(caller, id))[0]?.version;
	expect(kept).toMatchObject({ cause: "outside", sizeBytes: 18, serial: null });
});

test("plain states without a log are counted, orphans told, odd keys named", async () => {
	const { store, check } = await clinic();
	await store.put("legacy/terraform.tfstate", stateOf(1));
	await store.put(`${"deep/".repeat(120)}terraform.tfstate`, stateOf(1));
	await store.put(`${bodyRoot(id)}0000000001-${"0".repeat(32)}`, stateOf(1));
	const found = await check();
	expect(found.plainUnits).toBe(1);
	expect(found.findings.map((f) => f.code).sort()).toEqual(["orphan", "unaddressable"]);
});

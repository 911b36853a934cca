/** Indexes are made beside the requests, read instead of the state, and made again when they are not whole. */
import { expect, test } from "bun:test";
import { type Core, createCore } from "../../../../src/core/core.ts";
import { examine } from "../../../../src/core/doctor/doctor.ts";
import { type BlobStore, StoreError } from "../../../../src/core/ports/blob-store.ts";
import { silentLog } from "../../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../../src/core/ports/metrics.ts";
import type { Caller } from "../../../../src/core/principal.ts";
import { decideAdminOnly } from "../../../../src/core/rbac/grant.ts";
import { opaqueIndex } from "../../../../src/core/state-index/index-facts.ts";
import { indexKey } from "../../../../src/core/state-index/stored-index.ts";
import { bodyRoot, indexRoot } from "../../../../src/core/unit/keys.ts";
import type { Version } from "../../../../src/core/unit/record.ts";
import { parseUnitId, stateKeyOfUnit } from "../../../../src/core/unit/unit-id.ts";
import { MemoryStore } from "../../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../../support/core.ts";
import { FaultStore, nthOperation, type StoreFault } from "../../../support/fault-store.ts";

const id = parseUnitId("myapp/prod");
const caller: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
	surface: "management",
	requestId: "test",
};

const bytes = (text: string) => new TextEncoder().encode(text);
const stateOf = (serial: number, value = `"v${serial}"`) =>
	bytes(
		`{"version":4,"serial":${serial},"lineage":"l","outputs":{"o":{"value":${value},"type":"string"}},"resources":[]}`,
	);

/** A store that counts reads of states' bytes, and refuses to keep indexes while told so. */
class WatchedStore {
	readonly memory = new MemoryStore(realClock);
	bodyReads = 0;
	refusesIndexes = false;
	readonly store: BlobStore = new Proxy(this.memory, {
		get: (target, name) => {
			const value: unknown = Reflect.get(target, name);
			if (typeof value !== "function") return value;
			return async (...parameters: unknown[]) => {
				const key = parameters[0];
				const isRead = name === "get" || name === "getStream";
				if (isRead && typeof key === "string" && key.startsWith(bodyRoot(id))) this.bodyReads++;
				if (this.refusesIndexes && name === "put" && String(key).startsWith(indexRoot(id))) {
					throw new StoreError("not_writable", "no room");
				}
				return await Reflect.apply(value, target, parameters);
			};
		},
	});
}

function open(store: BlobStore, settings = testSettings): Core {
	return createCore({
		store,
		clock: realClock,
		random: realRandom,
		log: silentLog,
		metrics: silentMetrics,
		decide: decideAdminOnly,
		settings,
	});
}

async function write(core: Core, body: Uint8Array, force = false): Promise<Version> {
	const input = { body, lockId: null, md5: null, force, autoCreate: true };
	const { version } = await core.states.write(caller, id, input);
	return version;
}

async function valuesOf(core: Core, version: Version): Promise<string[]> {
	return (await core.stateIndex.of(id, version)).outputs.map(({ valueText }) => valueText);
}

test("after a write the outputs are read without the state, by any server", async () => {
	const watched = new WatchedStore();
	const core = open(watched.store);
	const version = await write(core, stateOf(1));
	await core.tasks.idle();
	const other = open(watched.store);
	await other.states.locate(caller, id);
	watched.bodyReads = 0;
	expect(await valuesOf(core, version)).toEqual(['"v1"']);
	expect(await valuesOf(other, version)).toEqual(['"v1"']);
	expect((await other.outputs.read(caller, id)).map(({ value }) => value)).toEqual(["v1"]);
	expect((await other.stateIndex.resources(id, version)).isTruncated).toBe(false);
	expect(watched.bodyReads).toBe(0);
});

test("a restore, a state found outside and an adopted one are indexed too", async () => {
	const watched = new WatchedStore();
	await watched.memory.put(stateKeyOfUnit(id), stateOf(1));
	const core = open(watched.store);
	expect((await core.outputs.read(caller, id)).map(({ value }) => value)).toEqual(["v1"]);
	const steps: (() => Promise<unknown>)[] = [
		() => core.parts.adoption.adopt(id),
		() => write(core, stateOf(2)),
		() => core.states.restore(caller, id, { number: 1, lockId: null, preview: false }),
		async () => {
			await core.tasks.idle();
			await watched.memory.put(stateKeyOfUnit(id), stateOf(9));
			await core.parts.projector.project(id);
		},
	];
	for (const [at, step] of steps.entries()) {
		await step();
		await core.tasks.idle();
		const { version } = await core.states.locate(caller, id);
		expect(version?.number).toBe(at + 1);
		expect(String(version?.cause)).toBe(["adopted", "write", "restore", "outside"][at] ?? "");
		watched.bodyReads = 0;
		const expected = ["v1", "v2", "v1", "v9"][at] ?? "";
		expect((await open(watched.store).outputs.read(caller, id)).map(({ value }) => value)).toEqual([
			expected,
		]);
		expect([at, watched.bodyReads]).toEqual([at, 0]);
	}
});

test("a missing index is made once, however many ask", async () => {
	const watched = new WatchedStore();
	const version = await write(open(watched.store), stateOf(1));
	for (const blob of (await watched.memory.list({ prefix: indexRoot(id), limit: 10 })).blobs) {
		await watched.memory.delete(blob.key);
	}
	const core = open(watched.store);
	watched.bodyReads = 0;
	const all = await Promise.all(Array.from({ length: 20 }, () => valuesOf(core, version)));
	expect(new Set(all.flat())).toEqual(new Set(['"v1"']));
	expect(watched.bodyReads).toBe(1);
	await open(watched.store).stateIndex.of(id, version);
	expect(watched.bodyReads).toBe(1);
});

test("a damaged index is never believed, and made anew", async () => {
	const watched = new WatchedStore();
	const core = open(watched.store);
	const version = await write(core, stateOf(1));
	await core.tasks.idle();
	for (const part of ["index", "resources"] as const) {
		const key = indexKey(id, version.sha256, part);
		const whole = await watched.memory.get(key);
		if (!whole.found) throw new Error("no index");
		const flipped = Uint8Array.from(whole.bytes);
		const at = flipped.length - 9;
		flipped[at] = (flipped[at] ?? 0) ^ 1;
		for (const damaged of [bytes(""), bytes("{}"), whole.bytes.subarray(0, -1), flipped]) {
			await watched.memory.put(key, damaged);
			const findings = await doctor(watched.store, core);
			expect(findings.map((finding) => finding.code)).toContain("index-damaged");
			const fresh = open(watched.store);
			expect(await valuesOf(fresh, version)).toEqual(['"v1"']);
			expect((await fresh.stateIndex.resources(id, version)).resources).toEqual([]);
			expect(await watched.memory.get(key)).toMatchObject({ bytes: whole.bytes });
			expect(await doctor(watched.store, core)).toEqual([]);
		}
	}
});

async function doctor(store: BlobStore, core: Core) {
	const options = { prefix: "", isDeep: true, isRepairing: false };
	return (await examine({ store, ...core.parts }, options)).findings;
}

test("a store that keeps no index does not fail whoever asks", async () => {
	const watched = new WatchedStore();
	watched.refusesIndexes = true;
	const core = open(watched.store);
	const version = await write(core, stateOf(1));
	await core.tasks.idle();
	expect(await valuesOf(open(watched.store), version)).toEqual(['"v1"']);
});

test("storage trouble is not an empty index", async () => {
	const watched = new WatchedStore();
	const version = await write(open(watched.store), stateOf(1));
	const broken = open(
		new Proxy(watched.memory, {
			get: (target, name) => {
				if (name === "getStream") {
					return async () => {
						throw new StoreError("unavailable", "no");
					};
				}
				const value: unknown = Reflect.get(target, name);
				return typeof value === "function" ? value.bind(target) : value;
			},
		}),
	);
	await expect(broken.stateIndex.of(id, version)).rejects.toMatchObject({
		code: "storage_unavailable",
	});
	const core = open(watched.store);
	const gone = { ...version, sha256: "0".repeat(64), body: `${version.body.slice(0, -1)}x` };
	await expect(core.stateIndex.of(id, gone)).rejects.toMatchObject({ code: "storage_corrupt" });
});

const faults: readonly StoreFault[] = [
	{ kind: "before", error: "unavailable" },
	{ kind: "after", error: "timeout" },
	{ kind: "truncated" },
];

for (const fault of faults) {
	test(`with every single call of the store failing (${JSON.stringify(fault)}) nobody sees half an index`, async () => {
		for (const isThere of [true, false]) {
			for (let nth = 0; nth < 8; nth++) {
				const memory = new MemoryStore(realClock);
				const writer = open(memory);
				await writer.stateIndex.of(id, await write(writer, stateOf(1)));
				const { blobs } = await memory.list({ prefix: indexRoot(id), limit: 10 });
				if (!isThere) for (const { key } of blobs) await memory.delete(key);
				const store = new FaultStore(memory, nthOperation(nth, fault));
				const core = open(store);
				const values = async () =>
					(await core.outputs.read(caller, id)).map(({ valueText }) => valueText);
				const first = await values().catch((error: unknown) => error);
				if (!Array.isArray(first))
					expect(first).toMatchObject({ code: expect.stringMatching(/^storage_/) });
				else expect(first).toEqual(['"v1"']);
				store.plan = () => null;
				expect(await values()).toEqual(['"v1"']);
				expect(await open(memory).outputs.read(caller, id)).toHaveLength(1);
				const codes = (await doctor(memory, writer)).map(({ code }) => code);
				expect(codes).not.toContain("index-damaged");
			}
		}
	});
}

test("what cannot be looked into is opaque", async () => {
	const core = open(new MemoryStore(realClock));
	const encrypted = await write(
		core,
		bytes('{"serial":1,"lineage":"l","meta":{},"encrypted_data":"x","outputs":{"o":{"value":1}}}'),
	);
	expect(await core.stateIndex.of(id, encrypted)).toEqual(opaqueIndex);
	expect(await core.outputs.read(caller, id)).toEqual([]);
	expect(await core.outputs.hasResources(caller, id)).toBe(true);
});

test("the pruner removes the indexes of bodies that are gone, after the grace", async () => {
	const settings = { ...testSettings, versionsKept: 2 };
	let now = 1_700_000_000_000;
	const store = new MemoryStore({ now: () => now });
	const core = open(store, settings);
	for (let serial = 1; serial <= 4; serial++) {
		await write(core, stateOf(serial));
		await core.tasks.idle();
	}
	const names = async () =>
		(await store.list({ prefix: indexRoot(id), limit: 100 })).blobs.map(({ key }) => key);
	const old = indexKey(id, "0".repeat(64), "index");
	await store.put(old, bytes("x"));
	await core.parts.pruner.prune(id);
	expect(await names()).toHaveLength(9);
	now += 7 * 3_600_000;
	await write(core, stateOf(5));
	await core.tasks.idle();
	await core.parts.pruner.prune(id);
	expect(await names()).toHaveLength(4);
	expect(await names()).not.toContain(old);
	for (const row of (await core.states.versions(caller, id)).slice(0, 2)) {
		expect(await names()).toContain(indexKey(id, row.version.sha256, "index"));
	}
});

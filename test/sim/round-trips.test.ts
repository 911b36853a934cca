/**
 * What an act costs: sequential round trips to the store, measured as virtual time over a store
 * whose every operation takes 1 ms. What goes on beside the request costs nothing here.
 */
import { beforeEach, describe, expect, test } from "bun:test";
import type { Core } from "../../src/core/core.ts";
import type { BlobStore } from "../../src/core/ports/blob-store.ts";
import type { Caller } from "../../src/core/principal.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { testSettings } from "../support/core.ts";
import { dependency, stateText } from "../support/graph-states.ts";
import { lockInfo, stateBytes } from "./client.ts";
import { Machine, wallTime } from "./clock.ts";
import { type Code, loadCode } from "./code.ts";
import { Prng } from "./prng.ts";
import { Scheduler } from "./scheduler.ts";

const caller: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
	surface: "http-backend",
	requestId: "test",
};

const code: Code = await loadCode();
const id = code.parseUnitId("app");

let scheduler: Scheduler;
let memory: MemoryStore;

beforeEach(() => {
	scheduler = new Scheduler(new Prng("round trips"));
	memory = new MemoryStore({ now: () => wallTime(scheduler) });
});

/** Every operation takes 1 ms, in whatever number they are under way. */
function slow(inner: BlobStore): BlobStore {
	return new Proxy(inner, {
		get(target, name) {
			const value = Reflect.get(target, name);
			if (typeof value !== "function") return value;
			return async (...parameters: unknown[]) => {
				await scheduler.sleep(1);
				return Reflect.apply(value, target, parameters);
			};
		},
	});
}

function server(options: { readonly recordsKept: number } = { recordsKept: 0 }): Core {
	return code.createCore({
		store: slow(memory),
		clock: new Machine(scheduler, 0).clock(),
		random: new Prng(`server ${scheduler.now}`),
		log: code.silentLog,
		metrics: code.silentMetrics,
		decide: code.decideAdminOnly,
		settings: { ...testSettings, ...options },
	});
}

/** Sequential round trips of an act. */
async function tripsOf(act: () => Promise<unknown>): Promise<number> {
	const from = scheduler.now;
	let until = from;
	const done = act().then(() => {
		until = scheduler.now;
	});
	expect(await scheduler.runUntil(done)).toBe(true);
	await done;
	return until - from;
}

/** Lets everything that goes on beside requests end. */
async function rest(core: Core): Promise<void> {
	await scheduler.runUntil(core.tasks.idle());
}

const lock = (core: Core, lockId: string) => () =>
	core.locks.lock(caller, id, lockInfo(lockId, "apply"), { autoCreate: true });
const unlock = (core: Core, lockId: string) => () => core.locks.unlock(caller, id, lockId);
const read = (core: Core) => () => core.states.read(caller, id);
const write = (core: Core, serial: number, lockId: string | null) => () =>
	core.states.write(caller, id, {
		body: stateBytes(serial, "lineage", "mark"),
		lockId,
		md5: null,
		force: false,
		autoCreate: true,
	});

/** An apply from the lock to the unlock: what each step cost. */
async function apply(core: Core, serial: number): Promise<Record<string, number>> {
	const lockId = `lock-${serial}`;
	const cost: Record<string, number> = {};
	cost.lock = await tripsOf(lock(core, lockId));
	await rest(core);
	cost.read = await tripsOf(() => read(core)().catch(() => undefined));
	cost.write = await tripsOf(write(core, serial, lockId));
	await rest(core);
	cost.unlock = await tripsOf(unlock(core, lockId));
	await rest(core);
	return cost;
}

describe("round trips", () => {
	test("of a warm server: lock 1, read 1, write 2, unlock 1", async () => {
		const core = server();
		await apply(core, 1);
		expect(await apply(core, 2)).toEqual({ lock: 1, read: 1, write: 2, unlock: 1 });
	});

	test("of a unit with declared upstream units: the same", async () => {
		const core = server();
		const system = code.parseUnitId("__opentaco_system");
		const declared = stateText(1, "system", { resources: [dependency("e", "up", "t", "app")] });
		const setUp = async () => {
			await core.units.create(caller, system);
			await core.states.write(caller, system, {
				...{ body: new TextEncoder().encode(declared), lockId: null, md5: null },
				...{ force: false, autoCreate: false },
			});
			await core.units.create(caller, code.parseUnitId("up"));
			await core.graph.statuses(caller, "");
		};
		await scheduler.runUntil(setUp());
		await apply(core, 1);
		expect(await apply(core, 2)).toEqual({ lock: 1, read: 1, write: 2, unlock: 1 });
		const head = core.parts.unitLog.lastSeen(id)?.record?.state;
		expect(head?.acknowledged?.upstream).toEqual([["up", 0]]);
	});

	test("of outputs: one, as for the head alone; of a cold server at most one more than a read", async () => {
		const outputs = (core: Core) => () => core.outputs.read(caller, id);
		const core = server();
		await apply(core, 1);
		expect(await tripsOf(outputs(core))).toBe(1);
		expect(await tripsOf(outputs(server()))).toBeLessThanOrEqual(4);
	});

	test("of looking whether projects are there: one, however many they are", async () => {
		const core = server();
		const ids: string[] = [];
		const make = async () => {
			for (const name of ["one", "two", "three"]) {
				ids.push((await core.projects.create(caller, { name, description: "" })).id);
			}
		};
		await scheduler.runUntil(make());
		expect(ids.length).toBe(3);
		expect(await tripsOf(() => core.projects.checkFor(caller, ids))).toBe(1);
		expect(await tripsOf(() => core.projects.checkFor(caller, []))).toBe(0);
		const missing = core.projects.checkFor(caller, [...ids, "prj-missing"]).then(
			() => "none",
			(error: { code: string }) => error.code,
		);
		await scheduler.runUntil(missing);
		expect(await missing).toBe("not_found");
	});

	test("of a cold server: at most two more each", async () => {
		await apply(server(), 1);
		expect(await tripsOf(read(server()))).toBeLessThanOrEqual(3);
		expect(await tripsOf(lock(server(), "a"))).toBeLessThanOrEqual(3);
		expect(await tripsOf(write(server(), 2, "a"))).toBeLessThanOrEqual(4);
		expect(await tripsOf(unlock(server(), "a"))).toBeLessThanOrEqual(3);
	});

	test("of a cold server where records are pruned: one more than that", async () => {
		const kept = { recordsKept: 10 };
		await apply(server(kept), 1);
		expect(await tripsOf(read(server(kept)))).toBeLessThanOrEqual(4);
		expect(await tripsOf(lock(server(kept), "a"))).toBeLessThanOrEqual(4);
		expect(await tripsOf(write(server(kept), 2, "a"))).toBeLessThanOrEqual(5);
		expect(await tripsOf(unlock(server(kept), "a"))).toBeLessThanOrEqual(4);
	});

	test("of the first act ever on a unit: at most two more than warm", async () => {
		const core = server();
		expect(await tripsOf(lock(core, "a"))).toBeLessThanOrEqual(3);
	});

	test("of a repeated act and of a refusal: one look at the head", async () => {
		const core = server();
		await apply(core, 1);
		await tripsOf(lock(core, "a"));
		await rest(core);
		expect(await tripsOf(lock(core, "a"))).toBe(1);
		expect(await tripsOf(() => lock(core, "b")().catch(() => undefined))).toBe(1);
		await tripsOf(write(core, 2, "a"));
		await rest(core);
		expect(await tripsOf(write(core, 2, "a"))).toBe(1);
	});

	test("do not grow with what other servers did meanwhile", async () => {
		const [one, other] = [server(), server()];
		await apply(one, 1);
		await apply(other, 2);
		const one2 = await tripsOf(read(one));
		for (let serial = 3; serial < 20; serial++) await apply(other, serial);
		const far = await tripsOf(read(one));
		expect(one2).toBeLessThanOrEqual(7);
		expect(far).toBeLessThanOrEqual(8);
	});

	test("of servers in turns: an append that lost looks and appends again", async () => {
		const [one, other] = [server(), server()];
		await apply(one, 1);
		await tripsOf(lock(other, "a"));
		await rest(other);
		await tripsOf(unlock(other, "a"));
		await rest(other);
		const trips = await tripsOf(lock(one, "b"));
		console.log(`a lock after another server's two acts: ${trips} round trips`);
		expect(trips).toBeLessThanOrEqual(6);
	});
});

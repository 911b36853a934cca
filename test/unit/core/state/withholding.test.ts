/** Content that is withheld comes back; content that is given up leaves the store, after the grace. */
import { expect, test } from "bun:test";
import { createCore } from "../../../../src/core/core.ts";
import { examine } from "../../../../src/core/doctor/doctor.ts";
import { silentLog } from "../../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../../src/core/ports/metrics.ts";
import type { Caller } from "../../../../src/core/principal.ts";
import { decideAdminOnly } from "../../../../src/core/rbac/grant.ts";
import { bodyRoot } from "../../../../src/core/unit/keys.ts";
import { parseUnitId } from "../../../../src/core/unit/unit-id.ts";
import { MemoryStore } from "../../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../../support/core.ts";

const id = parseUnitId("myapp/prod");
const caller: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
	surface: "management",
	requestId: "test",
};

const stateOf = (serial: number) =>
	new TextEncoder().encode(
		`{"version":4,"serial":${serial},"lineage":"l","outputs":{},"resources":[]}`,
	);

async function withThreeVersions() {
	const time = { now: 1_700_000_000_000 };
	const store = new MemoryStore({ now: () => time.now });
	const core = createCore({
		store,
		clock: realClock,
		random: realRandom,
		log: silentLog,
		metrics: silentMetrics,
		decide: decideAdminOnly,
		settings: testSettings,
	});
	const write = async (serial: number) => {
		const body = stateOf(serial);
		await core.states.write(caller, id, {
			...{ body, lockId: null, md5: null, force: false, autoCreate: true },
		});
		await core.tasks.idle();
	};
	for (const serial of [1, 2, 3]) await write(serial);
	const bodies = async () => (await store.list({ prefix: bodyRoot(id), limit: 100 })).blobs.length;
	return { core, store, time, write, bodies };
}

test("what is given up can be read by nobody, and its bytes go after the grace", async () => {
	const { core, store, time, write, bodies } = await withThreeVersions();
	await core.states.changeContent(caller, id, 1, "erase");
	await core.parts.pruner.prune(id);
	expect(await bodies()).toBe(3);
	expect(core.states.read(caller, id, { version: 1 })).rejects.toMatchObject({
		code: "version_not_found",
	});
	const restored = core.states.restore(caller, id, { number: 1, lockId: null, preview: false });
	expect(restored).rejects.toMatchObject({ code: "version_not_found" });
	time.now += 7 * 3_600_000;
	await write(4);
	await core.parts.pruner.prune(id);
	expect(await bodies()).toBe(3);
	expect((await core.states.versions(caller, id)).map((row) => row.isAvailable)).toEqual([
		true,
		true,
		true,
		false,
	]);
	const { findings } = await examine(
		{ store, ...core.parts },
		{ prefix: "", isDeep: true, isRepairing: false },
	);
	expect(findings).toEqual([]);
});

test("what is withheld stays in the store and comes back", async () => {
	const { core, time, write, bodies } = await withThreeVersions();
	await core.states.changeContent(caller, id, 2, "withhold");
	time.now += 7 * 3_600_000;
	await write(4);
	await core.parts.pruner.prune(id);
	expect(await bodies()).toBe(4);
	const [row] = (await core.states.versions(caller, id)).filter(
		({ version }) => version.number === 2,
	);
	expect(row).toMatchObject({ isAvailable: false, isWithheld: true });
	expect(core.states.read(caller, id, { version: 2 })).rejects.toMatchObject({
		code: "version_not_found",
	});
	await core.states.changeContent(caller, id, 2, "release");
	expect((await core.states.read(caller, id, { version: 2 })).body).toEqual(stateOf(2));
	const generation = (await core.units.get(caller, id)).generation;
	await core.states.changeContent(caller, id, 2, "release");
	expect((await core.units.get(caller, id)).generation).toBe(generation);
});

test("the current version and what retention took are left alone", async () => {
	const { core } = await withThreeVersions();
	for (const wish of ["withhold", "erase"] as const) {
		expect(core.states.changeContent(caller, id, 3, wish)).rejects.toMatchObject({
			code: "conflict",
		});
	}
	expect(core.states.changeContent(caller, id, 9, "withhold")).rejects.toMatchObject({
		code: "version_not_found",
	});
});

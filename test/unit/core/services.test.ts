import { describe, expect, test } from "bun:test";
import { type Core, createCore } from "../../../src/core/core.ts";
import { DomainError } from "../../../src/core/errors.ts";
import type { BlobStore } from "../../../src/core/ports/blob-store.ts";
import { silentLog } from "../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../src/core/ports/metrics.ts";
import type { Caller } from "../../../src/core/principal.ts";
import { decideAdminOnly } from "../../../src/core/rbac/grant.ts";
import type { LockInfo } from "../../../src/core/unit/record.ts";
import { parseUnitId } from "../../../src/core/unit/unit-id.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../support/core.ts";

const id = parseUnitId("myapp/prod");
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The current state's text, or a version's, through the service. */
async function readText(core: Core, who: Caller, version?: number): Promise<string> {
	const read = await core.states.read(who, id, version === undefined ? {} : { version });
	return await new Response(read.body as ReadableStream<Uint8Array>).text();
}

function caller(name: string): Caller {
	return {
		principal: { id: name, credentialKind: "admin-token", loginId: name },
		surface: "http-backend",
		requestId: "test",
	};
}

const alice = caller("alice");
const bob = caller("bob");

function lockInfo(lockId: string, operation = "OperationTypeApply"): LockInfo {
	return {
		ID: lockId,
		Operation: operation,
		Info: "",
		Who: "alice@laptop",
		Version: "1.11.4",
		Created: "2026-01-02T03:04:05Z",
		Path: "",
	};
}

function state(serial: number, lineage = "l-1", extra = ""): Uint8Array {
	return new TextEncoder().encode(
		`{\n  "version": 4,\n  "terraform_version": "1.11.4",\n  "serial": ${serial},\n  "lineage": "${lineage}",\n  "outputs": {"n": {"value": 123456789012345678901234567890, "type": "number"}},\n  "resources": [] ${extra}\n}\n`,
	);
}

function open(store: BlobStore = new MemoryStore(realClock)): { core: Core; store: BlobStore } {
	const core = createCore({
		store,
		clock: realClock,
		random: realRandom,
		log: silentLog,
		metrics: silentMetrics,
		decide: decideAdminOnly,
		settings: testSettings,
	});
	return { core, store };
}

const write = (body: Uint8Array, more: { lockId?: string; force?: boolean } = {}) => ({
	body,
	lockId: more.lockId ?? null,
	md5: null,
	force: more.force ?? false,
	autoCreate: true,
});

async function codeOf(work: Promise<unknown>): Promise<string> {
	try {
		await work;
		return "ok";
	} catch (error) {
		if (error instanceof DomainError) return error.code;
		throw error;
	}
}

describe("an apply", () => {
	test("locks, writes, reads back the exact bytes, and unlocks", async () => {
		const { core, store } = open();
		await core.locks.lock(alice, id, lockInfo("L1"), { autoCreate: true });
		expect(await codeOf(core.states.read(alice, id))).toBe("no_state");
		await core.states.write(alice, id, write(state(1), { lockId: "L1" }));
		expect(await readText(core, bob)).toBe(text(state(1)));
		await core.locks.unlock(alice, id, "L1");
		expect((await core.units.get(alice, id)).lock).toBeNull();
		await core.flush();
		const plain = await store.get("myapp/prod/terraform.tfstate");
		expect(plain.found && text(plain.bytes)).toBe(text(state(1)));
		expect((await store.get("myapp/prod/terraform.tfstate.lock")).found).toBe(false);
	});

	test("every step may be repeated without a second effect (I6)", async () => {
		const { core } = open();
		const first = await core.locks.lock(alice, id, lockInfo("L1"), { autoCreate: true });
		expect(await core.locks.lock(alice, id, lockInfo("L1"), { autoCreate: true })).toEqual(first);
		await core.states.write(alice, id, write(state(1), { lockId: "L1" }));
		const again = await core.states.write(alice, id, write(state(1), { lockId: "L1" }));
		expect(again.isUnchanged).toBe(true);
		expect(await core.states.versions(alice, id)).toHaveLength(1);
		await core.locks.unlock(alice, id, "L1");
		await core.locks.unlock(alice, id, "L1");
		expect(await codeOf(core.locks.lock(alice, id, lockInfo("L1"), { autoCreate: true }))).toBe(
			"lock_mismatch",
		);
	});
});

describe("locks", () => {
	test("stop everybody else, and name the holder", async () => {
		const { core } = open();
		await core.locks.lock(alice, id, lockInfo("L1"), { autoCreate: true });
		const refused = core.locks.lock(bob, id, lockInfo("L2"), { autoCreate: true });
		await expect(refused).rejects.toMatchObject({
			code: "locked",
			message: expect.stringContaining("alice@laptop as alice"),
		});
		expect(await codeOf(core.states.write(bob, id, write(state(1))))).toBe("locked");
		expect(await codeOf(core.states.write(bob, id, write(state(1), { lockId: "L1" })))).toBe(
			"lock_mismatch",
		);
		expect(await codeOf(core.locks.unlock(bob, id, "L1"))).toBe("lock_mismatch");
		expect(await codeOf(core.units.delete(bob, id, { force: false }))).toBe("locked");
	});

	test("of 200 at once exactly one is taken, over two servers", async () => {
		const { core, store } = open();
		const other = open(store).core;
		const outcomes = await Promise.all(
			Array.from({ length: 200 }, (_, i) =>
				codeOf(
					(i % 2 === 0 ? core : other).locks.lock(caller(`c${i}`), id, lockInfo(`L${i}`), {
						autoCreate: true,
					}),
				),
			),
		);
		expect(outcomes.filter((o) => o === "ok")).toHaveLength(1);
		expect(outcomes.filter((o) => o === "locked")).toHaveLength(199);
	});

	test("once broken fence their former holder (I10)", async () => {
		const { core } = open();
		await core.locks.lock(alice, id, lockInfo("L1"), { autoCreate: true });
		expect((await core.locks.forceUnlock(bob, id))?.info.ID).toBe("L1");
		expect(await codeOf(core.states.write(alice, id, write(state(1), { lockId: "L1" })))).toBe(
			"lock_mismatch",
		);
		await core.locks.lock(bob, id, lockInfo("L2"), { autoCreate: true });
		await core.locks.unlock(alice, id, "L1");
		expect((await core.units.get(bob, id)).lock?.info.ID).toBe("L2");
	});
});

describe("writes", () => {
	test("must follow the current serial and lineage unless forced (I9)", async () => {
		const { core } = open();
		await core.states.write(alice, id, write(state(5)));
		expect(await codeOf(core.states.write(alice, id, write(state(4))))).toBe("state_conflict");
		expect(await codeOf(core.states.write(alice, id, write(state(5, "l-1", ', "x": 1'))))).toBe(
			"state_conflict",
		);
		expect(await codeOf(core.states.write(alice, id, write(state(6, "l-2"))))).toBe(
			"state_conflict",
		);
		const forced = await core.states.write(alice, id, write(state(4), { force: true }));
		expect(forced.version.cause).toBe("forced");
		await core.locks.lock(alice, id, lockInfo("L1", "state-push"), { autoCreate: true });
		expect(
			await codeOf(core.states.write(alice, id, write(state(1, "l-3"), { lockId: "L1" }))),
		).toBe("ok");
	});

	test("of a large state stream through and come back whole", async () => {
		const { core } = open();
		const filler = "x".repeat(3 * 1024 * 1024);
		const big = state(1, "l-1", `, "filler": "${filler}"`);
		const stream = new Blob([big as Uint8Array<ArrayBuffer>]).stream();
		await core.states.write(alice, id, {
			...write(big),
			body: { stream, size: big.length },
		});
		const read = await core.states.read(alice, id);
		expect(
			Buffer.from(await new Response(read.body as ReadableStream).arrayBuffer()).equals(big),
		).toBe(true);
		const bad = new TextEncoder().encode(`{"version":4,"serial":2,"lineage":"l-1","f":"${filler}"`);
		const refused = core.states.write(alice, id, {
			...write(bad),
			body: { stream: new Blob([bad]).stream(), size: bad.length },
		});
		expect(await codeOf(refused)).toBe("invalid_state");
	});
});

describe("history", () => {
	test("numbers never shift, also over many versions, and restore raises the serial", async () => {
		const { core } = open();
		for (let serial = 1; serial <= 150; serial++) {
			await core.states.write(alice, id, write(state(serial)));
		}
		const versions = await core.states.versions(alice, id);
		expect(versions.map((v) => v.version.number)).toEqual(
			Array.from({ length: 150 }, (_, i) => 150 - i),
		);
		expect(await readText(core, alice, 3)).toBe(text(state(3)));
		const preview = await core.states.restore(alice, id, {
			number: 3,
			lockId: null,
			preview: true,
		});
		expect(preview).toMatchObject({ serial: 151, previousSerial: 150, version: null });
		await core.states.restore(alice, id, { number: 3, lockId: null, preview: false });
		expect(await readText(core, alice)).toBe(text(state(151)));
	});
});

describe("a deleted unit", () => {
	test("is gone, comes back whole, and keeps its history when created again", async () => {
		const { core, store } = open();
		await core.states.write(alice, id, write(state(1)));
		await core.units.delete(alice, id, { force: false });
		expect(await codeOf(core.states.read(alice, id))).toBe("unit_not_found");
		expect(
			(await core.units.list(alice, { prefix: "", labels: {}, deleted: false })).units,
		).toEqual([]);
		await core.tasks.idle();
		expect((await store.get("myapp/prod/terraform.tfstate")).found).toBe(false);
		await core.units.undelete(alice, id);
		expect(await readText(core, alice)).toBe(text(state(1)));
		await core.units.delete(alice, id, { force: false });
		await core.units.create(alice, id, { labels: {} });
		expect(await codeOf(core.states.read(alice, id))).toBe("no_state");
		expect((await core.states.versions(alice, id))[0]?.version.number).toBe(1);
	});
});

describe("a plain bucket", () => {
	test("is read as it is, and adopted with its lock and history at the first write", async () => {
		const { core, store } = open();
		await store.put("myapp/prod/terraform.tfstate", state(7));
		await store.put("myapp/prod/versions/v-20250902T030405.123456Z-0a1b2c3d.tfstate", state(6));
		await store.put("other/terraform.tfstate", state(1));
		await store.put(
			"other/terraform.tfstate.tflock",
			new TextEncoder().encode(JSON.stringify(lockInfo("P1"))),
		);
		await store.put("env:/dev/app/terraform.tfstate", state(2));
		const listed = await core.units.list(alice, { prefix: "", labels: {}, deleted: false });
		expect(listed.units.map((u) => u.id as string)).toEqual([
			"env_.3A/dev/app",
			"myapp/prod",
			"other",
		]);
		expect(await readText(core, alice)).toBe(text(state(7)));
		await core.locks.lock(alice, id, lockInfo("L1"), { autoCreate: true });
		await core.states.write(alice, id, write(state(8), { lockId: "L1" }));
		expect((await core.states.versions(alice, id)).map((v) => v.version.serial)).toEqual([8, 7, 6]);
		const other = parseUnitId("other");
		await expect(
			core.locks.lock(alice, other, lockInfo("L2"), { autoCreate: true }),
		).rejects.toMatchObject({
			code: "locked",
			message: expect.stringContaining("alice@laptop as outside"),
		});
		await core.locks.forceUnlock(alice, other);
		await core.tasks.idle();
		expect((await store.get("other/terraform.tfstate.tflock")).found).toBe(false);
	});

	test("written behind our back is kept as a version", async () => {
		const { core, store } = open();
		await core.states.write(alice, id, write(state(1)));
		await core.tasks.idle();
		await store.put("myapp/prod/terraform.tfstate", state(2));
		await core.parts.projector.project(id);
		expect((await core.states.versions(alice, id))[0]).toMatchObject({
			isCurrent: true,
			version: { cause: "outside", author: "outside", serial: 2 },
		});
		await store.put("myapp/prod/terraform.tfstate", state(9, "l-other"));
		await core.parts.projector.project(id);
		const unit = await core.units.get(alice, id);
		expect(unit.keptAside).toEqual([3]);
		const plain = await store.get("myapp/prod/terraform.tfstate");
		expect(plain.found && text(plain.bytes)).toBe(text(state(2)));
	});
});

describe("two servers", () => {
	test("see each other's units in lists", async () => {
		const { core, store } = open();
		const other = open(store).core;
		const list = { prefix: "", labels: {}, deleted: false };
		expect((await other.units.list(bob, list)).units).toHaveLength(0);
		await core.units.create(alice, id, { labels: { env: "prod" } });
		await core.flush();
		expect((await core.units.list(alice, { ...list, labels: { env: "prod" } })).units).toHaveLength(
			1,
		);
		expect((await other.units.list(bob, list)).units).toHaveLength(1);
	});
});

test("no unit comes to be that no store could hold", async () => {
	const { core } = open();
	for (const text of ["envs/_.e_.k", "a/_.2E./b"]) {
		const odd = parseUnitId(text);
		expect(await codeOf(core.units.create(alice, odd))).toBe("invalid_unit_id");
		expect(await codeOf(core.states.write(alice, odd, write(state(1))))).toBe("invalid_unit_id");
	}
});

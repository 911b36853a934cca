/** Organizations over one store: seen by every server, made and deleted whole, never half. */
import { describe, expect, test } from "bun:test";
import { limits } from "../../../../src/core/limits.ts";
import { namedOrganization } from "../../../../src/core/organization/organization.ts";
import type { Caller } from "../../../../src/core/principal.ts";
import { parseUnitId } from "../../../../src/core/unit/unit-id.ts";
import { FaultStore, nthOperation, type StoreFault } from "../../../support/fault-store.ts";
import {
	alice,
	bob,
	namesSeen,
	pair,
	root,
	type Server,
	serverOn,
} from "../../../support/organization-servers.ts";
import { testOrganizations } from "../../../support/organizations.ts";
import type { ManualClock } from "../../../support/store-clock.ts";

const unit = parseUnitId("app/prod");

/** Pauses between attempts pass while the work goes on. */
async function driven<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
	let isDone = false;
	const settled = work.finally(() => {
		isDone = true;
	});
	settled.catch(() => undefined);
	while (!isDone) await clock.advance(50);
	return await settled;
}

const createUnit = ({ organizations }: Server, who: Caller, name: string) =>
	organizations.use(who, name, ({ core }) => core.units.create(who, unit));

describe("an organization", () => {
	test("that one server makes is seen by the others within five seconds", async () => {
		const { a, b, clock } = pair();
		expect(await namesSeen(b, root)).toEqual(["default"]);
		await a.organizations.create(root, { name: "acme", admin: "alice@example.com" });
		expect(await namesSeen(a, alice)).toEqual(["default", "acme"]);
		await clock.advance(limits.organizationsFreshMs + 1);
		expect(await namesSeen(b, alice)).toEqual(["default", "acme"]);
		expect(limits.organizationsFreshMs).toBeLessThanOrEqual(5000);
		await createUnit(b, alice, "acme");
		await expect(createUnit(b, bob, "acme")).rejects.toMatchObject({ code: "not_found" });
	});

	test("is found by its name and by its ids at once, whichever server made it", async () => {
		const { a, b } = pair();
		expect(await namesSeen(b, root)).toEqual(["default"]);
		await a.organizations.create(root, { name: "acme", admin: "alice@example.com" });
		await createUnit(b, alice, "acme");
		await a.organizations.create(root, { name: "beta", admin: "alice@example.com" });
		const { idHead } = namedOrganization("beta", "beta");
		expect(await b.organizations.nameOfIdHead(alice, idHead)).toBe("beta");
		// For whoever is nobody there its ids are those of no organization.
		expect(await b.organizations.nameOfIdHead(bob, idHead)).toBeNull();
		expect(await b.organizations.nameOfIdHead(bob, "1")).toBe("default");
		expect(await b.organizations.nameOfIdHead(root, "zzzz")).toBeNull();
		await a.organizations.create(root, { name: "gamma" });
		expect(await b.organizations.keyOf("gamma")).toBe("gamma");
	});

	test("is made once, however many make it at once", async () => {
		const { a, b, clock } = pair();
		const wanted = { name: "acme" };
		const makers = [a, b, a, b].map(({ organizations }) => organizations.create(root, wanted));
		const made = await driven(clock, Promise.allSettled(makers));
		expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
		for (const one of made) {
			if (one.status === "rejected") expect(one.reason.code).toBe("conflict");
		}
	});

	test("is administered by the person who makes it, who needs the right to", async () => {
		const { a } = pair();
		await expect(a.organizations.create(alice, { name: "acme" })).rejects.toMatchObject({
			code: "forbidden",
		});
		await a.core.rbac.init(root, { email: "alice@example.com" });
		await a.organizations.create(alice, { name: "acme" });
		const own = await a.organizations.use(alice, "acme", ({ core }) => core.rbac.me(alice));
		expect(own).toMatchObject({ isEnabled: true, roles: ["admin"] });
		expect(await namesSeen(a, bob)).toEqual(["default"]);
	});

	test("goes when it has no units, and its name comes back as another one", async () => {
		const { a, b, clock } = pair();
		await a.organizations.create(root, { name: "acme", admin: "alice@example.com" });
		await createUnit(a, alice, "acme");
		await expect(a.organizations.delete(root, "acme")).rejects.toMatchObject({ code: "conflict" });
		await a.organizations.use(alice, "acme", ({ core }) =>
			core.units.delete(alice, unit, { force: false }),
		);
		await expect(a.organizations.delete(alice, "acme")).rejects.toMatchObject({
			code: "forbidden",
		});
		await a.organizations.delete(root, "acme");
		await expect(a.organizations.get(root, "acme")).rejects.toMatchObject({ code: "not_found" });
		const again = await a.organizations.create(root, { name: "Acme", admin: "bob@example.com" });
		expect(again.organization).toEqual(namedOrganization("Acme", "acme.2"));
		await clock.advance(limits.organizationsFreshMs + 1);
		for (const server of [a, b]) {
			expect(await namesSeen(server, alice)).toEqual(["default"]);
			expect(await namesSeen(server, bob)).toEqual(["default", "Acme"]);
			const deleted = await server.organizations.use(bob, "Acme", ({ core }) =>
				core.units.list(bob, { prefix: "", labels: {}, deleted: true }),
			);
			expect(deleted.units).toEqual([]);
		}
	});

	test("comes back when another server made a unit in it at the very moment of its deletion", async () => {
		const { a, b, clock } = pair();
		await a.organizations.create(root, { name: "acme", admin: "alice@example.com" });
		await clock.advance(limits.organizationsFreshMs + 1);
		expect(await namesSeen(b, alice)).toEqual(["default", "acme"]);
		await a.organizations.delete(root, "acme");
		expect(await a.organizations.forgotten()).toEqual([]);
		// This server has not heard of it yet, and acknowledges.
		await createUnit(b, alice, "acme");
		expect(await a.organizations.forgotten()).toEqual(["acme"]);
		await expect(
			a.organizations.create(root, { name: "acme", admin: "bob@example.com" }),
		).rejects.toMatchObject({ code: "conflict" });
		await clock.advance(limits.organizationsFreshMs + limits.actDeadlineMs + 1);
		await a.core.tasks.idle();
		for (const server of [a, b]) {
			await clock.advance(limits.organizationsFreshMs + 1);
			const found = await server.organizations.use(alice, "acme", ({ core }) =>
				core.units.get(alice, unit),
			);
			expect(found.id).toBe(unit);
		}
	});

	test("is not the default one's to be called", async () => {
		const { a, store, clock } = pair();
		await a.organizations.create(root, { name: "acme" });
		const { core } = serverOn(store, clock);
		const renamed = testOrganizations({
			...{ core, store, clock, defaultName: "acme" },
			openCore: () => core,
		});
		await expect(renamed.checkDefaultName()).rejects.toMatchObject({ code: "conflict" });
		await expect(a.organizations.checkDefaultName()).resolves.toBeUndefined();
	});
});

describe("trouble with the store", () => {
	test("never looks as if an organization were not there, or somebody nobody in it", async () => {
		const { store, clock, a } = pair();
		await a.organizations.create(root, { name: "acme", admin: "alice@example.com" });
		const faulty = new FaultStore(store);
		const server = serverOn(faulty, clock);
		await createUnit(server, alice, "acme");
		for (let n = 0; n < 12; n++) {
			await clock.advance(limits.organizationsFreshMs + limits.policyAgeMaxMs + 1);
			faulty.plan = nthOperation(n, { kind: "before", error: "unavailable" });
			for (const who of [alice, root]) {
				const seen = await server.organizations
					.use(who, "acme", ({ core }) => core.units.get(who, unit))
					.then(
						({ id }) => id,
						({ code }) => code,
					);
				expect([unit, "storage_unavailable"]).toContain(seen);
			}
		}
		faulty.plan = () => ({ kind: "before", error: "denied" });
		await clock.advance(limits.organizationsFreshMs + 1);
		for (const act of [
			() => server.organizations.use(alice, "acme", async () => "in"),
			() => server.organizations.use(alice, "nowhere", async () => "in"),
			() => server.organizations.list(alice),
			() => server.organizations.keyOf("acme"),
			() => server.organizations.create(root, { name: "beta" }),
			() => server.organizations.delete(root, "acme"),
		]) {
			await expect(act()).rejects.toMatchObject({ code: "storage_unavailable" });
		}
		// The default one asks nothing of the register.
		expect(await server.organizations.use(alice, "default", async () => "in")).toBe("in");
	});

	const faults: readonly StoreFault[] = [
		{ kind: "before", error: "unavailable" },
		{ kind: "after", error: "timeout" },
		{ kind: "late" },
		{ kind: "own-conflict" },
	];
	for (const fault of faults) {
		test(`${fault.kind} at any operation of a creation or deletion leaves it whole`, async () => {
			for (let n = 0; n < 16; n++) {
				const { store, clock, b } = pair();
				const faulty = new FaultStore(store);
				const a = serverOn(faulty, clock);
				const wanted = { name: "acme", admin: "alice@example.com" };
				faulty.plan = nthOperation(n, fault);
				const first = await driven(clock, a.organizations.create(root, wanted)).then(
					() => "made",
					({ code }) => code,
				);
				expect(["made", "storage_unavailable", "outcome_unknown"]).toContain(first);
				await faulty.land();
				faulty.plan = () => null;
				await driven(clock, a.organizations.create(root, wanted)).catch(({ code }) =>
					expect(code).toBe("conflict"),
				);
				// Whatever happened, it is there once, with its administrator, on every server.
				for (const server of [a, b]) {
					await clock.advance(limits.organizationsFreshMs + limits.policyAgeMaxMs + 1);
					expect(await namesSeen(server, alice)).toEqual(["default", "acme"]);
				}
				faulty.plan = nthOperation(n, fault);
				await driven(clock, a.organizations.delete(root, "acme")).catch(({ code }) =>
					expect(["storage_unavailable", "outcome_unknown"]).toContain(code),
				);
				await faulty.land();
				faulty.plan = () => null;
				await driven(clock, a.organizations.delete(root, "acme")).catch(({ code }) =>
					expect(code).toBe("not_found"),
				);
				await clock.advance(limits.organizationsFreshMs + 1);
				expect(await namesSeen(b, root)).toEqual(["default"]);
			}
		});
	}
});

describe("cores", () => {
	test("are opened when they are asked for, and kept up to a bound, the ones in use always", async () => {
		const { a } = pair();
		const count = limits.organizationsOpenMax + 6;
		for (let n = 0; n < count; n++) await a.organizations.create(root, { name: `o${n}` });
		a.flushed.length = 0;
		const before = a.opened.length;
		let finish = () => {};
		const held = a.organizations.use(root, "o0", async ({ core }) => {
			await new Promise<void>((resolve) => {
				finish = resolve;
			});
			return await core.units.create(root, unit);
		});
		for (let n = 1; n < count; n++) await a.organizations.use(root, `o${n}`, async () => undefined);
		await a.core.tasks.idle();
		expect(a.flushed).not.toContain("o0");
		expect(a.flushed.length).toBeGreaterThan(0);
		finish();
		expect((await held).id).toBe(unit);
		expect(a.opened.length).toBeGreaterThan(before);
		// One that was closed opens again, with what is in it.
		await a.organizations.use(root, "o1", ({ core }) => core.units.create(root, unit));
		await a.organizations.flush();
		expect(await namesSeen(a, root)).toHaveLength(count + 1);
	});
});

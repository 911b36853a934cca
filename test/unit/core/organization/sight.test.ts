/** Who sees which organizations: in pages, and without looking further or more often than needed. */
import { describe, expect, test } from "bun:test";
import { limits } from "../../../../src/core/limits.ts";
import type { Caller } from "../../../../src/core/principal.ts";
import { MemoryStore } from "../../../../src/storage/memory.ts";
import { FaultStore } from "../../../support/fault-store.ts";
import {
	alice,
	bob,
	namesSeen,
	personOf,
	root,
	type Server,
	serverOn,
} from "../../../support/organization-servers.ts";
import { ManualClock } from "../../../support/store-clock.ts";

const nameOf = (n: number) => `o${String(n).padStart(3, "0")}`;

/** A server that has opened none of its organizations; Alice administers those of `hers`. */
async function withMany(count: number, hers: (n: number) => boolean) {
	const clock = new ManualClock(Date.parse("2026-01-02T03:04:05Z"));
	const store = new MemoryStore(clock);
	const maker = serverOn(store, clock);
	for (let n = 0; n < count; n++) {
		const admin = hers(n) ? "alice@example.com" : "boss@example.com";
		await maker.organizations.create(root, { name: nameOf(n), admin });
	}
	const looked = new Set<string>();
	const faulty = new FaultStore(store, ({ key }) => {
		const name = /__opentaco\/orgs\/([^/]+)\//.exec(key)?.[1];
		if (name !== undefined) looked.add(name);
		return null;
	});
	return { clock, store, maker, looked, server: serverOn(faulty, clock) };
}

/** The names on each page. */
async function pages({ organizations }: Server, who: Caller, limit: number): Promise<string[][]> {
	const found: string[][] = [];
	for (let after: string | undefined; ; ) {
		const page = await organizations.list(who, { limit, after });
		found.push(page.organizations.map(({ organization }) => organization.name));
		if (page.next === undefined) return found;
		after = page.next;
	}
}

describe("pages", () => {
	test("follow each other without a gap, for those who see all and those who see some", async () => {
		const { server } = await withMany(7, (n) => n % 3 === 0);
		const all = ["default", ...Array.from({ length: 7 }, (_, n) => nameOf(n))];
		const hers = ["default", "o000", "o003", "o006"];
		for (const limit of [1, 2, 3, 4, 8, 9]) {
			for (const [who, names] of [
				[root, all],
				[alice, hers],
				[bob, ["default"]],
			] as const) {
				const found = await pages(server, who, limit);
				expect(found.flat()).toEqual([...names]);
				// The last page says that it is the last.
				expect(found).toHaveLength(Math.ceil(names.length / limit));
			}
		}
		for (const limit of [0, limits.organizationsMax + 2]) {
			await expect(server.organizations.list(root, { limit })).rejects.toMatchObject({
				code: "invalid_request",
			});
		}
	});

	test("are the same to whoever is nobody, whatever there is", async () => {
		const { server } = await withMany(40, () => false);
		const empty = serverOn(new MemoryStore(new ManualClock(0)), new ManualClock(0));
		for (const wanted of [
			{},
			{ limit: 1 },
			{ after: "o007" },
			{ after: "nothing" },
			{ after: "" },
		]) {
			const answer = await server.organizations.list(bob, wanted);
			expect(answer).toEqual(await empty.organizations.list(bob, wanted));
		}
	});

	test("look only as far as they need, by name", async () => {
		const { server, looked } = await withMany(60, () => true);
		const page = await server.organizations.list(alice, { limit: 5 });
		expect(page.next).toBe("o003");
		expect([...looked].sort()).toEqual(
			Array.from({ length: limits.organizationLooksAtOnce }, (_, n) => nameOf(n)),
		);
		looked.clear();
		await server.organizations.list(alice, { wants: (name) => name.endsWith("59") });
		expect([...looked]).toEqual(["o059"]);
	});
});

describe("a look", () => {
	test("is none for those who see all, and into one for a credential of one", async () => {
		const { server, looked } = await withMany(30, () => true);
		expect(await namesSeen(server, root)).toHaveLength(31);
		expect([...looked]).toEqual([]);
		const { principal } = personOf("alice");
		const confined = (organization: string | null): Caller => ({
			...alice,
			principal: { ...principal, organization },
		});
		expect(await namesSeen(server, confined("o011"))).toEqual(["default", "o011"]);
		expect(await namesSeen(server, confined(null))).toEqual(["default"]);
		expect([...looked]).toEqual(["o011"]);
	});

	test("is taken once for as long as roles may be old, and never for somebody else", async () => {
		const { server, clock, looked } = await withMany(20, (n) => n === 4);
		await Promise.all([namesSeen(server, bob), namesSeen(server, bob)]);
		expect(looked.size).toBe(20);
		looked.clear();
		expect(await namesSeen(server, bob)).toEqual(["default"]);
		expect(looked.size).toBe(0);
		expect(await namesSeen(server, alice)).toEqual(["default", "o004"]);
		const inGroup = { ...bob, principal: { ...bob.principal, groups: ["eng"] } };
		for (const who of [inGroup, bob]) {
			await clock.advance(who === bob ? limits.policyAgeMaxMs + 1 : 0);
			looked.clear();
			await namesSeen(server, who);
			expect(looked.size).toBe(20);
		}
	});

	test("hears of roles at once that this server gave, and in five seconds of others'", async () => {
		const { server, maker, clock } = await withMany(3, () => false);
		const give = (at: Server, name: string) =>
			at.organizations.use(root, name, ({ core }) =>
				core.rbac.assign(root, { kind: "user", email: "bob@example.com", role: "reader" }),
			);
		expect(await namesSeen(server, bob)).toEqual(["default"]);
		await give(server, "o000");
		expect(await namesSeen(server, bob)).toEqual(["default", "o000"]);
		await give(maker, "o001");
		await clock.advance(limits.policyAgeMaxMs + 1);
		expect(await namesSeen(server, bob)).toEqual(["default", "o000", "o001"]);
	});

	test("closes no organization that others work with", async () => {
		const { server } = await withMany(limits.organizationsOpenMax + 8, () => true);
		await server.organizations.use(alice, "o000", async () => undefined);
		server.flushed.length = 0;
		expect(await namesSeen(server, alice)).toHaveLength(limits.organizationsOpenMax + 9);
		await server.core.tasks.idle();
		expect(server.flushed).not.toContain("o000");
		// Those that were opened for the look are closed again.
		expect(new Set(server.flushed).size).toBe(limits.organizationsOpenMax + 7);
		for (let n = 0; n < limits.organizationsOpenMax + 8; n++) {
			const { email } = await server.organizations.look(alice, nameOf(n), ({ core }) =>
				core.organizationSettings.read(),
			);
			expect(email).toBe("");
		}
		expect(server.flushed).not.toContain("o000");
		for (const name of ["o001", "nowhere"]) {
			await expect(server.organizations.look(bob, name, async () => "in")).rejects.toMatchObject({
				code: "not_found",
				message: "there is no such organization",
			});
		}
	});

	test("that fails is a failure, and is taken again", async () => {
		const { store, clock } = await withMany(3, (n) => n === 1);
		const faulty = new FaultStore(store);
		const server = serverOn(faulty, clock);
		await server.organizations.list(root);
		faulty.plan = ({ key }) =>
			key.includes("/orgs/o002/") ? { kind: "before", error: "denied" } : null;
		await expect(namesSeen(server, alice)).rejects.toMatchObject({ code: "storage_unavailable" });
		faulty.plan = () => null;
		expect(await namesSeen(server, alice)).toEqual(["default", "o001"]);
	});
});

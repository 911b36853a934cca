/** Lists of API tokens: what is in them, page by page, at the price of what they show. */
import { describe, expect, test } from "bun:test";
import { ownGrant } from "../../../src/auth/shared-state.ts";
import type { NewApiToken } from "../../../src/auth/token/api-token.ts";
import { limits } from "../../../src/core/limits.ts";
import type { Grant } from "../../../src/core/rbac/grant.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { FaultStore } from "../../support/fault-store.ts";
import { ManualClock } from "../../support/store-clock.ts";
import { openServer, sharedOver } from "./identities.ts";

const alice = { subject: "user:alice" };
const plain: NewApiToken = {
	...{ kind: "tfe", name: "x", ...alice, roles: null, units: null },
	...{ lifeMs: null, organization: null },
};
const machine = { ...plain, kind: "svc", subject: "service:x" } as const;

function grant(): Promise<Grant> {
	const principal = { id: "admin", credentialKind: "admin-token", loginId: "l" } as const;
	return ownGrant({ principal, surface: "management", requestId: "r" });
}

async function opened() {
	const clock = new ManualClock(Date.parse("2026-01-02T03:04:05Z"));
	const read = new Set<string>();
	const store = new FaultStore(new MemoryStore(clock), ({ key }) => {
		const id = /register\/token-([0-9a-f]{20})/.exec(key)?.[1];
		if (id !== undefined) read.add(id);
		return null;
	});
	const server = async () => (await openServer(sharedOver(store, clock))).tokens;
	const tokens = await server();
	// From here on the index is said to be whole, and must be kept so.
	await tokens.list(alice);
	const make = async (wanted: NewApiToken) => (await tokens.issue(await grant(), wanted)).view;
	return { clock, store, read, server, tokens, make };
}
type Opened = Awaited<ReturnType<typeof opened>>;
type Tokens = Opened["tokens"];

async function pages(tokens: Tokens, place: Parameters<Tokens["list"]>[0], limit: number) {
	const found: string[][] = [];
	for (let after: string | undefined; ; ) {
		const page = await tokens.list(place, { limit, after });
		found.push(page.tokens.map(({ id }) => id));
		if (page.next === undefined) return found;
		after = page.next;
	}
}

const idsOf = async (tokens: Tokens, place: Parameters<Tokens["list"]>[0]) =>
	(await pages(tokens, place, limits.tokensPageMax)).flat();

describe("a list of tokens", () => {
	test("has a subject's own, or an organization's, on every server", async () => {
		const { make, server } = await opened();
		const own = await make(plain);
		const narrowed = await make({ ...plain, units: ["dev/*"], organization: "acme" });
		const service = await make({ ...machine, organization: "acme" });
		const here = await make(machine);
		const tokens = await server();
		const sorted = (...ids: { readonly id: string }[]) => ids.map(({ id }) => id).sort();
		expect(await idsOf(tokens, alice)).toEqual(sorted(own, narrowed));
		expect(await idsOf(tokens, { subject: "service:x" })).toEqual(sorted(service, here));
		expect(await idsOf(tokens, { organization: null })).toEqual(sorted(own, here));
		expect(await idsOf(tokens, { organization: "acme" })).toEqual(sorted(narrowed, service));
		expect(await idsOf(tokens, { organization: "beta" })).toEqual([]);
		expect(JSON.stringify(await tokens.list(alice))).not.toContain("sha256");
	});

	test("comes in pages without a gap, and reads no tokens but those", async () => {
		const { make, server, read } = await opened();
		const ids: string[] = [];
		for (let n = 0; n < 7; n++) ids.push((await make(plain)).id);
		for (let n = 0; n < 40; n++) await make(machine);
		ids.sort();
		const tokens = await server();
		for (const limit of [1, 2, 3, 7, 8]) {
			read.clear();
			const found = await pages(await server(), alice, limit);
			expect(found.flat()).toEqual(ids);
			expect(found).toHaveLength(Math.ceil(ids.length / limit));
			expect([...read].sort()).toEqual(ids);
		}
		for (let n = 0; n < limits.directoryReadsAtOnce; n++) await make(machine);
		read.clear();
		await (await server()).list({ subject: "service:x" }, { limit: 5 });
		expect(read.size).toBe(limits.directoryReadsAtOnce);
		const wants = ({ id }: { readonly id: string }) => id === ids[4];
		expect((await tokens.list(alice, { limit: 1, wants })).next).toBeUndefined();
		for (const wrong of [{ limit: 0 }, { limit: limits.tokensPageMax + 1 }, { after: "../x" }]) {
			await expect(tokens.list(alice, wrong)).rejects.toMatchObject({ code: "invalid_request" });
		}
	});

	test("passes over what was revoked or ended long ago, and reads it no more", async () => {
		const { make, tokens, clock, read, server } = await opened();
		const revoked = await make(plain);
		const short = await make({ ...plain, lifeMs: 1000 });
		const lasting = await make(plain);
		await tokens.revoke(await grant(), revoked.id);
		await clock.advance(2000);
		expect(await idsOf(tokens, alice)).toEqual([short.id, lasting.id].sort());
		await clock.advance(limits.tokensEndedListedMs);
		expect(await idsOf(tokens, alice)).toEqual([lasting.id]);
		read.clear();
		expect(await idsOf(await server(), alice)).toEqual([lasting.id]);
		expect([...read]).toEqual([lasting.id]);
	});

	test("is whole again after the index was deleted, or an update to it", async () => {
		const { make, store, server } = await opened();
		const made = [await make(plain), await make(machine)];
		const revoked = await make(plain);
		await (await server()).revoke(await grant(), revoked.id);
		const prefix = "__opentaco/tokens/";
		for (const { key } of (await store.list({ prefix, limit: 1000 })).blobs)
			await store.delete(key);
		const tokens = await server();
		const found = await Promise.all([tokens.list(alice), tokens.list({ organization: null })]);
		expect(found.map((page) => page.tokens.map(({ id }) => id))).toEqual([
			[made[0]?.id ?? ""],
			made.map(({ id }) => id).sort(),
		]);
	});

	test("has a token of which the storage did not say whether it was issued", async () => {
		const { store, make, server } = await opened();
		const plan = store.plan;
		store.plan = ({ operation, key }) =>
			operation === "put_if_absent" && key.includes("/token-")
				? { kind: "after", error: "timeout" }
				: null;
		await make(plain).catch(() => undefined);
		store.plan = plan;
		expect(await idsOf(await server(), alice)).toHaveLength(1);
		// Where it cannot be listed it is not issued.
		store.plan = ({ key }) =>
			key.startsWith("__opentaco/tokens/") ? { kind: "before", error: "denied" } : null;
		await expect(make(plain)).rejects.toMatchObject({ code: "storage_unavailable" });
		const tokens = await server();
		await expect(tokens.list(alice)).rejects.toMatchObject({ code: "storage_unavailable" });
		store.plan = plan;
		const [id = ""] = await idsOf(tokens, alice);
		// Nothing about lists keeps a token from being revoked.
		store.plan = ({ key }) =>
			key.startsWith("__opentaco/tokens/") ? { kind: "before", error: "denied" } : null;
		await tokens.revoke(await grant(), id);
		store.plan = plan;
		expect(await idsOf(tokens, alice)).toEqual([]);
	});
});

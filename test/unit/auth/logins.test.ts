import { describe, expect, test } from "bun:test";
import type { Identities } from "../../../src/auth/identity.ts";
import { systemGrant } from "../../../src/auth/shared-state.ts";
import type { Identity } from "../../../src/auth/subjects.ts";
import { limits } from "../../../src/core/limits.ts";
import { StoreError } from "../../../src/core/ports/blob-store.ts";
import { realClock } from "../../support/core.ts";
import { openServer, openShared, sharedOver } from "./identities.ts";

const alice: Identity = { subject: "user:alice", email: "alice@example.com", groups: ["dev"] };
const hour = 3_600_000;

async function begin(server: Identities, identity = alice) {
	const pair = await server.logins.begin(identity, "provider");
	return { access: pair.accessToken, refresh: pair.refreshToken ?? "" };
}

describe("logins", () => {
	test("a login at one server is one at the other", async () => {
		const { shared } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		const { access } = await begin(a);
		expect(await b.logins.verify(access)).toMatchObject({
			id: "user:alice",
			credentialKind: "access-token",
			email: "alice@example.com",
			groups: ["dev"],
		});
	});

	test("an access token ends after an hour, and is renewed", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		const first = await begin(server);
		const login = (await server.logins.verify(first.access))?.loginId;
		await clock.advance(hour + limits.clockSkewMaxMs + 1000);
		expect(await server.logins.verify(first.access)).toBeNull();
		const renewed = await server.logins.refresh(first.refresh);
		const principal = await server.logins.verify(renewed.accessToken);
		expect(principal?.id).toBe("user:alice");
		expect(principal?.loginId).toBe(login as string);
	});

	test("a refresh token that is used twice ends the login, on every server", async () => {
		const { shared, clock } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		const stolen = await begin(a);
		const thief = await b.logins.refresh(stolen.refresh);
		expect(await b.logins.verify(thief.accessToken)).not.toBeNull();
		await expect(a.logins.refresh(stolen.refresh)).rejects.toThrow("refresh token is not valid");
		await clock.advance(limits.credentialFreshMs + 1);
		for (const server of [a, b]) {
			expect(await server.logins.verify(thief.accessToken)).toBeNull();
			expect(await server.logins.verify(stolen.access)).toBeNull();
			await expect(server.logins.refresh(thief.refreshToken ?? "")).rejects.toThrow("not valid");
		}
	});

	test("of many uses at the same moment at most one gets tokens, and they do not last", async () => {
		const { store } = openShared();
		const shared = sharedOver(store, realClock);
		const servers = [await openServer(shared), await openServer(shared)] as const;
		const { refresh } = await begin(servers[0]);
		const results = await Promise.allSettled(
			Array.from({ length: 8 }, (_, index) => servers[index % 2]?.logins.refresh(refresh)),
		);
		const won = results.filter((one) => one.status === "fulfilled");
		expect(won.length).toBe(1);
		const late = await openServer(shared);
		const access = won[0]?.value?.accessToken ?? "";
		expect(await late.logins.verify(access)).toBeNull();
	});

	test("a login ends for good however often it is renewed", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		let { refresh } = await begin(server);
		let days = 0;
		for (; days < 200; days += 20) {
			try {
				refresh = (await server.logins.refresh(refresh)).refreshToken ?? "";
			} catch {
				break;
			}
			await clock.advance(20 * 24 * hour);
		}
		expect(days).toBe(100);
	});

	test("logout ends this login and no other", async () => {
		const { shared, clock } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		const [one, two] = [await begin(a), await begin(a)];
		const principal = await a.logins.verify(one.access);
		expect(await b.logins.verify(one.access)).not.toBeNull();
		if (principal !== null) await a.logins.end(principal, "request");
		expect(await a.logins.verify(one.access)).toBeNull();
		await clock.advance(limits.credentialFreshMs + 1);
		expect(await b.logins.verify(one.access)).toBeNull();
		expect(await b.logins.verify(two.access)).not.toBeNull();
		await expect(b.logins.refresh(one.refresh)).rejects.toThrow();
	});

	test("groups of a later login reach tokens that are already about", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		const { access } = await begin(server);
		await begin(server, { ...alice, groups: ["ops"] });
		await clock.advance(limits.credentialFreshMs + 1);
		expect((await server.logins.verify(access))?.groups).toEqual(["ops"]);
	});

	test("so many logouts that they are no longer kept one by one end all logins", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		const kept = await begin(server);
		for (let index = 0; index <= limits.loginsRevokedMax; index++) {
			await server.logins.endById("user:alice", `login-${index}`);
		}
		expect(await server.logins.verify(kept.access)).toBeNull();
		expect(await server.logins.verify((await begin(server)).access)).not.toBeNull();
	});

	test("a login of the disabled fails, and theirs from before count no more", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		const before = await begin(server);
		await server.subjects.setDisabled(await systemGrant(), "user:alice", true);
		expect(await server.logins.verify(before.access)).toBeNull();
		await expect(begin(server)).rejects.toThrow("disabled");
		await server.subjects.setDisabled(await systemGrant(), "user:alice", false);
		expect(await server.logins.verify(before.access)).toBeNull();
		expect(await server.logins.verify((await begin(server)).access)).not.toBeNull();
	});

	test("a store that does not answer is not a bad token", async () => {
		const { shared, store, clock } = openShared();
		const server = await openServer(shared);
		const { access, refresh } = await begin(server);
		await clock.advance(limits.credentialFreshMs + 1);
		const broken = () => Promise.reject(new StoreError("unavailable", "down"));
		store.get = broken;
		store.newest = broken;
		await expect(server.logins.verify(access)).rejects.toMatchObject({
			code: "storage_unavailable",
		});
		await expect(server.logins.refresh(refresh)).rejects.toMatchObject({
			code: "storage_unavailable",
		});
	});

	test("uses are forgotten when what they were of has expired", async () => {
		const { shared, store, clock } = openShared();
		const server = await openServer(shared);
		const { refresh } = await begin(server);
		await server.logins.refresh(refresh);
		const used = async () =>
			(await store.list({ prefix: "__opentaco/used/", limit: 10 })).blobs.length;
		await server.used.sweep();
		expect(await used()).toBe(1);
		await clock.advance(31 * 24 * hour);
		await server.used.sweep();
		expect(await used()).toBe(1);
		await clock.advance(2 * 24 * hour);
		await server.used.sweep();
		expect(await used()).toBe(0);
	});
});

import { describe, expect, test } from "bun:test";
import { ownGrant } from "../../../src/auth/shared-state.ts";
import { limits } from "../../../src/core/limits.ts";
import { openServer, openShared } from "./identities.ts";

const grant = await ownGrant({
	principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
	surface: "management",
	requestId: "r",
});
const alice = { name: "Alice@Example.com", password: "correct horse", groups: ["dev"] };

describe("local users", () => {
	test("log in with their password, on every server", async () => {
		const { shared } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		await a.users.create(grant, alice);
		expect(await b.users.authenticate("ALICE@example.com", "correct horse")).toEqual({
			subject: "user:alice@example.com",
			email: "alice@example.com",
			groups: ["dev"],
		});
		expect(await b.users.authenticate("alice@example.com", "correct hors")).toBeNull();
		expect(await b.users.authenticate("alice@example.com", "")).toBeNull();
		expect(await b.users.authenticate("bob", "correct horse")).toBeNull();
		expect(await b.users.authenticate("alice@example.com", "x".repeat(5000))).toBeNull();
	});

	test("exist once", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await server.users.create(grant, alice);
		const again = server.users.create(grant, { ...alice, name: "alice@example.com" });
		await expect(again).rejects.toMatchObject({ code: "conflict" });
		expect(await server.users.list()).toMatchObject([{ name: "alice@example.com" }]);
		expect(JSON.stringify(await server.users.list())).not.toContain("argon2");
	});

	test("a new password ends their logins", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		await server.users.create(grant, alice);
		const identity = await server.users.authenticate("alice@example.com", "correct horse");
		if (identity === null) throw new Error("no login");
		const pair = await server.logins.begin(identity, "local");
		await server.users.setPassword(grant, "alice@example.com", "battery staple");
		await clock.advance(limits.credentialFreshMs + 1);
		expect(await server.logins.verify(pair.accessToken)).toBeNull();
		expect(await server.users.authenticate("alice@example.com", "correct horse")).toBeNull();
		expect(await server.users.authenticate("alice@example.com", "battery staple")).not.toBeNull();
	});

	test("whoever is removed is out, and one of the same name later is a stranger to what was", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		await server.users.create(grant, alice);
		const identity = await server.users.authenticate("alice@example.com", "correct horse");
		if (identity === null) throw new Error("no login");
		const pair = await server.logins.begin(identity, "local");
		const { token } = await server.tokens.issue(grant, {
			...({ kind: "tfe", name: "t", subject: identity.subject } as const),
			...{ roles: null, units: null, lifeMs: null, organization: null },
		});
		const counts = async () => [
			(await server.logins.verify(pair.accessToken)) !== null,
			(await server.tokens.verify(token)) !== null,
		];
		expect(await counts()).toEqual([true, true]);
		await server.users.remove(grant, "alice@example.com");
		expect(await counts()).toEqual([false, false]);
		await clock.advance(limits.credentialFreshMs + 1);
		expect(await server.users.authenticate("alice@example.com", "correct horse")).toBeNull();
		await server.users.create(grant, alice);
		expect(await counts()).toEqual([false, false]);
		await expect(server.logins.refresh(pair.refreshToken ?? "")).rejects.toThrow();
	});

	test.each([
		["no name", { ...alice, name: "" }],
		["a space", { ...alice, name: "a b" }],
		["a colon", { ...alice, name: "a:b" }],
		["a path", { ...alice, name: "../x" }],
		["a long name", { ...alice, name: `a${"b".repeat(64)}` }],
		["a short password", { ...alice, password: "short" }],
		["a long password", { ...alice, password: "x".repeat(2000) }],
		["a nameless group", { ...alice, groups: [""] }],
	])("%s is refused", async (_name, wanted) => {
		const server = await openServer(openShared().shared);
		await expect(server.users.create(grant, wanted)).rejects.toMatchObject({
			code: "invalid_request",
		});
	});

	test("who is not there can neither be changed nor removed", async () => {
		const server = await openServer(openShared().shared);
		await expect(server.users.remove(grant, "nobody")).rejects.toMatchObject({
			code: "not_found",
		});
		await expect(server.users.setPassword(grant, "nobody", "long enough")).rejects.toMatchObject({
			code: "not_found",
		});
	});
});

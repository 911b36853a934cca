import { describe, expect, test } from "bun:test";
import { ownGrant } from "../../../src/auth/shared-state.ts";
import { tokenIdFrom } from "../../../src/auth/token/api-token.ts";
import { limits } from "../../../src/core/limits.ts";
import { StoreError } from "../../../src/core/ports/blob-store.ts";
import type { Grant } from "../../../src/core/rbac/grant.ts";
import { realClock } from "../../support/core.ts";
import { openServer, openShared, sharedOver } from "./identities.ts";

const plain = {
	name: "laptop",
	subject: "user:alice",
	roles: null,
	units: null,
	lifeMs: null,
	organization: null,
} as const;

function grant(): Promise<Grant> {
	return ownGrant({
		principal: { id: "user:alice", credentialKind: "access-token", loginId: "l" },
		surface: "management",
		requestId: "r",
	});
}

describe("API tokens", () => {
	test("count on every server of the store", async () => {
		const { shared } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		const { token, view } = await a.tokens.issue(await grant(), { ...plain, kind: "tfe" });
		expect(token).toMatch(/^otc_tfe_[0-9a-f]{20}_[0-9a-f]{64}$/);
		expect(token).toContain(view.id);
		expect(await b.tokens.verify(token)).toEqual({
			id: "user:alice",
			credentialKind: "api-token",
			loginId: view.id,
		});
	});

	test("bring roles and are narrowed as they were issued", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		const service = await server.tokens.issue(await grant(), {
			...plain,
			kind: "svc",
			subject: "service:deploy",
			roles: ["writer"],
			units: ["dev/*"],
		});
		expect(await server.tokens.verify(service.token)).toEqual({
			id: "service:deploy",
			credentialKind: "api-token",
			loginId: service.view.id,
			roles: ["writer"],
			organization: null,
			scope: { units: ["dev/*"], roles: null },
		});
		const own = await server.tokens.issue(await grant(), {
			...plain,
			kind: "tfe",
			roles: ["reader"],
		});
		expect((await server.tokens.verify(own.token))?.scope).toEqual({
			units: null,
			roles: ["reader"],
		});
	});

	test("are renewed before they end, on every server, and never afterwards", async () => {
		const { shared, clock } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		const wanted = { ...plain, kind: "tfe", lifeMs: 60_000 } as const;
		const { token, view } = await a.tokens.issue(await grant(), wanted);
		await clock.advance(50_000);
		await b.tokens.renew(await grant(), view.id, 60_000);
		await b.tokens.renew(await grant(), view.id, 1000);
		await clock.advance(50_000);
		expect(await a.tokens.verify(token)).not.toBeNull();
		await clock.advance(20_000);
		for (const server of [a, b]) {
			expect(await server.tokens.verify(token)).toBeNull();
			await expect(server.tokens.renew(await grant(), view.id, 60_000)).rejects.toThrow("no such");
		}
	});

	test("the store holds nothing that opens anything", async () => {
		const { shared, store } = openShared();
		const server = await openServer(shared);
		const { token } = await server.tokens.issue(await grant(), { ...plain, kind: "tfe" });
		const secret = token.split("_")[3] ?? "";
		const { blobs } = await store.list({ prefix: "", limit: 1000 });
		for (const { key } of blobs) {
			const found = await store.get(key);
			expect(key).not.toContain(secret);
			if (found.found) expect(Buffer.from(found.bytes).toString("utf8")).not.toContain(secret);
		}
	});

	test("another text than the token proves nothing", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		const { token, view } = await server.tokens.issue(await grant(), { ...plain, kind: "tfe" });
		const other = await server.tokens.issue(await grant(), { ...plain, kind: "tfe" });
		for (const text of [
			token.replace("otc_tfe_", "otc_svc_"),
			token.toUpperCase(),
			token.slice(0, -1),
			`${token}0`,
			`${token}\n`,
			` ${token}`,
			`otc_tfe_${view.id}_${"0".repeat(64)}`,
			`otc_tfe_${view.id}_${other.token.split("_")[3]}`,
			`otc_tfe_${view.id}_`,
			`otc_tfe_${view.id}`,
			"otc_tfe_",
			`otc_tfe_../../keys_${"0".repeat(64)}`,
			`otc_tfe_${"0".repeat(20)}_${"0".repeat(64)}`,
			"",
		]) {
			expect(await server.tokens.verify(text)).toBeNull();
		}
		expect(await server.tokens.verify(token)).not.toBeNull();
	});

	test("expire", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		const { token } = await server.tokens.issue(await grant(), {
			...plain,
			kind: "tfe",
			lifeMs: 1000,
		});
		expect(await server.tokens.verify(token)).not.toBeNull();
		await clock.advance(1000);
		expect(await server.tokens.verify(token)).toBeNull();
	});

	test("are revoked at once here, within seconds elsewhere, and for good", async () => {
		const { shared, clock } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		const { token, view } = await a.tokens.issue(await grant(), { ...plain, kind: "tfe" });
		expect(await b.tokens.verify(token)).not.toBeNull();
		await a.tokens.revoke(await grant(), view.id);
		expect(await a.tokens.verify(token)).toBeNull();
		await clock.advance(limits.credentialFreshMs + 1);
		expect(await b.tokens.verify(token)).toBeNull();
		await b.tokens.revoke(await grant(), view.id);
		expect(await (await openServer(shared)).tokens.verify(token)).toBeNull();
		expect(await a.tokens.list({ subject: "user:alice" })).toEqual({ tokens: [] });
	});

	test("uses during a revocation do not bring it back", async () => {
		const { store } = openShared();
		const shared = sharedOver(store, realClock);
		const [a, b] = [await openServer(shared), await openServer(shared)];
		for (let round = 0; round < 20; round++) {
			const { token, view } = await a.tokens.issue(await grant(), { ...plain, kind: "tfe" });
			const uses = Array.from({ length: 10 }, (_, index) =>
				(index % 2 ? a : b).tokens.verify(token),
			);
			await Promise.all([...uses, b.tokens.revoke(await grant(), view.id)]);
			expect(await b.tokens.verify(token)).toBeNull();
			expect(await (await openServer(shared)).tokens.verify(token)).toBeNull();
		}
	});

	test("a token that was revoked before it was issued is never issued", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		const id = tokenIdFrom("a code");
		await server.tokens.revoke(await grant(), id);
		const issuing = server.tokens.issue(await grant(), { ...plain, kind: "tfe", id });
		await expect(issuing).rejects.toMatchObject({ code: "unauthenticated" });
		expect(await server.tokens.list({ subject: "user:alice" })).toEqual({ tokens: [] });
		expect(await server.tokens.find(id)).toBeNull();
	});

	test("end with their owner's account", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await server.logins.begin({ subject: "user:alice", email: null, groups: [] }, "local");
		const { token } = await server.tokens.issue(await grant(), { ...plain, kind: "tfe" });
		expect(await server.tokens.verify(token)).not.toBeNull();
		await server.subjects.setDisabled(await grant(), "user:alice", true);
		expect(await server.tokens.verify(token)).toBeNull();
		await server.subjects.setDisabled(await grant(), "user:alice", false);
		expect(await server.tokens.verify(token)).toBeNull();
	});

	test("names and scopes are bounded", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		for (const wrong of [
			{ name: "" },
			{ name: "x".repeat(101) },
			{ name: "a\nb" },
			{ name: "a\u202eb" },
			{ units: [""] },
			{ roles: Array.from({ length: 65 }, () => "r") },
			{ lifeMs: 0 },
			{ lifeMs: -1 },
			{ lifeMs: Number.NaN },
		]) {
			const issuing = server.tokens.issue(await grant(), { ...plain, kind: "tfe", ...wrong });
			await expect(issuing).rejects.toMatchObject({ code: "invalid_request" });
		}
	});

	test("a store that does not answer is not a bad token", async () => {
		const { shared, store, clock } = openShared();
		const server = await openServer(shared);
		const { token } = await server.tokens.issue(await grant(), { ...plain, kind: "tfe" });
		await clock.advance(limits.credentialFreshMs + 1);
		const broken = () => Promise.reject(new StoreError("unavailable", "down"));
		store.get = broken;
		store.newest = broken;
		const verifying = server.authenticator.authenticate({ kind: "bearer", token }, "tfe");
		await expect(verifying).rejects.toMatchObject({ code: "storage_unavailable" });
	});
});

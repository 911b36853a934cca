/** What ends with what: S3 credentials with their login or token, the admin's logins with the admin token. */
import { describe, expect, test } from "bun:test";
import type { TokenVerifier } from "../../../src/auth/admin-verifier.ts";
import type { Identities } from "../../../src/auth/identity.ts";
import { ownGrant, systemGrant } from "../../../src/auth/shared-state.ts";
import { Sts } from "../../../src/auth/sts/credentials.ts";
import type { NewApiToken } from "../../../src/auth/token/api-token.ts";
import { limits } from "../../../src/core/limits.ts";
import type { Principal } from "../../../src/core/principal.ts";
import { realRandom } from "../../support/core.ts";
import type { ManualClock } from "../../support/store-clock.ts";
import { openServer, openShared } from "./identities.ts";
import { fixedKeys } from "./sts/keys.ts";

const alice = { subject: "user:alice", email: "alice@example.com", groups: ["dev"] };

/** The principal of S3 credentials that were issued to `principal`, as a server reads them back. */
async function overS3(principal: Principal | null, clock: ManualClock): Promise<Principal> {
	if (principal === null) throw new Error("there is nobody to issue credentials to");
	const sts = new Sts({ keys: fixedKeys("k"), clock, random: realRandom });
	const issued = await sts.issue({ principal, ttlMs: limits.stsTtlMs });
	return (await sts.resolve(issued.accessKeyId, issued.sessionToken)).principal;
}

const grantOf = (principal: Principal) =>
	ownGrant({ principal, surface: "management", requestId: "r" });

const renew = (server: Identities, principal: Principal) =>
	server.authenticator.renewPrincipal(principal);

const wanted: NewApiToken = {
	...({
		kind: "tfe",
		name: "laptop",
		roles: null,
		units: null,
		lifeMs: null,
		organization: null,
	} as const),
	subject: alice.subject,
};

describe("S3 credentials end", () => {
	async function twoServers() {
		const { shared, clock } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		const { accessToken } = await a.logins.begin(alice, "local");
		const login = await a.logins.verify(accessToken);
		if (login === null) throw new Error("the login does not count");
		const s3 = await overS3(login, clock);
		expect(await renew(b, s3)).toEqual(s3);
		return { a, b, clock, login, s3 };
	}

	test("with their login, on another server within the bound", async () => {
		const { a, b, clock, login, s3 } = await twoServers();
		await a.logins.end(login, "r");
		expect(await renew(a, s3)).toBeNull();
		await clock.advance(limits.credentialFreshMs + 1);
		expect(await renew(b, s3)).toBeNull();
	});

	test("when all logins of their subject do, or it is disabled", async () => {
		for (const end of ["logins", "disabled"] as const) {
			const { a, b, clock, s3 } = await twoServers();
			const grant = await systemGrant();
			if (end === "logins") await a.subjects.endAll(grant, alice.subject, "logins");
			else await a.subjects.setDisabled(grant, alice.subject, true);
			await clock.advance(limits.credentialFreshMs + 1);
			expect(await renew(b, s3)).toBeNull();
			if (end === "logins") await a.logins.begin(alice, "local");
			expect(await renew(a, s3)).toBeNull();
		}
	});

	test("with their API token: revoked, expired, or of a subject that ended all", async () => {
		for (const end of ["revoked", "expired", "ended"] as const) {
			const { a, b, clock, login } = await twoServers();
			const lifeMs = end === "expired" ? 10_000 : null;
			const { token, view } = await a.tokens.issue(await grantOf(login), { ...wanted, lifeMs });
			const s3 = await overS3(await b.tokens.verify(token), clock);
			expect(await renew(b, s3)).toEqual(s3);
			if (end === "revoked") await a.tokens.revoke(await grantOf(login), view.id);
			if (end === "ended") {
				await a.subjects.endAll(await systemGrant(), alice.subject, "tokens too");
			}
			await clock.advance(end === "expired" ? 10_000 : limits.credentialFreshMs + 1);
			expect(await renew(b, s3)).toBeNull();
		}
	});

	test("and follow what the provider says of their groups meanwhile", async () => {
		const { a, b, clock, s3 } = await twoServers();
		await a.logins.begin({ ...alice, groups: ["ops"] }, "local");
		await clock.advance(limits.credentialFreshMs + 1);
		expect((await renew(b, s3))?.groups).toEqual(["ops"]);
	});

	test("but those of a CI job live as long as its token", async () => {
		const { a, clock } = await twoServers();
		const job = { subject: "ci:x", roles: ["writer"], units: ["dev/*"], organization: null };
		const { accessToken } = await a.logins.beginMachine(job);
		const s3 = await overS3(await a.logins.verify(accessToken), clock);
		expect(await renew(a, s3)).toMatchObject({ roles: ["writer"], scope: { units: ["dev/*"] } });
	});
});

describe("another admin token ends", () => {
	let current = "first";
	const admin: TokenVerifier = {
		verify: async (token) =>
			token === current
				? { id: "admin", credentialKind: "admin-token", loginId: token, adminTokenId: token }
				: null,
		isCurrent: async (id) => id === current,
	};

	async function open() {
		current = "first";
		const { shared, clock } = openShared();
		const server = await openServer(shared, {}, undefined, admin);
		const principal = await admin.verify("first");
		if (principal === null) throw new Error("the admin token does not count");
		return { server, clock, principal };
	}

	test("its logins, their renewal and their S3 credentials", async () => {
		const { server, clock, principal } = await open();
		const { logins } = server;
		await logins.note({ subject: "admin", email: null, groups: [] });
		const pair = await logins.beginNoted("admin", "admin", "l1", { adminTokenId: "first" });
		const login = await logins.verify(pair.accessToken);
		expect(login).toMatchObject({ id: "admin", roles: ["admin"] });
		const derived = [await overS3(login, clock), await overS3(principal, clock)];
		for (const s3 of derived) expect(await renew(server, s3)).not.toBeNull();
		current = "second";
		expect(await logins.verify(pair.accessToken)).toBeNull();
		await expect(logins.refresh(pair.refreshToken ?? "")).rejects.toMatchObject({
			code: "unauthenticated",
		});
		for (const s3 of derived) expect(await renew(server, s3)).toBeNull();
	});

	test("its API tokens, and those made with them, but no service's", async () => {
		const { server, clock, principal } = await open();
		const { tokens } = server;
		const own = { ...wanted, subject: "admin" };
		const first = await tokens.issue(await grantOf(principal), own);
		const asToken = await tokens.verify(first.token);
		expect(asToken).toMatchObject({ id: "admin", roles: ["admin"] });
		const second = await tokens.issue(await grantOf(asToken as Principal), own);
		const s3 = await overS3(await tokens.verify(second.token), clock);
		const service = await tokens.issue(await grantOf(principal), {
			...wanted,
			kind: "svc",
			subject: "service:x",
			roles: ["writer"],
		});
		current = "second";
		expect(await tokens.verify(first.token)).toBeNull();
		expect(await tokens.verify(second.token)).toBeNull();
		expect(await renew(server, s3)).toBeNull();
		expect(await tokens.verify(service.token)).toMatchObject({ id: "service:x" });
	});
});

import { beforeEach, expect, test } from "bun:test";
import { type S3Credentials, Sts } from "../../../../src/auth/sts/credentials.ts";
import { limits } from "../../../../src/core/limits.ts";
import type { Principal } from "../../../../src/core/principal.ts";
import { realRandom } from "../../../support/core.ts";
import { fixedKeys } from "./keys.ts";

let now = 0;
let sts: Sts;
const alice: Principal = {
	id: "alice",
	credentialKind: "access-token",
	loginId: "login-1",
	email: "alice@example.com",
	groups: ["dev", "ops"],
	roles: ["writer"],
	scope: { units: ["app/*"], roles: null },
	organization: "acme",
};

beforeEach(() => {
	now = Date.parse("2026-01-02T03:04:05Z");
	sts = new Sts({ keys: fixedKeys("k1"), clock: { now: () => now }, random: realRandom });
});

function issue(principal = alice, ttlMs: number = limits.stsTtlMs): Promise<S3Credentials> {
	return sts.issue({ principal, ttlMs });
}

test("what was issued is resolved to the same person, narrowed to S3", async () => {
	const issued = await issue();
	expect(issued.accessKeyId).toMatch(/^OTC\.k1\.[A-Za-z0-9_-]{24}$/);
	expect(issued.expiresAt).toBe(now + limits.stsTtlMs);
	const resolved = await sts.resolve(issued.accessKeyId, issued.sessionToken);
	expect(resolved.secretAccessKey).toBe(issued.secretAccessKey);
	expect(resolved.principal).toEqual({
		...alice,
		credentialKind: "s3-credentials",
		derivedFrom: "access-token",
	});
});

test("the token shows nothing of the person", async () => {
	const { sessionToken } = await issue();
	const bytes = Buffer.from(sessionToken.split(".")[2] ?? "", "base64url").toString("latin1");
	expect(bytes).not.toContain("alice");
	expect(sessionToken).not.toContain("alice");
});

test("parts of two logins do not go together", async () => {
	const a = await issue();
	const b = await issue({ ...alice, id: "bob", loginId: "login-2" });
	expect(a.accessKeyId).not.toBe(b.accessKeyId);
	await expect(sts.resolve(a.accessKeyId, b.sessionToken)).rejects.toMatchObject({
		code: "unknown_access_key",
	});
	const c = await issue();
	await expect(sts.resolve(a.accessKeyId, c.sessionToken)).rejects.toMatchObject({
		code: "unknown_access_key",
	});
});

test("they end on time, with a minute for requests on their way and late clocks", async () => {
	const issued = await issue();
	now = issued.expiresAt + limits.stsGraceMs - 1;
	await sts.resolve(issued.accessKeyId, issued.sessionToken);
	now = issued.expiresAt + limits.stsGraceMs;
	await expect(sts.resolve(issued.accessKeyId, issued.sessionToken)).rejects.toMatchObject({
		code: "credentials_expired",
	});
});

test("nobody gets them for longer than the limit", async () => {
	const issued = await issue(alice, 100 * limits.stsTtlMaxMs);
	expect(issued.expiresAt).toBe(now + limits.stsTtlMaxMs);
});

test("S3 credentials cannot renew themselves", async () => {
	await expect(issue({ ...alice, credentialKind: "s3-credentials" })).rejects.toMatchObject({
		code: "forbidden",
	});
});

test("what an open server gave out proves nothing to one that asks for proof", async () => {
	const issued = await issue({ ...alice, credentialKind: "auth-disabled" });
	await expect(sts.resolve(issued.accessKeyId, issued.sessionToken)).rejects.toMatchObject({
		code: "unknown_access_key",
	});
});

test("more groups than a header holds are refused clearly", async () => {
	const groups = Array.from({ length: 2000 }, (_, index) => `group-${index}`);
	await expect(issue({ ...alice, groups })).rejects.toMatchObject({ code: "too_large" });
});

test("another server's secret opens nothing", async () => {
	const issued = await issue();
	const other = new Sts({ keys: fixedKeys("k1"), clock: { now: () => now }, random: realRandom });
	await expect(other.resolve(issued.accessKeyId, issued.sessionToken)).rejects.toMatchObject({
		code: "unknown_access_key",
	});
});

test("every changed character is noticed", async () => {
	const issued = await issue();
	const { accessKeyId, sessionToken } = issued;
	for (let at = 0; at < sessionToken.length; at++) {
		const changed =
			sessionToken.slice(0, at) +
			(sessionToken[at] === "A" ? "B" : "A") +
			sessionToken.slice(at + 1);
		await expect(sts.resolve(accessKeyId, changed)).rejects.toMatchObject({
			code: "unknown_access_key",
		});
	}
	const bad = [
		"",
		"OTC",
		"OTC..x",
		"OTC.k1.",
		`${accessKeyId}.x`,
		accessKeyId.toLowerCase(),
		accessKeyId.replace("k1", "../k1"),
		accessKeyId.replace("k1", "K1"),
		"AKIAIOSFODNN7EXAMPLE",
	];
	for (const id of bad) {
		await expect(sts.resolve(id, sessionToken)).rejects.toMatchObject({
			code: "unknown_access_key",
		});
	}
	for (const token of ["", "otcs1.k1.", "otcs1.k1.AAAA", "x".repeat(limits.stsTokenBytesMax + 1)]) {
		await expect(sts.resolve(accessKeyId, token)).rejects.toMatchObject({
			code: "unknown_access_key",
		});
	}
});

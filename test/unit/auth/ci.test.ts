import { describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { matchesGlob, matchingRule, parseTrust } from "../../../src/auth/ci/trust.ts";
import { openServer, openShared } from "./identities.ts";

const issuer = "https://token.actions.githubusercontent.com";
const trust = {
	issuers: [
		{
			issuer,
			audience: "https://taco.example.com",
			rules: [
				{
					name: "deploy",
					claims: { repository: "acme/infra", ref: ["refs/heads/main", "refs/tags/v*"] },
					roles: ["writer"],
					units: ["prod/*"],
				},
				{ name: "plan", claims: { repository: "acme/*" }, roles: ["reader"] },
			],
		},
	],
};

describe("rules", () => {
	const rules = parseTrust(JSON.stringify(trust), null)[0]?.rules ?? [];
	test.each([
		[{ repository: "acme/infra", ref: "refs/heads/main" }, "deploy"],
		[{ repository: "acme/infra", ref: "refs/tags/v1" }, "deploy"],
		[{ repository: "acme/infra", ref: "refs/heads/x" }, "plan"],
		[{ repository: "acme/other" }, "plan"],
		[{ repository: "evil/infra", ref: "refs/heads/main" }, null],
		[{ repository: ["acme/infra"] }, null],
		[{}, null],
	])("%p", (claims, name) => {
		expect(matchingRule(rules, claims)?.name ?? null).toBe(name);
	});

	test.each([
		["*", "", true],
		["a*", "abc", true],
		["a*c", "abc", true],
		["a*c", "ac", true],
		["a*c", "acd", false],
		["ab*ba", "aba", false],
		["*b*", "abc", true],
		["a.c", "abc", false],
		["", "", true],
		["", "a", false],
		["A", "a", false],
	])("%s and %s", (pattern, text, isMatch) => {
		expect(matchesGlob(pattern, text)).toBe(isMatch);
	});

	test("many stars take no time", () => {
		expect(matchesGlob(`${"*a".repeat(2000)}b`, "a".repeat(20_000))).toBe(false);
	});

	const wrong: [string, unknown][] = [
		["no JSON", undefined],
		["no list", {}],
		["an empty list", { issuers: [] }],
		["an unknown field", { ...trust, extra: 1 }],
		[
			"an issuer that is not https",
			{ issuers: [{ ...trust.issuers[0], issuer: "http://x.example" }] },
		],
		["an issuer twice", { issuers: [trust.issuers[0], trust.issuers[0]] }],
		["no rules", { issuers: [{ ...trust.issuers[0], rules: [] }] }],
		[
			"a rule without claims",
			{ issuers: [{ ...trust.issuers[0], rules: [{ name: "x", claims: {}, roles: ["r"] }] }] },
		],
		[
			"a rule that everybody fits",
			{
				issuers: [
					{ ...trust.issuers[0], rules: [{ name: "x", claims: { sub: "*" }, roles: ["r"] }] },
				],
			},
		],
		[
			"a rule with an empty list",
			{
				issuers: [
					{ ...trust.issuers[0], rules: [{ name: "x", claims: { sub: [] }, roles: ["r"] }] },
				],
			},
		],
		[
			"a rule without roles",
			{ issuers: [{ ...trust.issuers[0], rules: [{ name: "x", claims: { sub: "a" } }] }] },
		],
		[
			"a misspelt field",
			{
				issuers: [
					{ ...trust.issuers[0], rules: [{ name: "x", claim: { sub: "a" }, roles: ["r"] }] },
				],
			},
		],
		["no audience and no public URL", { issuers: [{ issuer, rules: trust.issuers[0]?.rules }] }],
	];
	test.each(wrong)("%s refuses to start", (_name, value) => {
		expect(() => parseTrust(JSON.stringify(value) ?? "{", null)).toThrow("OPENTACO_CI_TRUST");
	});

	test("the audience is the public URL unless it is set", () => {
		const { audience: _audience, ...rest } = trust.issuers[0] ?? {};
		const text = JSON.stringify({ issuers: [rest] });
		expect(parseTrust(text, "https://taco.example.com")[0]?.audience).toBe(
			"https://taco.example.com",
		);
	});
});

describe("jobs", () => {
	async function setUp(given: object = trust) {
		const { shared, clock } = openShared();
		const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
		const jwk = { ...(await exportJWK(publicKey)), kid: "gh", alg: "RS256" };
		const trustedIssuers = parseTrust(JSON.stringify(given), null);
		const server = await openServer(shared, { trustedIssuers }, async (url) =>
			url.endsWith("/jwks")
				? Response.json({ keys: [jwk] })
				: Response.json({ issuer, jwks_uri: `${issuer}/jwks` }),
		);
		const now = Math.floor(clock.now() / 1000);
		const job = (claims: Readonly<Record<string, unknown>>) =>
			new SignJWT({
				sub: "repo:acme/infra:ref:refs/heads/main",
				repository: "acme/infra",
				ref: "refs/heads/main",
				...claims,
			})
				.setProtectedHeader({ alg: "RS256", kid: "gh" })
				.setIssuer(issuer)
				.setAudience(String(claims.aud ?? "https://taco.example.com"))
				.setIssuedAt(now)
				.setExpirationTime(now + 300)
				.sign(privateKey);
		return { server, job };
	}

	test("get a token with the role of the rule, and no refresh token; several steps may ask", async () => {
		const { server, job } = await setUp();
		const token = await job({});
		await server.exchange.exchange(token, null);
		const pair = await server.exchange.exchange(token, null);
		expect(pair.refreshToken).toBeNull();
		expect(await server.logins.verify(pair.accessToken)).toEqual({
			id: "ci:token.actions.githubusercontent.com:repo:acme/infra:ref:refs/heads/main",
			credentialKind: "access-token",
			loginId: expect.any(String),
			roles: ["writer"],
			organization: null,
			scope: { units: ["prod/*"], roles: null },
		});
	});

	test("of an organization's rule are its own, by what it is and not by its name", async () => {
		const ruled = (organization: string) => ({
			issuers: [
				{
					...{ issuer, audience: "https://taco.example.com" },
					rules: [
						{ name: "a", claims: { repository: "acme/infra" }, roles: ["writer"], organization },
					],
				},
			],
		});
		const { server, job } = await setUp(ruled("acme"));
		const { accessToken } = await server.exchange.exchange(await job({}), null);
		expect(await server.logins.verify(accessToken)).toMatchObject({ organization: "acme.2" });
		const other = await setUp(ruled("gone"));
		await expect(other.server.exchange.exchange(await other.job({}), null)).rejects.toMatchObject({
			code: "not_found",
		});
	});

	test("that no rule knows, or that are meant for others, get none", async () => {
		const { server, job } = await setUp();
		await expect(
			server.exchange.exchange(await job({ repository: "evil/x" }), null),
		).rejects.toMatchObject({
			code: "forbidden",
		});
		await expect(
			server.exchange.exchange(await job({ aud: "https://other.example" }), null),
		).rejects.toMatchObject({ code: "unauthenticated" });
	});
});

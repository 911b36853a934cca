/** Logging in, tokens, local users: `/v1/auth`, `/oauth`, discovery and the public keys. */
import { expect } from "bun:test";
import { ownGrant } from "../../src/auth/shared-state.ts";
import { gateScenarios, type Scenario } from "./scenario.ts";
import type { TestApp } from "./test-app.ts";

const json = (value: unknown): string => JSON.stringify(value);
const tokenId = "0123456789abcdef0123";
const authorization =
	"client_id=terraform-cli&response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A10000%2Flogin&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&state=s";

const admin = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "seed" },
	surface: "management",
	requestId: "seed",
} as const;

async function withToken({ identities }: TestApp): Promise<void> {
	await (await identities).tokens.issue(await ownGrant(admin), {
		...{ id: tokenId, kind: "tfe", name: "laptop", subject: "user:alice" },
		...{ roles: null, units: null, lifeMs: null, organization: null },
	});
}

async function withEndingToken({ identities }: TestApp): Promise<void> {
	await (await identities).tokens.issue(await ownGrant(admin), {
		...{ id: tokenId, kind: "svc", name: "deploy", subject: "service:deploy" },
		...{ roles: ["reader"], units: null, organization: null, lifeMs: 60_000 },
	});
}

async function withUser({ identities }: TestApp): Promise<void> {
	const user = { name: "alice", password: "a long password", groups: [] };
	await (await identities).users.create(await ownGrant(admin), user);
}

const calls = [
	{
		covers: "createToken",
		method: "POST",
		path: "/v1/auth/tokens",
		body: json({ name: "deploy", service: true }),
	},
	{ covers: "listTokens", method: "GET", path: "/v1/auth/tokens?all=true" },
	{
		covers: "createUser",
		method: "POST",
		path: "/v1/auth/users",
		body: json({ name: "bob", password: "a long password" }),
	},
	{ covers: "listUsers", method: "GET", path: "/v1/auth/users" },
	{
		covers: "setPassword",
		method: "POST",
		path: "/v1/auth/users/alice/password",
		body: json({ password: "another password" }),
	},
	{ covers: "removeUser", method: "DELETE", path: "/v1/auth/users/alice" },
];

const revokeCall = { covers: "revokeToken", method: "DELETE", path: `/v1/auth/tokens/${tokenId}` };
const getCall = { covers: "getToken", method: "GET", path: `/v1/auth/tokens/${tokenId}` };
const renewCall = {
	...{ covers: "renewToken", method: "POST", path: `/v1/auth/tokens/${tokenId}/renew` },
	body: json({ ttl_seconds: 7200 }),
};
const meCall = { covers: "getMe", method: "GET", path: "/v1/auth/me" };
const logoutCall = { covers: "logOut", method: "POST", path: "/v1/auth/logout" };

/** Their own affairs need no right; to others a token does not exist. */
const specialScenarios: readonly Scenario[] = [
	...[getCall, revokeCall, renewCall, meCall, logoutCall].flatMap((call) =>
		gateScenarios(call).filter(({ kind }) => kind === "unauthenticated"),
	),
	{
		...revokeCall,
		name: "hides other people's tokens",
		kind: "forbidden",
		before: withToken,
		status: 404,
		contains: ['"not_found"'],
	},
	{
		...getCall,
		name: "hides other people's tokens from being shown",
		kind: "forbidden",
		before: withToken,
		status: 404,
		contains: ['"not_found"'],
		lacks: [tokenId],
	},
	{
		...renewCall,
		name: "hides other people's tokens from renewing",
		kind: "forbidden",
		before: withEndingToken,
		status: 404,
		contains: ['"not_found"'],
	},
];

const ok: readonly Scenario[] = [
	{
		...meCall,
		name: "tells who one is",
		kind: "ok",
		status: 200,
		contains: ['"subject":"admin"', '"credential":"admin-token"'],
	},
	{
		...logoutCall,
		name: "cannot end the admin token",
		kind: "refused",
		status: 400,
		contains: ["no login that could end"],
	},
	{
		covers: "createToken",
		method: "POST",
		path: "/v1/auth/tokens",
		name: "makes a token for a machine and shows it once",
		kind: "ok",
		body: json({
			name: "deploy",
			service: true,
			roles: ["reader"],
			units: ["dev/*"],
			ttl_seconds: 60,
		}),
		status: 201,
		contains: ['"token":"otc_svc_', '"subject":"service:deploy"', '"roles":["reader"]'],
		after: async (app) => {
			const listed = await (await app.send("GET", "/v1/auth/tokens?all=true")).text();
			expect(listed).toContain("deploy");
			expect(listed).not.toContain('"token"');
		},
	},
	{
		covers: "createToken",
		method: "POST",
		path: "/v1/auth/tokens",
		name: "refuses a service name with strange characters",
		kind: "refused",
		body: json({ name: "De ploy", service: true }),
		status: 400,
	},
	{
		covers: "listTokens",
		method: "GET",
		path: "/v1/auth/tokens",
		name: "lists one's own tokens only",
		kind: "ok",
		before: withToken,
		status: 200,
		exactBody: '{"tokens":[]}',
	},
	{
		...getCall,
		name: "shows a token",
		kind: "ok",
		before: withToken,
		status: 200,
		contains: [`"id":"${tokenId}"`],
		lacks: ['"token"', "sha256"],
	},
	{
		...getCall,
		name: "shows no token that is revoked",
		kind: "refused",
		before: async (app) => {
			await withToken(app);
			await (await app.identities).tokens.revoke(await ownGrant(admin), tokenId);
		},
		status: 404,
	},
	{
		covers: "listTokens",
		method: "GET",
		path: "/v1/auth/tokens?all=true&limit=1001",
		name: "lists no more tokens at once than there is a bound for",
		kind: "refused",
		status: 400,
	},
	{
		...revokeCall,
		name: "revokes a token",
		kind: "ok",
		before: withToken,
		status: 204,
		after: async (app) => {
			const { tokens } = await app.identities;
			expect(await tokens.list({ organization: null })).toEqual({ tokens: [] });
		},
	},
	{
		...renewCall,
		name: "puts off the end of a machine's token",
		kind: "ok",
		before: withEndingToken,
		status: 200,
		lacks: ['"token"'],
		after: async (app) => {
			const { tokens } = await (await app.identities).tokens.list({ organization: null });
			const [{ created, expires } = { created: "", expires: null }] = tokens;
			expect(Number(expires) - Date.parse(created)).toBeGreaterThanOrEqual(7_200_000);
		},
	},
	{
		...renewCall,
		name: "renews no token of somebody else's",
		kind: "refused",
		before: withToken,
		status: 403,
	},
	{
		...renewCall,
		name: "renews no token that is revoked",
		kind: "refused",
		before: async (app) => {
			await withEndingToken(app);
			await (await app.identities).tokens.revoke(await ownGrant(admin), tokenId);
		},
		status: 404,
	},
	{
		covers: "revokeToken",
		method: "DELETE",
		path: "/v1/auth/tokens/nonsense",
		name: "knows no token of another form",
		kind: "refused",
		status: 404,
	},
	{
		covers: "createUser",
		method: "POST",
		path: "/v1/auth/users",
		name: "creates a local user",
		kind: "ok",
		body: json({ name: "Bob@Example.com", password: "CANARY-password" }),
		status: 201,
		contains: ['"name":"bob@example.com"'],
		lacks: ["CANARY", "argon2"],
	},
	{
		covers: "createUser",
		method: "POST",
		path: "/v1/auth/users",
		name: "refuses a second user of that name",
		kind: "refused",
		before: withUser,
		body: json({ name: "alice", password: "a long password" }),
		status: 409,
	},
	{
		covers: "listUsers",
		method: "GET",
		path: "/v1/auth/users",
		name: "lists local users without their passwords",
		kind: "ok",
		before: withUser,
		status: 200,
		contains: ['"name":"alice"'],
		lacks: ["argon2"],
	},
	{
		covers: "setPassword",
		method: "POST",
		path: "/v1/auth/users/alice/password",
		name: "sets a password",
		kind: "ok",
		before: withUser,
		body: json({ password: "CANARY-password" }),
		status: 204,
	},
	{
		covers: "removeUser",
		method: "DELETE",
		path: "/v1/auth/users/alice",
		name: "removes a user",
		kind: "ok",
		before: withUser,
		status: 204,
	},
	{
		covers: "removeUser",
		method: "DELETE",
		path: "/v1/auth/users/nobody",
		name: "cannot remove who is not there",
		kind: "refused",
		status: 404,
	},
];

type Open = Pick<Scenario, "covers" | "name" | "method" | "path" | "status"> & Partial<Scenario>;

const open: readonly Open[] = [
	{
		covers: "/.well-known/terraform.json",
		name: "tells terraform where to log in, whatever token it brings",
		method: "GET",
		path: "/.well-known/terraform.json",
		headers: { authorization: "Bearer expired" },
		status: 200,
		contains: ['"login.v1"', '"authz":"/oauth/authorization"', '"ports":[10000,10010]'],
		responseHeaders: { "content-type": "application/json;charset=utf-8" },
	},
	{
		covers: "/oidc/jwks.json",
		name: "publishes the public keys and nothing private",
		method: "GET",
		path: "/oidc/jwks.json",
		status: 200,
		contains: ['"kty":"OKP"', '"crv":"Ed25519"', '"alg":"EdDSA"'],
		lacks: ['"d":'],
	},
	...["/oauth/authorization", "/oauth/authorize"].map((path) => ({
		covers: path,
		name: `asks who is there at ${path}`,
		method: "GET",
		path: `${path}?${authorization}`,
		status: 200,
		contains: ['name="password"'],
		lacks: ["<script"],
		after: async (_app: TestApp, response: Response) => {
			const cookie = response.headers.get("set-cookie") ?? "";
			expect(cookie).toMatch(/^opentaco-login=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax/);
			expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
			expect(response.headers.get("cache-control")).toBe("no-store");
		},
	})),
	{
		covers: "/v1/auth/config",
		name: "tells how to log in",
		method: "GET",
		path: "/v1/auth/config",
		status: 200,
		contains: ['"login":"server"', "http://127.0.0.1:8585/callback"],
	},
	{
		covers: "/v1/auth/revoke",
		name: "ends nothing for a token that proves nothing",
		method: "POST",
		path: "/v1/auth/revoke",
		body: json({ refresh_token: "CANARY-refresh" }),
		status: 200,
	},
];

/** Reached without a credential, and refused for what they are given. */
const openRefusals: readonly Open[] = [
	{
		covers: "exchangeIdToken",
		name: "takes no nonsense for an ID token",
		method: "POST",
		path: "/v1/auth/exchange",
		body: json({ id_token: "CANARY-id-token" }),
		status: 401,
		lacks: ["CANARY"],
	},
	{
		covers: "refreshLogin",
		name: "takes no nonsense for a refresh token",
		method: "POST",
		path: "/v1/auth/token",
		body: json({ refresh_token: "CANARY-refresh-token" }),
		status: 401,
		lacks: ["CANARY"],
	},
];

export const identityScenarios: readonly Scenario[] = [
	...calls.flatMap(gateScenarios),
	...specialScenarios,
	...ok,
	...open.map((one) => ({ kind: "ok" as const, ...one, as: "nobody" as const })),
	...openRefusals.map((one) => ({ kind: "refused" as const, ...one, as: "nobody" as const })),
];

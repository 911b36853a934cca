import { beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { OidcProvider, type ProviderConfig } from "../../../src/auth/oidc/provider.ts";
import { limits } from "../../../src/core/limits.ts";
import { ManualClock } from "../../support/store-clock.ts";
import { openServer, openShared } from "./identities.ts";

const issuer = "https://idp.example.com";
const config: ProviderConfig = {
	issuer,
	clientId: "client",
	clientSecret: null,
	authorizationUrl: null,
	tokenUrl: null,
	jwksUrl: null,
	scopes: "openid profile email",
	groupsClaim: "groups",
	isEmailTrusted: false,
};

type Key = { readonly private: CryptoKey; readonly jwk: JWK };
let keys: readonly Key[];
let other: Key;

async function makeKey(kid: string, alg: string): Promise<Key> {
	const pair = await generateKeyPair(alg, { extractable: true });
	return { private: pair.privateKey, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg } };
}

beforeAll(async () => {
	keys = [await makeKey("k1", "RS256"), await makeKey("k2", "RS256")];
	other = await makeKey("k1", "RS256");
});

/** A provider's endpoints as a function; tests change its answers. */
class FakeIdp {
	published: JWK[] = [];
	metadata: Record<string, unknown> = {
		issuer,
		authorization_endpoint: `${issuer}/authorize`,
		token_endpoint: `${issuer}/token`,
		jwks_uri: `${issuer}/jwks`,
		id_token_signing_alg_values_supported: ["RS256"],
	};
	isDown = false;
	asked: string[] = [];
	tokenAnswer: (form: URLSearchParams, headers: Headers) => Response = () =>
		new Response("", { status: 500 });

	readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
		this.asked.push(url);
		if (this.isDown) throw new TypeError("refused");
		if (url.endsWith("/.well-known/openid-configuration")) return Response.json(this.metadata);
		if (url.endsWith("/jwks")) return Response.json({ keys: this.published });
		if (url.endsWith("/token") || url.endsWith("/authenticate")) {
			return this.tokenAnswer(new URLSearchParams(String(init.body)), new Headers(init.headers));
		}
		return new Response("not found", { status: 404 });
	};
}

let idp: FakeIdp;
let clock: ManualClock;
let provider: OidcProvider;

beforeEach(() => {
	idp = new FakeIdp();
	idp.published = [keys[0]?.jwk as JWK];
	clock = new ManualClock();
	provider = new OidcProvider({ fetch: idp.fetch, clock }, config);
});

async function idToken(
	claims: Readonly<Record<string, unknown>> = {},
	header: Readonly<Record<string, unknown>> = {},
	key: Key | undefined = keys[0],
): Promise<string> {
	const now = Math.floor(clock.now() / 1000);
	const all = {
		iss: issuer,
		aud: "client",
		sub: "u1",
		iat: now,
		exp: now + 600,
		nonce: "n",
		...claims,
	};
	const given = Object.entries(all).filter(([, value]) => value !== undefined);
	return await new SignJWT(Object.fromEntries(given))
		.setProtectedHeader({ alg: "RS256", kid: "k1", ...header })
		.sign(key?.private as CryptoKey);
}

async function identityOf(claims: Readonly<Record<string, unknown>>) {
	return (await provider.verifyIdToken(await idToken(claims), "n")).identity;
}

describe("ID tokens", () => {
	test("a good one", async () => {
		expect(
			await identityOf({
				email: "Alice@Example.com",
				email_verified: true,
				groups: ["dev", "ops"],
			}),
		).toEqual({
			subject: "oidc:idp.example.com:u1",
			email: "alice@example.com",
			groups: ["dev", "ops"],
		});
	});

	const now = () => Math.floor(clock.now() / 1000);
	const refused: [string, () => Record<string, unknown>][] = [
		["another issuer", () => ({ iss: "https://evil.example" })],
		["no issuer", () => ({ iss: undefined })],
		["another audience", () => ({ aud: "someone-else" })],
		["no audience", () => ({ aud: undefined })],
		["several audiences without azp", () => ({ aud: ["client", "other"] })],
		["an azp of another client", () => ({ aud: ["client", "other"], azp: "other" })],
		["an azp of another client, one audience", () => ({ azp: "other" })],
		["no nonce", () => ({ nonce: undefined })],
		["another nonce", () => ({ nonce: "m" })],
		["an exp in the past", () => ({ exp: now() - 120 })],
		["no exp", () => ({ exp: undefined })],
		["an absurd exp", () => ({ exp: 1e308 })],
		["no iat", () => ({ iat: undefined })],
		["an iat in the future", () => ({ iat: now() + 3600, exp: now() + 7200 })],
		["no sub", () => ({ sub: undefined })],
		["a number for sub", () => ({ sub: 7 })],
		["a huge sub", () => ({ sub: "x".repeat(600) })],
	];
	test.each(refused)("with %s are refused", async (_name, claims) => {
		const verifying = provider.verifyIdToken(await idToken(claims()), "n");
		await expect(verifying).rejects.toMatchObject({ code: "unauthenticated" });
	});

	test("signed by somebody else, or with something else, are refused", async () => {
		const hmac = await new SignJWT({ iss: issuer, aud: "client", sub: "u1", nonce: "n" })
			.setProtectedHeader({ alg: "HS256", kid: "k1" })
			.setIssuedAt(now())
			.setExpirationTime(now() + 600)
			.sign(Buffer.from(JSON.stringify(keys[0]?.jwk)));
		const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await idToken()).split(".")[1]}.`;
		for (const token of [
			await idToken({}, {}, other),
			hmac,
			unsigned,
			"",
			"a.b.c",
			"x".repeat(100_000),
		]) {
			await expect(provider.verifyIdToken(token, "n")).rejects.toMatchObject({
				code: "unauthenticated",
			});
		}
	});

	test("in another algorithm than the provider says are refused", async () => {
		idp.metadata.id_token_signing_alg_values_supported = ["ES256"];
		await expect(provider.verifyIdToken(await idToken(), "n")).rejects.toMatchObject({
			code: "unauthenticated",
		});
	});

	test("keys of the provider change, and the old ones stop counting", async () => {
		await provider.verifyIdToken(await idToken(), "n");
		idp.published = [keys[1]?.jwk as JWK];
		await clock.advance(limits.providerKeysRecheckMs + 1);
		const rotated = await idToken({}, { kid: "k2" }, keys[1]);
		expect((await provider.verifyIdToken(rotated, "n")).identity.subject).toEndWith(":u1");
		await expect(provider.verifyIdToken(await idToken(), "n")).rejects.toMatchObject({
			code: "unauthenticated",
		});
	});

	test("unknown keys do not make us ask the provider all the time", async () => {
		await provider.verifyIdToken(await idToken(), "n");
		const before = idp.asked.length;
		for (let index = 0; index < 20; index++) {
			const token = await idToken({}, { kid: `unknown${index}` }, other);
			await provider.verifyIdToken(token, "n").catch(() => undefined);
		}
		expect(idp.asked.length - before).toBeLessThanOrEqual(1);
	});

	test("the provider may be down when we start, and for a while later", async () => {
		idp.isDown = true;
		const down = provider.verifyIdToken(await idToken(), "n");
		await expect(down).rejects.toMatchObject({ code: "provider_unavailable" });
		expect((await provider.view()).endpoints).toBeNull();
		idp.isDown = false;
		await clock.advance(limits.discoveryRetryMs);
		expect((await provider.verifyIdToken(await idToken(), "n")).identity).toBeDefined();
		idp.isDown = true;
		await clock.advance(limits.discoveryFreshMs);
		expect((await provider.verifyIdToken(await idToken(), "n")).identity).toBeDefined();
	});

	test("a discovery that names another issuer, or addresses on this machine, is not believed", async () => {
		idp.metadata.issuer = "https://evil.example";
		await expect(provider.verifyIdToken(await idToken(), "n")).rejects.toMatchObject({
			code: "provider_unavailable",
		});
		idp.metadata.issuer = issuer;
		for (const jwks of [
			"http://127.0.0.1:9/jwks",
			"file:///etc/passwd",
			"http://idp.example.com/jwks",
			7,
		]) {
			idp.metadata.jwks_uri = jwks;
			await clock.advance(limits.discoveryRetryMs);
			await expect(provider.verifyIdToken(await idToken(), "n")).rejects.toMatchObject({
				code: "provider_unavailable",
			});
		}
		expect(idp.asked.every((url) => url.startsWith(issuer))).toBe(true);
	});

	test("an issuer with a slash at the end is the one without in the configuration", async () => {
		idp.metadata.issuer = `${issuer}/`;
		const token = await idToken({ iss: `${issuer}/` });
		expect((await provider.verifyIdToken(token, "n")).identity.subject).toBe(
			"oidc:idp.example.com:u1",
		);
		await expect(provider.verifyIdToken(await idToken(), "n")).rejects.toMatchObject({
			code: "unauthenticated",
		});
	});

	test("addresses that the operator sets replace discovery", async () => {
		const fixed = new OidcProvider(
			{ fetch: idp.fetch, clock },
			{
				...config,
				authorizationUrl: `${issuer}/a`,
				tokenUrl: `${issuer}/t`,
				jwksUrl: `${issuer}/jwks`,
			},
		);
		await fixed.verifyIdToken(await idToken(), "n");
		expect(idp.asked).toEqual([`${issuer}/jwks`]);
	});
});

describe("what the claims say", () => {
	test.each([
		["unverified", { email: "a@example.com", email_verified: false }, null],
		["of which nothing is said", { email: "a@example.com" }, null],
		["verified as a text", { email: "a@example.com", email_verified: "true" }, "a@example.com"],
		["that is none", { email: "alice", email_verified: true }, null],
		["with a line break", { email: "a@example.com\nb", email_verified: true }, null],
		["that is a list", { email: ["a@example.com"], email_verified: true }, null],
	])("an e-mail address %s", async (_name, claims, email) => {
		expect((await identityOf(claims)).email).toBe(email);
	});

	test("an e-mail address of which nothing is said may be trusted, an unverified one never", async () => {
		provider = new OidcProvider({ fetch: idp.fetch, clock }, { ...config, isEmailTrusted: true });
		expect((await identityOf({ email: "a@example.com" })).email).toBe("a@example.com");
		expect((await identityOf({ email: "a@example.com", email_verified: false })).email).toBeNull();
	});

	test.each([
		["absent", {}, []],
		["null", { groups: null }, []],
		["one text", { groups: "dev" }, ["dev"]],
		["a list", { groups: ["dev", "ops"] }, ["dev", "ops"]],
		["an object", { groups: { dev: true } }, []],
	])("groups: %s", async (_name, claims, groups) => {
		expect((await identityOf(claims)).groups).toEqual(groups);
	});

	test.each([
		["too many", { groups: Array.from({ length: 10_000 }, (_, index) => `g${index}`) }],
		["left out because they are many", { _claim_names: { groups: "src1" } }],
		["with one that is no text", { groups: ["dev", 7] }],
		["with an overlong one", { groups: ["x".repeat(300)] }],
	])("groups that cannot be told completely refuse the login: %s", async (_name, claims) => {
		await expect(identityOf(claims)).rejects.toMatchObject({ code: "unauthenticated" });
	});

	test("groups in a claim with another name, or inside of one", async () => {
		const withClaim = (groupsClaim: string) =>
			new OidcProvider({ fetch: idp.fetch, clock }, { ...config, groupsClaim });
		provider = withClaim("realm_access.roles");
		expect((await identityOf({ realm_access: { roles: ["r"] } })).groups).toEqual(["r"]);
		provider = withClaim("https://example.com/groups");
		expect((await identityOf({ "https://example.com/groups": ["g"] })).groups).toEqual(["g"]);
		provider = withClaim("__proto__.x");
		expect((await identityOf({})).groups).toEqual([]);
	});
});

describe("the code exchange", () => {
	const code = { code: "c", redirectUri: "https://taco.example.com/cb", verifier: "v", nonce: "n" };

	test("proves itself in the header, and in the form where that is refused", async () => {
		const token = await idToken();
		const withSecret = new OidcProvider(
			{ fetch: idp.fetch, clock },
			{ ...config, clientId: "client", clientSecret: "s&cret" },
		);
		const seen: string[] = [];
		idp.tokenAnswer = (form, headers) => {
			const basic = headers.get("authorization");
			seen.push(basic === null ? `form ${form.get("client_secret")}` : "header");
			return basic === null
				? Response.json({ id_token: token })
				: Response.json({ error: "invalid_client" }, { status: 401 });
		};
		expect((await withSecret.exchangeCode(code)).subject).toEndWith(":u1");
		expect(seen).toEqual(["header", "form s&cret"]);
	});

	test.each([
		[
			"a refusal",
			() => Response.json({ error: "invalid_grant" }, { status: 400 }),
			"unauthenticated",
		],
		["no ID token", () => Response.json({ access_token: "x" }), "unauthenticated"],
		["no JSON", () => new Response("<html>", { status: 200 }), "provider_unavailable"],
		["a redirect", () => Response.redirect("https://evil.example/", 307), "provider_unavailable"],
	])("%s", async (_name, answer, expected) => {
		idp.tokenAnswer = answer;
		await expect(provider.exchangeCode(code)).rejects.toMatchObject({ code: expected });
	});

	test("WorkOS answers the user instead of an ID token, at addresses that are known", async () => {
		const workos = new OidcProvider(
			{ fetch: idp.fetch, clock },
			{
				...config,
				issuer: "https://api.workos.com/user_management",
				clientId: "client_1",
				clientSecret: "sk",
			},
		);
		idp.tokenAnswer = (form) =>
			Response.json({
				user: { id: "user_01", email: "a@example.com", email_verified: true },
				secret: form.get("client_secret"),
			});
		expect(await workos.exchangeCode(code)).toEqual({
			subject: "oidc:api.workos.com/user_management:user_01",
			email: "a@example.com",
			groups: [],
		});
		expect(idp.asked).toEqual(["https://api.workos.com/user_management/authenticate"]);
		const url = await workos.authorizationUrl({
			...{ redirectUri: "https://x/cb", state: "s", nonce: "n", challenge: "c", isFresh: true },
		});
		expect(url).toStartWith("https://api.workos.com/user_management/authorize?");
		expect(new URL(url).searchParams.get("prompt")).toBe("login");
	});
});

describe("trading ID tokens", () => {
	test("a person's counts once, and somebody's with the same name elsewhere is somebody else", async () => {
		const opened = openShared();
		clock = opened.clock;
		const server = await openServer(opened.shared, { provider: config }, idp.fetch);
		const token = await idToken({ email: "a@example.com", email_verified: true });
		const pair = await server.exchange.exchange(token, "n");
		expect((await server.logins.verify(pair.accessToken))?.email).toBe("a@example.com");
		const again = server.exchange.exchange(token, "n");
		await expect(again).rejects.toMatchObject({ code: "unauthenticated" });
	});

	test("without a provider nothing is taken", async () => {
		const server = await openServer(openShared().shared);
		const trading = server.exchange.exchange(await idToken(), null);
		await expect(trading).rejects.toMatchObject({ code: "unauthenticated" });
	});
});

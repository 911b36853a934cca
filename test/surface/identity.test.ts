/** Logging in over HTTP from beginning to end, on two servers with one store. */
import { describe, expect, test } from "bun:test";
import { challengeOf } from "../../src/auth/oauth/pkce.ts";
import { limits } from "../../src/core/limits.ts";
import { decideAdminOnly } from "../../src/core/rbac/grant.ts";
import { systemClock } from "../../src/server/machine.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { HeadlessBrowser } from "../support/openid-provider.ts";
import { adminToken, basic, createTestApp, type TestApp } from "./test-app.ts";

const origin = "http://taco.test";
const verifier = "v".repeat(64);
const redirectUri = "http://localhost:10001/login";
const password = { username: "alice@example.com", password: "CANARY-a-password" };
const formType = { "content-type": "application/x-www-form-urlencoded" };

function pairOfServers(): [TestApp, TestApp] {
	const store = new MemoryStore(systemClock);
	const decide = decideAdminOnly;
	return [createTestApp({ store, decide }), createTestApp({ store, decide })];
}

async function createAlice(app: TestApp): Promise<void> {
	const body = JSON.stringify({ name: password.username, password: password.password });
	expect((await app.send("POST", "/v1/auth/users", { body })).status).toBe(201);
}

/** A browser whose requests go to the servers in turn: no server may need what another one knows. */
function browserAt(...apps: readonly TestApp[]): HeadlessBrowser {
	let turn = 0;
	return new HeadlessBrowser({
		stopAt: (url) => url.startsWith("http://localhost:10001/"),
		fetch: async (url, init) => {
			const app = apps[turn++ % apps.length] as TestApp;
			return await app.app.fetch(new Request(url, init));
		},
	});
}

async function logIn(
	apps: readonly TestApp[],
	clientId = "terraform-cli",
	proof: Readonly<Record<string, string>> = password,
): Promise<Record<string, unknown>> {
	const browser = browserAt(...apps);
	const query = new URLSearchParams({
		client_id: clientId,
		response_type: "code",
		redirect_uri: redirectUri,
		code_challenge: challengeOf(verifier),
		code_challenge_method: "S256",
		state: "the state",
	});
	const page = await browser.open(`${origin}/oauth/authorization?${query}`);
	const consent = await browser.submit(page, "/oauth/login", proof);
	expect(consent.body).toContain("Allow access?");
	const end = new URL((await browser.submit(consent, "/oauth/consent", { decision: "allow" })).url);
	expect(end.searchParams.get("state")).toBe("the state");
	const body = new URLSearchParams({
		grant_type: "authorization_code",
		client_id: clientId,
		code: end.searchParams.get("code") ?? "",
		code_verifier: verifier,
		redirect_uri: redirectUri,
	}).toString();
	const response = await (apps.at(-1) as TestApp).send("POST", "/oauth/token", {
		body,
		headers: formType,
		as: "nobody",
	});
	expect(response.headers.get("cache-control")).toBe("no-store");
	expect(response.status).toBe(200);
	return (await response.json()) as Record<string, unknown>;
}

const bearer = (token: unknown) => ({ headers: { authorization: `Bearer ${String(token)}` } });

async function subjectAt(app: TestApp, token: unknown): Promise<string> {
	const response = await app.send("GET", "/v1/auth/me", bearer(token));
	if (response.status !== 200) return String(response.status);
	return ((await response.json()) as { subject: string }).subject;
}

describe("two servers on one store", () => {
	test("a login at one opens the other, on every surface that takes tokens", async () => {
		const [a, b] = pairOfServers();
		await createAlice(a);
		const answer = await logIn([a, b]);
		expect(answer.token).toBe(answer.access_token as string);
		for (const app of [a, b]) {
			expect(await subjectAt(app, answer.access_token)).toBe("user:alice@example.com");
			const authorization = basic(String(answer.access_token));
			const state = await app.send("GET", "/v1/backend/app/x", { headers: { authorization } });
			// Let in, and not told of a unit that the user may not see.
			expect(state.status).not.toBe(401);
		}
	});

	test("the admin token logs in as the admin", async () => {
		const [a, b] = pairOfServers();
		const answer = await logIn([a], "terraform-cli", { token: adminToken });
		expect(await subjectAt(b, answer.access_token)).toBe("admin");
	});

	test("a login is renewed at the other server, ended by a second use, and revoked", async () => {
		const [a, b] = pairOfServers();
		await createAlice(a);
		const first = await logIn([a], "taco");
		const renew = (app: TestApp, token: unknown) =>
			app.send("POST", "/v1/auth/token", {
				body: JSON.stringify({ refresh_token: token }),
				as: "nobody",
			});
		const renewed = await renew(b, first.refresh_token);
		expect(renewed.headers.get("cache-control")).toBe("no-store");
		const second = (await renewed.json()) as Record<string, unknown>;
		expect(await subjectAt(a, second.access_token)).toBe("user:alice@example.com");
		expect((await renew(b, first.refresh_token)).status).toBe(401);
		expect(await subjectAt(b, second.access_token)).toBe("401");

		const other = await logIn([b], "taco");
		expect((await b.send("POST", "/v1/auth/logout", bearer(other.access_token))).status).toBe(200);
		expect(await subjectAt(b, other.access_token)).toBe("401");
		expect((await renew(b, other.refresh_token)).status).toBe(401);

		const third = await logIn([b], "taco");
		const body = JSON.stringify({ refresh_token: third.refresh_token });
		await b.send("POST", "/v1/auth/revoke", { body, as: "nobody" });
		expect(await subjectAt(b, third.access_token)).toBe("401");
	});

	test("an API token that is logged out is revoked", async () => {
		const [a] = pairOfServers();
		await createAlice(a);
		const { access_token: token } = await logIn([a]);
		expect((await a.send("POST", "/v1/auth/logout", bearer(token))).status).toBe(200);
		expect(await subjectAt(a, token)).toBe("401");
	});

	test("people make, list and revoke their own tokens, and a narrowed one makes none", async () => {
		const [a, b] = pairOfServers();
		await createAlice(a);
		const { access_token: login } = await logIn([a]);
		const make = (token: unknown, body: object) =>
			a.send("POST", "/v1/auth/tokens", { ...bearer(token), body: JSON.stringify(body) });
		const made = (await (await make(login, { name: "ci", units: ["dev/*"] })).json()) as {
			id: string;
			token: string;
		};
		expect(await subjectAt(b, made.token)).toBe("user:alice@example.com");
		expect((await make(made.token, { name: "wider" })).status).toBe(403);
		expect((await make(login, { name: "svc", service: true })).status).toBe(403);
		const short = (await (await make(login, { name: "s", ttl_seconds: 60 })).json()) as typeof made;
		const long = await (await make(short.token, { name: "l", ttl_seconds: 6000 })).json();
		const end = Date.parse((long as { expires: string }).expires);
		expect(end).toBeLessThan(systemClock.now() + 61_000);
		const list = await (await b.send("GET", "/v1/auth/tokens", bearer(login))).text();
		expect(list).toContain(made.id);
		const path = `/v1/auth/tokens/otc_tfe_${made.id}`;
		expect((await b.send("DELETE", path, bearer(login))).status).toBe(204);
		expect(await subjectAt(b, made.token)).toBe("401");
	});

	test("nothing secret is logged", async () => {
		const [a] = pairOfServers();
		await createAlice(a);
		const tfe = await logIn([a]);
		const own = await logIn([a], "taco");
		const log = a.log.join("");
		for (const secret of [tfe.access_token, own.access_token, own.refresh_token, adminToken]) {
			expect(log).not.toContain(String(secret));
		}
		expect(log).not.toContain("CANARY");
		expect(log).not.toContain("code=");
	});

	test("the token endpoint slows down who tries too often", async () => {
		const [a] = pairOfServers();
		let status = 0;
		for (let index = 0; index <= limits.tokenTriesMax; index++) {
			const response = await a.send("POST", "/v1/auth/token", {
				body: '{"refresh_token":"x"}',
				as: "nobody",
			});
			status = response.status;
			if (status === 429) expect(response.headers.get("retry-after")).toMatch(/^\d+$/);
		}
		expect(status).toBe(429);
	});

	test("errors of the token endpoint are those of OAuth", async () => {
		const [a] = pairOfServers();
		const response = await a.send("POST", "/oauth/token", {
			body: "grant_type=password",
			headers: formType,
			as: "nobody",
		});
		expect(response.status).toBe(400);
		expect(await response.json()).toEqual({
			error: "unsupported_grant_type",
			error_description: "Only authorization_code is supported",
		});
		const wrong = await a.send("POST", "/oauth/token", { body: "{}", as: "nobody" });
		expect(wrong.status).toBe(400);
	});
});

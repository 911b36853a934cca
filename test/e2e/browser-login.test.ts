/** Logging in with a real browser: what scripts that follow redirects do not see, above all the pages' policies. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Browser, chromiumOrSkip, startChromium } from "../support/chromium.ts";
import { freePort } from "../support/foreign-s3.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../support/openid-provider.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";
import { until } from "../support/until.ts";

const has = chromiumOrSkip("logins with a real browser");
const verifier = "v".repeat(64);
const password = "correct horse battery staple";

let folder: TemporaryDirectory;
let provider: OpenIdProvider;
let server: RunningServer;
/** Other sites of the provider, as federated logins have them: each sends the browser on. */
let sites: Bun.Server<undefined>[];
/** The program that waits for its code, as terraform does. */
let waiting: Bun.Server<undefined>;
let arrived: URL[] = [];

function redirecting(target: (url: URL) => string): Bun.Server<undefined> {
	return Bun.serve({
		hostname: "127.0.0.1",
		port: 0,
		fetch: (request) => Response.redirect(target(new URL(request.url)), 303),
	});
}

function listen(): Bun.Server<undefined> {
	for (let port = 10_010; port >= 10_000; port--) {
		try {
			return Bun.serve({
				hostname: "127.0.0.1",
				port,
				fetch(request) {
					const url = new URL(request.url);
					if (url.pathname === "/login") arrived.push(url);
					return new Response("You may close this window.");
				},
			});
		} catch {
			// Another test has it.
		}
	}
	throw new Error("no port is free for the login's end");
}

beforeAll(async () => {
	if (!has) return;
	folder = await temporaryDirectory("browser");
	waiting = listen();
	const port = await freePort();
	provider = await startOpenIdProvider({
		clientSecret: "a secret of these tests",
		redirectUris: [`http://localhost:${port}/oauth/oidc-callback`],
		accounts: { bob: { email: "bob@example.com", email_verified: true } },
	});
	const second = redirecting(({ search }) => `${provider.issuer}/auth${search}`);
	const first = redirecting(({ search }) => `http://127.0.0.1:${second.port}/federated${search}`);
	sites = [first, second];
	server = await startServer({
		cwd: folder.path,
		port,
		env: {
			OPENTACO_PUBLIC_BASE_URL: `http://localhost:${port}`,
			OPENTACO_AUTH_ISSUER: provider.issuer,
			OPENTACO_AUTH_CLIENT_ID: provider.clientId,
			OPENTACO_AUTH_CLIENT_SECRET: "a secret of these tests",
			OPENTACO_AUTH_AUTH_URL: `http://127.0.0.1:${first.port}/authorize`,
			OPENTACO_AUTH_TOKEN_URL: `${provider.issuer}/token`,
			OPENTACO_AUTH_JWKS_URL: `${provider.issuer}/jwks`,
			OPENTACO_LOCAL_LOGIN: "true",
		},
	});
	const made = await fetch(`${server.url}/v1/auth/users`, {
		method: "POST",
		headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
		body: JSON.stringify({ name: "alice@example.com", password }),
	});
	expect(made.status).toBe(201);
}, 60_000);

afterAll(async () => {
	for (const site of sites ?? []) await site.stop(true);
	await waiting?.stop(true);
	await server?.kill();
	await provider?.stop();
	await folder?.remove();
});

const redirectUri = () => `http://localhost:${waiting.port}/login`;

async function begin(): Promise<Browser> {
	arrived = [];
	const browser = await startChromium();
	const query = new URLSearchParams({
		client_id: "terraform-cli",
		response_type: "code",
		redirect_uri: redirectUri(),
		code_challenge: new Bun.CryptoHasher("sha256").update(verifier).digest("base64url"),
		code_challenge_method: "S256",
		state: "of this login",
	});
	await browser.open(`${server.url}/oauth/authorization?${query}`);
	return browser;
}

async function arrival(browser: Browser): Promise<URL> {
	try {
		await until(() => arrived.length > 0);
	} catch {
		const said = browser.complaints.join("\n");
		throw new Error(`the login did not end: ${await browser.address()}\n${said}`);
	}
	return arrived[0] as URL;
}

/** What the program does with its code, and who its token then speaks for. */
async function subjectOf(end: URL): Promise<string> {
	expect(end.searchParams.get("state")).toBe("of this login");
	const form = new URLSearchParams({
		grant_type: "authorization_code",
		client_id: "terraform-cli",
		code: end.searchParams.get("code") ?? "",
		code_verifier: verifier,
		redirect_uri: redirectUri(),
	});
	const response = await fetch(`${server.url}/oauth/token`, { method: "POST", body: form });
	const { access_token: token } = (await response.json()) as { access_token: string };
	const headers = { authorization: `Bearer ${token}` };
	const me = (await (await fetch(`${server.url}/v1/auth/me`, { headers })).json()) as {
		subject: string;
		email?: string;
	};
	return me.email ?? me.subject;
}

describe.skipIf(!has)("a person at a browser", () => {
	test("logs in with a password, after a wrong one, and sees a page that is styled", async () => {
		await using browser = await begin();
		await browser.fill("#username", "alice@example.com");
		await browser.fill("#password", "not this one");
		await browser.click("form:has(#password) button");
		await browser.see(".problem");
		expect(await browser.text()).toContain("User name or password is not right.");
		await browser.fill("#username", "alice@example.com");
		await browser.fill("#password", password);
		await browser.click("form:has(#password) button");
		await browser.see("[value=allow]");
		expect(await browser.text()).toContain("alice@example.com");
		await browser.click("[value=allow]");
		expect(await subjectOf(await arrival(browser))).toBe("alice@example.com");
		// The wrong password's 401 is one; a blocked style or form would be another.
		expect(browser.complaints.filter((text) => !text.includes("401"))).toEqual([]);
	}, 60_000);

	test("logs in at the identity provider, whose login leads over several sites", async () => {
		await using browser = await begin();
		await browser.click('form[action="/oauth/provider"] button');
		await browser.fill("input[name=login]", "bob");
		await browser.fill("input[name=password]", "any");
		await browser.click("button[type=submit]");
		await browser.see("input[name=prompt][value=consent]");
		await browser.click("button[type=submit]");
		await browser.see("[value=allow]");
		expect(await browser.text()).toContain("bob@example.com");
		await browser.click("[value=allow]");
		expect(await subjectOf(await arrival(browser))).toBe("bob@example.com");
	}, 60_000);

	test("cancels, and the program learns it", async () => {
		await using browser = await begin();
		await browser.click("summary");
		await browser.fill("#token", adminToken);
		await browser.click("form:has(#token) button");
		await browser.click("[value=deny]");
		const end = await arrival(browser);
		expect(end.searchParams.get("error")).toBe("access_denied");
		expect(end.searchParams.has("code")).toBe(false);
	}, 60_000);
});

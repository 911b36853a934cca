/** The whole login with a real OpenID provider, and a browser without a screen. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Step, Visit } from "../../../src/auth/oauth/authorization-flow.ts";
import { challengeOf } from "../../../src/auth/oauth/pkce.ts";
import type { ProviderConfig } from "../../../src/auth/oidc/provider.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { realClock } from "../../support/core.ts";
import {
	HeadlessBrowser,
	type OpenIdProvider,
	startOpenIdProvider,
} from "../../support/openid-provider.ts";
import { openServer, sharedOver } from "./identities.ts";

const baseUrl = "http://taco.test";
const verifier = "v".repeat(64);
const accounts = {
	alice: { email: "Alice@Example.com", email_verified: true, groups: ["dev", "ops"] },
	mallory: { email: "alice@example.com", email_verified: false, groups: [] },
};
const visit: Visit = {
	browser: "b".repeat(43),
	clientAddress: "192.0.2.1",
	requestId: "r",
	baseUrl,
};
let idp: OpenIdProvider;

const providerOptions = {
	clientSecret: "a secret of this test",
	redirectUris: [`${baseUrl}/oauth/oidc-callback`],
	accounts,
};

beforeAll(async () => {
	idp = await startOpenIdProvider(providerOptions);
});

afterAll(async () => {
	await idp.stop();
});

function configOf(issuer: string): ProviderConfig {
	return {
		issuer,
		clientId: "opentaco",
		clientSecret: providerOptions.clientSecret,
		authorizationUrl: null,
		tokenUrl: null,
		jwksUrl: null,
		scopes: "openid profile email",
		groupsClaim: "groups",
		isEmailTrusted: false,
	};
}

async function openWithProvider(issuer = idp.issuer) {
	const shared = sharedOver(new MemoryStore(realClock), realClock);
	return await openServer(shared, { provider: configOf(issuer), isLocalLogin: false }, fetch);
}

type Server = Awaited<ReturnType<typeof openWithProvider>>;

/** As far as the consent page. */
async function logIn(server: Server, account: string): Promise<{ step: Step; callback: URL }> {
	const start = await server.flow.start(
		visit,
		new URLSearchParams({
			client_id: "terraform-cli",
			response_type: "code",
			redirect_uri: "http://localhost:10000/login",
			code_challenge: challengeOf(verifier),
			code_challenge_method: "S256",
			state: "s",
		}),
	);
	if (start.kind !== "redirect") throw new Error(start.page.html);
	const browser = new HeadlessBrowser({ stopAt: (url) => url.startsWith(baseUrl) });
	const end = await browser.logInAtProvider(await browser.open(start.url), idp.issuer, account);
	const callback = new URL(end.url);
	return { step: await server.flow.callback(visit, callback.searchParams), callback };
}

async function finish(server: Server, step: Step): Promise<string> {
	if (step.kind !== "page") throw new Error("no consent page");
	const flow = /name="flow" value="([^"]*)"/.exec(step.page.html)?.[1] ?? "";
	const end = await server.flow.consent(visit, new URLSearchParams({ flow, decision: "allow" }));
	if (end.kind !== "redirect") throw new Error(end.page.html);
	const answer = await server.tokenEndpoint.exchange(
		new URLSearchParams({
			grant_type: "authorization_code",
			client_id: "terraform-cli",
			code: new URL(end.url).searchParams.get("code") ?? "",
			code_verifier: verifier,
			redirect_uri: "http://localhost:10000/login",
		}),
		"request",
	);
	return answer.access_token;
}

describe("a real OpenID provider", () => {
	test("logs a person in, with address and groups", async () => {
		const server = await openWithProvider();
		const { step } = await logIn(server, "alice");
		expect(step.kind === "page" && step.page.html).toContain("alice@example.com");
		const token = await finish(server, step);
		expect(await server.tokens.verify(token)).toMatchObject({
			id: `oidc:${new URL(idp.issuer).host}:alice`,
			email: "alice@example.com",
			groups: ["dev", "ops"],
		});
	});

	test("an address that is not verified is not believed", async () => {
		const server = await openWithProvider();
		const { step } = await logIn(server, "mallory");
		expect(step.kind === "page" && step.page.html).not.toContain("alice@example.com");
		const principal = await server.tokens.verify(await finish(server, step));
		expect(principal?.id).toEndWith(":mallory");
		expect(principal?.email).toBeUndefined();
	});

	test("the callback counts once, in its own browser, with its own state", async () => {
		const server = await openWithProvider();
		const { callback } = await logIn(server, "alice");
		const refused = { kind: "page", page: { status: 400 } };
		expect(await server.flow.callback(visit, callback.searchParams)).toMatchObject(refused);
		const other = { ...visit, browser: "c".repeat(43) };
		expect(await server.flow.callback(other, callback.searchParams)).toMatchObject(refused);
		callback.searchParams.set("state", "x");
		expect(await server.flow.callback(visit, callback.searchParams)).toMatchObject(refused);
	});

	test("need not be there when the server starts", async () => {
		const early = await startOpenIdProvider(providerOptions);
		await early.stop();
		const server = await openWithProvider(early.issuer);
		expect((await server.provider?.view())?.endpoints).toBeNull();
		const late = await startOpenIdProvider({ ...providerOptions, port: early.port });
		try {
			// The pause after a failure is over when another server asks for the first time.
			const view = await (await openWithProvider(late.issuer)).provider?.view();
			expect(view?.endpoints?.jwks).toStartWith(late.issuer);
		} finally {
			await late.stop();
		}
	});
});

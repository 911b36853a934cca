import { describe, expect, test } from "bun:test";
import type { Identities } from "../../../src/auth/identity.ts";
import type { Step, Visit } from "../../../src/auth/oauth/authorization-flow.ts";
import { challengeOf } from "../../../src/auth/oauth/pkce.ts";
import { ownGrant } from "../../../src/auth/shared-state.ts";
import { limits } from "../../../src/core/limits.ts";
import { redirectCorpus } from "../../fixtures/redirect-uris.ts";
import { realClock } from "../../support/core.ts";
import { adminToken, openServer, openShared, sharedOver } from "./identities.ts";

const verifier = "v".repeat(64);
const redirectUri = "http://localhost:10003/login";
const browser = "b".repeat(43);
const visit: Visit = { browser, clientAddress: "192.0.2.1", requestId: "r", baseUrl: null };

function query(changes: Readonly<Record<string, string | null>> = {}): URLSearchParams {
	const parameters = {
		client_id: "terraform-cli",
		response_type: "code",
		redirect_uri: redirectUri,
		code_challenge: challengeOf(verifier),
		code_challenge_method: "S256",
		state: "the-state",
		...changes,
	};
	const given = Object.entries(parameters).filter(([, value]) => value !== null);
	return new URLSearchParams(given as [string, string][]);
}

function flowField(step: Step): string {
	if (step.kind !== "page") throw new Error(`a redirect to ${step.url}`);
	return /name="flow" value="([^"]*)"/.exec(step.page.html)?.[1] ?? "";
}

function form(fields: Readonly<Record<string, string>>): URLSearchParams {
	return new URLSearchParams(fields);
}

async function withAlice(server: Identities) {
	const grant = await ownGrant({
		principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
		surface: "management",
		requestId: "r",
	});
	await server.users.create(grant, {
		name: "alice@example.com",
		password: "correct horse",
		groups: [],
	});
	return grant;
}

const password = { username: "alice@example.com", password: "correct horse" };

/** Logs in and agrees; gives the address that the browser is sent to. */
async function agree(
	server: Identities,
	changes: Readonly<Record<string, string | null>> = {},
	proof: Readonly<Record<string, string>> = password,
): Promise<URL> {
	const start = await server.flow.start(visit, query(changes));
	const consent = await server.flow.login(visit, form({ flow: flowField(start), ...proof }));
	const end = await server.flow.consent(
		visit,
		form({ flow: flowField(consent), decision: "allow" }),
	);
	if (end.kind !== "redirect") throw new Error(end.page.html);
	return new URL(end.url);
}

function tokenForm(code: string, changes: Readonly<Record<string, string>> = {}): URLSearchParams {
	return form({
		grant_type: "authorization_code",
		client_id: "terraform-cli",
		code,
		code_verifier: verifier,
		redirect_uri: redirectUri,
		...changes,
	});
}

describe("the whole way", () => {
	test("terraform gets an opaque token of the user", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const back = await agree(server);
		expect(back.origin + back.pathname).toBe(redirectUri);
		expect(back.searchParams.get("state")).toBe("the-state");
		const code = back.searchParams.get("code") ?? "";
		const answer = await server.tokenEndpoint.exchange(tokenForm(code), "request");
		expect(answer.token).toBe(answer.access_token);
		expect(answer.expires_in).toBeUndefined();
		expect(answer.access_token).toStartWith("otc_tfe_");
		expect(await server.tokens.verify(answer.access_token)).toMatchObject({
			id: "user:alice@example.com",
			email: "alice@example.com",
		});
	});

	test("each step may be another server", async () => {
		const { shared } = openShared();
		const [one, two] = [await openServer(shared), await openServer(shared)];
		const [three, four] = [await openServer(shared), await openServer(shared)];
		await withAlice(one);
		const start = await one.flow.start(visit, query());
		const consent = await two.flow.login(visit, form({ flow: flowField(start), ...password }));
		const end = await three.flow.consent(
			visit,
			form({ flow: flowField(consent), decision: "allow" }),
		);
		const code = end.kind === "redirect" ? new URL(end.url).searchParams.get("code") : "";
		const answer = await four.tokenEndpoint.exchange(tokenForm(code ?? ""), "request");
		expect(await one.tokens.verify(answer.access_token)).not.toBeNull();
	});

	test("the admin token logs in as admin", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		const back = await agree(server, {}, { token: adminToken });
		const code = back.searchParams.get("code") ?? "";
		const answer = await server.tokenEndpoint.exchange(tokenForm(code), "request");
		expect(await server.tokens.verify(answer.access_token)).toMatchObject({
			id: "admin",
			roles: ["admin"],
		});
	});

	test("taco gets a login that can be renewed", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const back = await agree(server, { client_id: "taco" });
		const code = back.searchParams.get("code") ?? "";
		const answer = await server.tokenEndpoint.exchange(tokenForm(code, { client_id: "taco" }), "r");
		expect(answer.token).toBeUndefined();
		expect(answer.expires_in).toBe(3600);
		expect(await server.logins.verify(answer.access_token)).not.toBeNull();
		expect(await server.logins.refresh(answer.refresh_token ?? "")).toBeDefined();
	});

	test("OPENTACO_TERRAFORM_TOKEN_TTL ends the token", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared, { terraformTokenMs: 60_000 });
		await withAlice(server);
		const code = (await agree(server)).searchParams.get("code") ?? "";
		const answer = await server.tokenEndpoint.exchange(tokenForm(code), "request");
		expect(answer.expires_in).toBe(60);
		await clock.advance(60_000);
		expect(await server.tokens.verify(answer.access_token)).toBeNull();
	});

	test("the user may say no", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const start = await server.flow.start(visit, query());
		const consent = await server.flow.login(visit, form({ flow: flowField(start), ...password }));
		const end = await server.flow.consent(
			visit,
			form({ flow: flowField(consent), decision: "deny" }),
		);
		expect(end.kind === "redirect" && new URL(end.url).searchParams.get("error")).toBe(
			"access_denied",
		);
		const again = await server.flow.consent(
			visit,
			form({ flow: flowField(consent), decision: "allow" }),
		);
		expect(again).toMatchObject({ kind: "page", page: { status: 400 } });
	});
});

describe("what a program may ask for", () => {
	test.each([...redirectCorpus.refused])("not a redirect to %j", async (uri) => {
		const server = await openServer(openShared().shared);
		const step = await server.flow.start(visit, query({ redirect_uri: uri }));
		expect(step).toMatchObject({ kind: "page", page: { status: 400 } });
		const problem = step.kind === "page" ? step.page.html : "";
		expect(problem).toContain(uri === "" ? "Missing redirect_uri" : "Invalid redirect_uri");
		if (uri.length > 30) expect(problem).not.toContain(uri);
	});

	test.each([
		["no client", { client_id: null }, "Invalid client_id"],
		["a strange client", { client_id: "<script>" }, "Invalid client_id"],
		["another response type", { response_type: "token" }, "Invalid response_type"],
		["no challenge", { code_challenge: null }, "PKCE required"],
		["the plain method", { code_challenge_method: "plain" }, "PKCE required"],
		["no method", { code_challenge_method: null }, "PKCE required"],
		["a short challenge", { code_challenge: "abc" }, "PKCE required"],
		["a huge state", { state: "x".repeat(2000) }, "Invalid state"],
		["a state with a line break", { state: "a\r\nb" }, "Invalid state"],
	])("%s", async (_name, changes, words) => {
		const server = await openServer(openShared().shared);
		const step = await server.flow.start(visit, query(changes));
		expect(step).toMatchObject({ kind: "page", page: { status: 400 } });
		expect(step.kind === "page" && step.page.html).toContain(words);
	});

	test("nothing twice", async () => {
		const server = await openServer(openShared().shared);
		for (const name of ["redirect_uri", "client_id", "code_challenge", "state"]) {
			const twice = query();
			twice.append(name, twice.get(name) ?? "");
			const step = await server.flow.start(visit, twice);
			expect(step.kind === "page" && step.page.html).toContain(`Duplicate ${name}`);
		}
	});
});

describe("what a browser may bring", () => {
	test("a login only continues in the browser in which it began, and only at its own step", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const start = await server.flow.start(visit, query());
		const flow = flowField(start);
		const refused = { kind: "page", page: { status: 400 } };
		const other = { ...visit, browser: "c".repeat(43) };
		expect(await server.flow.login(other, form({ flow, ...password }))).toMatchObject(refused);
		expect(
			await server.flow.login({ ...visit, browser: null }, form({ flow, ...password })),
		).toMatchObject(refused);
		expect(await server.flow.consent(visit, form({ flow, decision: "allow" }))).toMatchObject(
			refused,
		);
		expect(await server.flow.login(visit, form({ flow: "", ...password }))).toMatchObject(refused);
		const consent = flowField(await server.flow.login(visit, form({ flow, ...password })));
		expect(
			await server.flow.consent(other, form({ flow: consent, decision: "allow" })),
		).toMatchObject(refused);
		expect(await server.flow.login(visit, form({ flow: consent, ...password }))).toMatchObject(
			refused,
		);
	});

	test("a consent counts once", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const start = await server.flow.start(visit, query());
		const consent = await server.flow.login(visit, form({ flow: flowField(start), ...password }));
		const fields = form({ flow: flowField(consent), decision: "allow" });
		expect((await server.flow.consent(visit, fields)).kind).toBe("redirect");
		const again = await server.flow.consent(visit, fields);
		expect(again.kind === "page" && again.page.html).toContain("Invalid or expired state");
	});

	test("a login that takes too long has expired", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const start = await server.flow.start(visit, query());
		await clock.advance(limits.loginFlowMs);
		const step = await server.flow.login(visit, form({ flow: flowField(start), ...password }));
		expect(step.kind === "page" && step.page.html).toContain("Invalid or expired state");
	});

	test("wrong passwords are told from right ones and from nothing else, and slow down", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const flow = flowField(await server.flow.start(visit, query()));
		const tryIt = (fields: Readonly<Record<string, string>>) =>
			server.flow.login(visit, form({ flow, ...fields }));
		const wrong = await tryIt({ username: "alice@example.com", password: "wrong" });
		const unknown = await tryIt({ username: "nobody", password: "wrong" });
		expect(wrong).toMatchObject({ kind: "page", page: { status: 401 } });
		expect(wrong).toEqual(unknown);
		expect(await tryIt({ token: "wrong" })).toMatchObject({ kind: "page", page: { status: 401 } });
		for (let index = 0; index < limits.loginTriesMax - 3; index++) {
			await tryIt({ username: `user${index}`, password: "wrong" });
		}
		expect(await tryIt(password)).toMatchObject({ kind: "page", page: { status: 429 } });
		await clock.advance(limits.loginTryRefillMs);
		expect(await tryIt(password)).toMatchObject({ kind: "page", page: { status: 200 } });
	});

	test("pages hold no script, forbid frames, and escape what they show", async () => {
		const server = await openServer(openShared().shared);
		const step = await server.flow.start(visit, query());
		const page = step.kind === "page" ? step.page : null;
		expect(page?.headers["content-security-policy"]).toContain("default-src 'none'");
		expect(page?.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
		expect(page?.html).not.toContain("<script");
	});
});

describe("codes", () => {
	test.each([
		["another client", { client_id: "taco" }, "invalid_grant"],
		["no client", { client_id: "" }, "invalid_client"],
		["another redirect", { redirect_uri: "http://localhost:10004/login" }, "invalid_grant"],
		["a redirect elsewhere", { redirect_uri: "https://evil.example/" }, "invalid_grant"],
		["no verifier", { code_verifier: "" }, "invalid_grant"],
		["another verifier", { code_verifier: "w".repeat(64) }, "invalid_grant"],
		["a short verifier", { code_verifier: "v".repeat(42) }, "invalid_grant"],
		["no code", { code: "" }, "invalid_grant"],
		["another grant", { grant_type: "password" }, "unsupported_grant_type"],
		["no grant", { grant_type: "" }, "unsupported_grant_type"],
	])("are refused with %s", async (_name, changes, error) => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const code = (await agree(server)).searchParams.get("code") ?? "";
		const refused = server.tokenEndpoint.exchange(tokenForm(code, changes), "request");
		await expect(refused).rejects.toMatchObject({ code: error });
		// What is refused does not use the code up.
		expect(await server.tokenEndpoint.exchange(tokenForm(code), "request")).toBeDefined();
	});

	test("a second use revokes what the first one gave", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		for (const client of ["terraform-cli", "taco"]) {
			const back = await agree(server, { client_id: client });
			const fields = tokenForm(back.searchParams.get("code") ?? "", { client_id: client });
			const { access_token: token } = await server.tokenEndpoint.exchange(fields, "request");
			const verify = () =>
				server.authenticator.authenticate({ kind: "bearer", token }, "management");
			expect(await verify()).toMatchObject({ id: "user:alice@example.com" });
			const again = server.tokenEndpoint.exchange(fields, "request");
			await expect(again).rejects.toThrow("Invalid or expired authorization code");
			await expect(verify()).rejects.toMatchObject({ code: "unauthenticated" });
		}
	});

	test("of many uses at once on two servers at most one gets a token, and it does not last", async () => {
		const { store } = openShared();
		const shared = sharedOver(store, realClock);
		const servers = [await openServer(shared), await openServer(shared)] as const;
		await withAlice(servers[0]);
		for (let round = 0; round < 5; round++) {
			const code = (await agree(servers[0])).searchParams.get("code") ?? "";
			const results = await Promise.allSettled(
				Array.from({ length: 6 }, (_, index) =>
					servers[index % 2]?.tokenEndpoint.exchange(tokenForm(code), "request"),
				),
			);
			const won = results.filter((one) => one.status === "fulfilled");
			expect(won.length).toBeLessThanOrEqual(1);
			const late = await openServer(shared);
			for (const one of won) {
				expect(await late.tokens.verify(one.value?.access_token ?? "")).toBeNull();
			}
			expect((await late.tokens.list({ organization: null })).tokens).toEqual([]);
		}
	});

	test("expire", async () => {
		const { shared, clock } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const code = (await agree(server)).searchParams.get("code") ?? "";
		await clock.advance(limits.authorizationCodeMs + limits.clockSkewMaxMs + 1000);
		const late = server.tokenEndpoint.exchange(tokenForm(code), "request");
		await expect(late).rejects.toMatchObject({ code: "invalid_grant" });
	});

	test("nothing twice in the form", async () => {
		const { shared } = openShared();
		const server = await openServer(shared);
		await withAlice(server);
		const fields = tokenForm((await agree(server)).searchParams.get("code") ?? "");
		fields.append("code", "x");
		await expect(server.tokenEndpoint.exchange(fields, "r")).rejects.toMatchObject({
			code: "invalid_request",
		});
	});
});

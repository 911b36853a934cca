/** `taco login` and what follows, with the compiled executable: in a browser, by device, in CI. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { executable, type Outcome } from "../support/executable.ts";
import { freePort } from "../support/foreign-s3.ts";
import {
	HeadlessBrowser,
	type OpenIdProvider,
	startOpenIdProvider,
} from "../support/openid-provider.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

let folder: TemporaryDirectory;
let idp: OpenIdProvider;
let ci: Bun.Server<undefined>;
let ciToken: (claims: Readonly<Record<string, unknown>>) => Promise<string>;
/** Without a provider; and with one, as a public client. */
let local: RunningServer;
let provided: RunningServer;
let callbackPort: number;

beforeAll(async () => {
	folder = await temporaryDirectory();
	callbackPort = await freePort();
	idp = await startOpenIdProvider({
		redirectUris: [`http://127.0.0.1:${callbackPort}/callback`],
		accounts: { bob: { email: "bob@example.com", email_verified: true, groups: ["ops"] } },
	});
	const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
	const jwk = { ...(await exportJWK(publicKey)), kid: "ci", alg: "RS256" };
	ci = Bun.serve({
		hostname: "127.0.0.1",
		port: 0,
		async fetch(request) {
			const url = new URL(request.url);
			const issuer = `http://127.0.0.1:${ci.port}`;
			if (url.pathname === "/jwks") return Response.json({ keys: [jwk] });
			if (url.pathname === "/token") {
				const isAsked = request.headers.get("authorization") === "Bearer of-the-runner";
				const value = await ciToken({ aud: url.searchParams.get("audience") });
				return isAsked ? Response.json({ value }) : new Response(null, { status: 401 });
			}
			return Response.json({ issuer, jwks_uri: `${issuer}/jwks` });
		},
	});
	ciToken = (claims) =>
		new SignJWT({ repository: "acme/infra", sub: "repo:acme/infra", ...claims })
			.setProtectedHeader({ alg: "RS256", kid: "ci" })
			.setIssuer(`http://127.0.0.1:${ci.port}`)
			.setIssuedAt()
			.setExpirationTime("5m")
			.sign(privateKey);
	const trust = {
		issuers: [
			{
				issuer: `http://127.0.0.1:${ci.port}`,
				audience: "https://taco.example.com",
				rules: [{ name: "infra", claims: { repository: "acme/infra" }, roles: ["reader"] }],
			},
		],
	};
	await writeFile(join(folder.path, "trust.json"), JSON.stringify(trust));
	await mkdir(join(folder.path, "local"));
	await mkdir(join(folder.path, "provided"));
	local = await startServer({ cwd: join(folder.path, "local") });
	provided = await startServer({
		cwd: join(folder.path, "provided"),
		env: {
			OPENTACO_AUTH_ISSUER: idp.issuer,
			OPENTACO_AUTH_CLIENT_ID: idp.clientId,
			OPENTACO_TOKENS_ACCESS_TTL: "30s",
			OPENTACO_CI_TRUST: join(folder.path, "trust.json"),
		},
	});
});

afterAll(async () => {
	await local?.kill();
	await provided?.kill();
	await idp?.stop();
	await ci?.stop(true);
	await folder?.remove();
});

interface Running {
	readonly outcome: Promise<Outcome>;
	/** The first address that it prints. */
	readonly address: Promise<string>;
}

function start(
	home: string,
	server: RunningServer,
	args: readonly string[],
	more: { stdin?: string; env?: Record<string, string> } = {},
): Running {
	const child = Bun.spawn([executable(), ...args], {
		cwd: folder.path,
		env: {
			PATH: process.env.PATH ?? "",
			HOME: join(folder.path, home),
			OPENTACO_SERVER: server.url,
			...more.env,
		},
		stdio: [new Blob([more.stdin ?? ""]), "pipe", "pipe"],
	});
	const address = Promise.withResolvers<string>();
	const reading = (async () => {
		let text = "";
		const decoder = new TextDecoder();
		for await (const chunk of child.stderr) {
			text += decoder.decode(chunk, { stream: true });
			const found = /(https?:\/\/\S+)\s/.exec(text)?.[1];
			if (found !== undefined) address.resolve(found);
		}
		address.reject(new Error(`no address: ${text}`));
		return text;
	})();
	address.promise.catch(() => undefined);
	const outcome = Promise.all([new Response(child.stdout).text(), reading, child.exited]).then(
		([stdout, stderr, exitCode]) => ({ stdout, stderr, exitCode }),
	);
	return { outcome, address: address.promise };
}

async function must(...input: Parameters<typeof start>): Promise<string> {
	const { stdout, stderr, exitCode } = await start(...input).outcome;
	if (exitCode !== 0)
		throw new Error(`taco ${input[2].join(" ")}: ${exitCode}\n${stdout}${stderr}`);
	return stdout;
}

const asAdmin = { env: { OPENTACO_TOKEN: adminToken } };

describe("without a provider", () => {
	test("local users are made, log in on the server's page, and are removed", async () => {
		await must("admin", local, ["user", "create", "alice@example.com"], {
			...asAdmin,
			stdin: "a long password\n",
		});
		expect(await must("admin", local, ["user", "ls"], asAdmin)).toContain("alice@example.com");
		const login = start("alice", local, ["login", "--url-only"]);
		const browser = new HeadlessBrowser();
		const consent = await browser.submit(await browser.open(await login.address), "/oauth/login", {
			username: "alice@example.com",
			password: "a long password",
		});
		const end = await browser.submit(consent, "/oauth/consent", { decision: "allow" });
		expect(end.body).toContain("You are logged in");
		const { stdout, exitCode } = await login.outcome;
		expect({ stdout, exitCode }).toEqual({ stdout: `Logged in to ${local.url}\n`, exitCode: 0 });
		const file = join(folder.path, "alice", ".config", "opentaco", "credentials.json");
		expect((await stat(file)).mode & 0o777).toBe(0o600);
		expect(await must("alice", local, ["whoami"])).toContain("user:alice@example.com");

		const create = ["token", "create", "laptop", "--ttl", "1h"];
		const token = (await must("alice", local, create)).trim();
		expect(token).toStartWith("otc_tfe_");
		const listed = await must("alice", local, ["token", "ls"]);
		expect(listed).toContain("laptop");
		const withToken = { env: { OPENTACO_TOKEN: token } };
		expect(await must("other", local, ["whoami"], withToken)).toContain("api-token");
		const renew = ["token", "renew", token.split("_")[2] ?? "", "--ttl", "90d"];
		expect(await must("alice", local, renew)).toMatch(/^Token [0-9a-f]{20} ends 20/);
		expect((await start("other", local, renew, withToken).outcome).exitCode).toBe(5);
		await must("alice", local, ["token", "revoke", token.split("_")[2] ?? ""]);
		expect((await start("other", local, ["whoami"], withToken).outcome).exitCode).toBe(5);

		await must("admin", local, ["user", "rm", "alice@example.com", "--yes"], asAdmin);
		expect((await start("alice", local, ["whoami"]).outcome).exitCode).toBe(5);
	}, 60_000);

	test("logout ends the login on the server too", async () => {
		const login = start("admin-login", local, ["login", "--url-only"]);
		const browser = new HeadlessBrowser();
		const page = await browser.open(await login.address);
		const consent = await browser.submit(page, "/oauth/login", { token: adminToken });
		await browser.submit(consent, "/oauth/consent", { decision: "allow" });
		expect((await login.outcome).exitCode).toBe(0);
		const file = join(folder.path, "admin-login", ".config", "opentaco", "credentials.json");
		const stored = JSON.parse(await readFile(file, "utf8")).profiles[local.url];
		await must("admin-login", local, ["logout"]);
		const copy = { env: { OPENTACO_TOKEN: stored.access_token } };
		expect((await start("thief", local, ["whoami"], copy).outcome).exitCode).toBe(5);
	}, 60_000);

	test("what terraform login stored is used first, and whoami says so", async () => {
		const home = join(folder.path, "terraform-user");
		await mkdir(join(home, ".terraform.d"), { recursive: true });
		const path = join(home, ".terraform.d", "credentials.tfrc.json");
		const credentials = { [new URL(local.url).host]: { token: adminToken } };
		await writeFile(path, JSON.stringify({ credentials }));
		expect(await must("terraform-user", local, ["whoami"])).toContain(path);
		const variable = `TF_TOKEN_${new URL(local.url).host}`;
		const shown = await must("nobody", local, ["whoami"], { env: { [variable]: adminToken } });
		expect(shown).toContain(variable);
	}, 30_000);

	test("serves Terraform as its credentials helper", async () => {
		const home = "helper";
		await mkdir(join(folder.path, home));
		await must(home, local, ["terraform-credentials", "install"]);
		const helper = join(folder.path, home, ".terraform.d/plugins/terraform-credentials-opentaco");
		const call = async (verb: string, stdin = "") => {
			const child = Bun.spawn([helper, verb, "taco.example.com"], {
				env: { PATH: process.env.PATH ?? "", HOME: join(folder.path, home) },
				stdio: [new Blob([stdin]), "pipe", "inherit"],
			});
			expect(await child.exited).toBe(0);
			return await new Response(child.stdout).text();
		};
		expect(JSON.parse(await call("get"))).toEqual({});
		await call("store", '{"token":"t1"}');
		expect(JSON.parse(await call("get"))).toEqual({ token: "t1" });
		await call("forget");
		expect(JSON.parse(await call("get"))).toEqual({});
	}, 30_000);
});

describe("with a provider", () => {
	test("people log in there by the browser, and the login renews itself, many commands at once", async () => {
		const login = start("bob", provided, [
			"login",
			"--url-only",
			"--callback-port",
			String(callbackPort),
		]);
		const browser = new HeadlessBrowser();
		const end = await browser.logInAtProvider(
			await browser.open(await login.address),
			idp.issuer,
			"bob",
		);
		expect(end.body).toContain("You are logged in");
		expect((await login.outcome).exitCode).toBe(0);
		const file = join(folder.path, "bob", ".config", "opentaco", "credentials.json");
		const read = async () => JSON.parse(await readFile(file, "utf8")).profiles[provided.url];
		const first = await read();
		// With a life of 30 s every command renews: several at once must not use one token twice.
		const all = await Promise.all(
			Array.from({ length: 4 }, () => must("bob", provided, ["whoami", "--json"])),
		);
		for (const text of all) {
			expect(JSON.parse(text)).toMatchObject({
				email: "bob@example.com",
				groups: ["ops"],
				accepted: true,
			});
		}
		expect((await read()).refresh_token).not.toBe(first.refresh_token);
	}, 60_000);

	test("people log in with a code on another device", async () => {
		const login = start("bob-device", provided, ["login", "--device"]);
		const browser = new HeadlessBrowser();
		let page = await browser.open(await login.address);
		page = await browser.submit(page, "/device", { confirm: "yes" });
		await browser.logInAtProvider(page, idp.issuer, "bob");
		expect((await login.outcome).exitCode).toBe(0);
		expect(await must("bob-device", provided, ["whoami"])).toContain("bob@example.com");
	}, 60_000);
});

describe("in CI", () => {
	test("a GitHub job asks for its token and logs in without a secret", async () => {
		const env = {
			ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${ci.port}/token?x=1`,
			ACTIONS_ID_TOKEN_REQUEST_TOKEN: "of-the-runner",
		};
		const args = ["login", "--ci", "--audience", "https://taco.example.com"];
		await must("github", provided, args, { env });
		expect(await must("github", provided, ["whoami"])).toContain("repo:acme/infra");
		const wrong = start("github", provided, ["login", "--ci"], { env });
		expect((await wrong.outcome).exitCode).toBe(5);
	}, 30_000);

	test("another system's job has it in a variable", async () => {
		const token = await ciToken({ aud: "https://taco.example.com" });
		await must("gitlab", provided, ["login", "--ci"], { env: { OPENTACO_ID_TOKEN: token } });
		const evil = await ciToken({ aud: "https://taco.example.com", repository: "evil/infra" });
		const refused = await start("gitlab", provided, ["login", "--ci"], {
			env: { OPENTACO_ID_TOKEN: evil },
		}).outcome;
		expect(refused.exitCode).toBe(5);
		expect(refused.stderr).toContain("no rule lets this job in");
	}, 30_000);
});

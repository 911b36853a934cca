/** `terraform login` as a user runs it, against the compiled server with a certificate of its own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTaco } from "../support/executable.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import {
	findTerraform,
	httpBackend,
	httpCredentials,
	terraformOrSkip,
	terraformProject,
} from "../support/terraform.ts";
import { logInWithTerraform } from "../support/terraform-login.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";

const isThere = terraformOrSkip("terraform login");

describe.skipIf(!isThere)("terraform login", () => {
	let folder: TemporaryDirectory;
	let server: RunningServer;
	let caFile: string;

	beforeAll(async () => {
		folder = await temporaryDirectory();
		caFile = join(folder.path, "taco-data", "__opentaco", "server", "tls", "ca.pem");
		server = await startServer({
			cwd: folder.path,
			args: ["--tls-self-signed"],
			scheme: "https",
			caFile,
		});
	});

	afterAll(async () => {
		await server?.kill();
		await folder?.remove();
	});

	const api = (method: string, path: string, token: string, body?: object) =>
		fetch(`${server.url}${path}`, {
			method,
			headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
			tls: { ca: Bun.file(caFile) },
		});

	/** Runs `terraform login`, goes where it says with a browser, and gives the stored token. */
	async function logIn(
		home: string,
		proof: Readonly<Record<string, string>>,
		{ isStoredByTerraform } = { isStoredByTerraform: true },
	): Promise<string> {
		const host = `localhost:${server.port}`;
		await logInWithTerraform({
			...{ client: findTerraform() ?? "terraform", host },
			...{ home, caFile, proof },
		});
		if (!isStoredByTerraform) return "";
		const file = await readFile(join(home, ".terraform.d", "credentials.tfrc.json"), "utf8");
		return (JSON.parse(file) as { credentials: Record<string, { token: string }> }).credentials[
			host
		]?.token as string;
	}

	test("stores a token that opens the API and the http backend, until it is revoked", async () => {
		const home = join(folder.path, "admin");
		const token = await logIn(home, { token: adminToken });
		expect(token).toStartWith("otc_tfe_");
		const me = await api("GET", "/v1/auth/me", token);
		expect(await me.json()).toMatchObject({ subject: "admin", credential: "api-token" });

		const project = await terraformProject(
			join(home, "project"),
			{ "main.tf": `${httpBackend(server.url, "app/login")}output "x" {\n  value = "1"\n}\n` },
			{ ...httpCredentials(token), SSL_CERT_FILE: caFile },
		);
		await project.must("init", "-input=false");
		await project.must("apply", "-input=false", "-auto-approve");

		const logout = await api("POST", "/v1/auth/logout", token);
		expect(logout.status).toBe(200);
		expect((await api("GET", "/v1/auth/me", token)).status).toBe(401);
		const refused = await project.run("plan", "-input=false");
		expect(refused.exitCode).not.toBe(0);
	}, 120_000);

	test("keeps the token with taco where taco is its credentials helper", async () => {
		const home = join(folder.path, "helper");
		const env = { HOME: home, OPENTACO_SERVER: server.url, OPENTACO_CA_CERT: caFile };
		await mkdir(home, { recursive: true });
		const taco = (...args: string[]) => runTaco(args, { cwd: home, env });
		expect((await taco("terraform-credentials", "install")).exitCode).toBe(0);
		await writeFile(join(home, ".terraformrc"), 'credentials_helper "opentaco" {}\n');
		await logIn(home, { token: adminToken }, { isStoredByTerraform: false });
		const who = await taco("whoami");
		expect(who.stdout).toContain("admin, by api-token");
		expect(who.stdout).toContain(join(home, ".config", "opentaco", "credentials.json"));
	}, 60_000);

	test("logs a local user in with a password", async () => {
		const user = { name: "alice@example.com", password: "a long password" };
		expect((await api("POST", "/v1/auth/users", adminToken, user)).status).toBe(201);
		const token = await logIn(join(folder.path, "alice"), {
			username: user.name,
			password: user.password,
		});
		const me = await api("GET", "/v1/auth/me", token);
		expect(await me.json()).toMatchObject({ subject: "user:alice@example.com", email: user.name });
	}, 60_000);
});

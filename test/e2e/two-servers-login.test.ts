/** Two servers behind nothing but two ports, on one bucket: log in at one, use and revoke at the other. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type FakeS3Process, startFakeS3Process } from "../support/fake-s3/process.ts";
import { HeadlessBrowser } from "../support/openid-provider.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/tmpdir.ts";
import { until } from "../support/until.ts";

let folder: TemporaryDirectory;
let s3: FakeS3Process;
let servers: readonly [RunningServer, RunningServer];

beforeAll(async () => {
	folder = await temporaryDirectory();
	s3 = await startFakeS3Process();
	const start = async (name: string) => {
		await mkdir(join(folder.path, name));
		return await startServer({
			cwd: join(folder.path, name),
			env: {
				OPENTACO_S3_BUCKET: s3.bucket,
				OPENTACO_S3_REGION: s3.region,
				OPENTACO_S3_ENDPOINT: s3.endpoint,
				AWS_ACCESS_KEY_ID: s3.accessKeyId,
				AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
			},
		});
	};
	servers = await Promise.all([start("a"), start("b")]);
});

afterAll(async () => {
	for (const server of servers ?? []) await server.kill();
	await s3?.stop();
	await folder?.remove();
});

const verifier = "v".repeat(64);
const redirectUri = "http://localhost:10000/login";

async function me(server: RunningServer, token: string): Promise<number> {
	const headers = { authorization: `Bearer ${token}` };
	return (await fetch(`${server.url}/v1/auth/me`, { headers })).status;
}

test("a login at one server counts at the other, and so does its end, within the bound", async () => {
	const [a, b] = servers;
	const keys = await Promise.all(
		servers.map(async ({ url }) => await (await fetch(`${url}/oidc/jwks.json`)).json()),
	);
	expect(keys[0]).toEqual(keys[1]);

	// Each page at another server, as a load balancer without affinity would have it.
	let turn = 0;
	const browser = new HeadlessBrowser({
		stopAt: (url) => url.startsWith(redirectUri),
		fetch: (url, init) => {
			const { pathname, search } = new URL(url);
			return fetch(`${servers[turn++ % 2]?.url}${pathname}${search}`, init);
		},
	});
	const challenge = new Bun.CryptoHasher("sha256").update(verifier).digest("base64url");
	const query = new URLSearchParams({
		client_id: "terraform-cli",
		response_type: "code",
		redirect_uri: redirectUri,
		code_challenge: challenge,
		code_challenge_method: "S256",
	});
	const page = await browser.open(`http://localhost:1/oauth/authorization?${query}`);
	const consent = await browser.submit(page, "/oauth/login", { token: adminToken });
	const end = await browser.submit(consent, "/oauth/consent", { decision: "allow" });
	const form = new URLSearchParams({
		grant_type: "authorization_code",
		client_id: "terraform-cli",
		code: new URL(end.url).searchParams.get("code") ?? "",
		code_verifier: verifier,
		redirect_uri: redirectUri,
	});
	const exchange = () => fetch(`${a.url}/oauth/token`, { method: "POST", body: form });
	const { access_token: token } = (await (await exchange()).json()) as { access_token: string };
	expect(await me(a, token)).toBe(200);
	expect(await me(b, token)).toBe(200);

	const headers = { authorization: `Bearer ${token}` };
	expect((await fetch(`${a.url}/v1/auth/logout`, { method: "POST", headers })).status).toBe(200);
	expect(await me(a, token)).toBe(401);
	await until(async () => (await me(b, token)) === 401);
	expect((await exchange()).status).toBe(400);
}, 60_000);

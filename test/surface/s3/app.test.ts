/** The S3 surface behind the application: what opens it, what it opens, and how it refuses. */
import { expect, test } from "bun:test";
import type { S3CredentialsView } from "../../../src/api/s3-credentials.ts";
import type { Sent } from "../../unit/auth/sts/signing.ts";
import { signer } from "../../unit/auth/sts/signing.ts";
import { createTestApp, seed, stateText, type TestApp, type TestAppOptions } from "../test-app.ts";

const path = "/s3/opentaco/app/prod/terraform.tfstate";

async function credentialsOf(app: TestApp): Promise<S3CredentialsView> {
	const response = await app.send("POST", "/v1/auth/issue-s3-creds");
	return (await response.json()) as S3CredentialsView;
}

async function signed(app: TestApp, sent: Partial<Sent> = {}): Promise<Sent> {
	const view = await credentialsOf(app);
	return (await signer({
		accessKeyId: view.AccessKeyId,
		secretAccessKey: view.SecretAccessKey,
		sessionToken: view.SessionToken,
		expiresAt: Date.parse(view.Expiration),
	}).sign({
		protocol: "http:",
		hostname: "unused",
		method: "GET",
		path,
		...sent,
		headers: { host: "taco.test", ...sent.headers },
	} as never)) as unknown as Sent;
}

/** Sends it with the host that it was given, not that of the URL. */
async function send(app: TestApp, sent: Sent, peer = "10.0.0.1"): Promise<Response> {
	const request = new Request(`http://taco.test${sent.path}`, {
		method: sent.method,
		headers: sent.headers,
		...(sent.body === undefined ? {} : { body: sent.body as string }),
	});
	return await app.app.fetch(request, {
		requestIP: () => ({ address: peer }),
		timeout() {},
	});
}

async function open(options: TestAppOptions = {}): Promise<TestApp> {
	const app = createTestApp(options);
	await seed(app);
	return app;
}

test("the admin's credentials act as the admin, over S3", async () => {
	await using app = await open();
	const read = await send(app, await signed(app));
	expect(await read.text()).toBe(stateText(2));
	expect(read.headers.get("x-request-id")).toBe(read.headers.get("x-amz-request-id"));
	const sent = await signed(app, { method: "PUT", body: stateText(3) });
	expect((await send(app, sent)).status).toBe(200);
	const version = app.core.parts.unitLog.lastSeen("app/prod" as never)?.record;
	expect(version).toMatchObject({
		operation: "write",
		principal: "admin",
		surface: "s3",
		credentialKind: "s3-credentials",
	});
});

test("no other credential opens it, and a signature opens nothing else", async () => {
	await using app = await open();
	for (const as of ["admin", "nobody", "wrong"] as const) {
		for (const target of ["/s3", "/s3/", "/s3/opentaco", path, "/s3/opentaco?list-type=2"]) {
			const response = await app.send("GET", target, { as });
			expect(response.status).toBeGreaterThanOrEqual(400);
			expect(response.headers.get("content-type")).toBe("application/xml");
			expect(await response.text()).not.toContain("CANARY");
		}
	}
	const others: [string, string][] = [
		["GET", "/v1/units"],
		["GET", "/v1/units/app__prod/download"],
		["POST", "/v1/auth/issue-s3-creds"],
		["GET", "/v1/backend/app/prod"],
	];
	for (const [method, target] of others) {
		const sent = await signed(app, { method, path: target });
		expect((await send(app, sent)).status).toBe(401);
	}
	// Not below it, although it begins alike.
	expect((await app.send("GET", "/s3x/opentaco")).status).toBe(404);
});

test("where everybody is let in, nothing needs to be signed", async () => {
	await using app = await open({ isAuthDisabled: true });
	const read = await app.send("GET", path, { as: "nobody" });
	expect(await read.text()).toBe(stateText(2));
	const written = await app.send("PUT", path, { as: "nobody", body: stateText(3) });
	expect(written.status).toBe(200);
	expect((await app.send("HEAD", path, { as: "nobody" })).headers.get("content-length")).toBe(
		String(stateText(3).length),
	);
});

test("a proxy that changes the Host: trusted ones may say what it was", async () => {
	await using app = await open({ trustedProxies: ["10.0.0.0/8"] });
	const sent = await signed(app, { headers: { host: "public.example.com" } });
	sent.headers.host = "inner:8080";
	expect((await send(app, sent)).status).toBe(403);
	sent.headers["x-forwarded-host"] = "public.example.com";
	sent.headers["x-forwarded-for"] = "192.0.2.7";
	sent.headers["x-amzn-trace-id"] = "Root=1-2";
	expect((await send(app, sent)).status).toBe(200);
	expect((await send(app, sent, "192.0.2.1")).status).toBe(403);
});

test("host names that are not allowed, and too many requests", async () => {
	await using app = await open({ allowedHosts: ["taco.test"] });
	const sent = await signed(app, { headers: { host: "evil.example.com" } });
	const refused = await send(app, sent);
	expect(refused.status).toBe(403);
	expect(await refused.text()).toContain("<Code>AccessDenied</Code>");
	await using busy = await open({ requestsAtOnceMax: 0 });
	const overloaded = await send(busy, await signed(app));
	expect(overloaded.status).toBe(503);
	expect(await overloaded.text()).toContain("<Code>SlowDown</Code>");
	expect(overloaded.headers.get("retry-after")).not.toBeNull();
});

test("neither secrets nor states are logged", async () => {
	await using app = await open();
	const view = await credentialsOf(app);
	await send(app, await signed(app));
	await send(app, await signed(app, { method: "PUT", body: stateText(9, "x", "other") }));
	const forged = await signed(app);
	forged.headers["x-amz-date"] = "20200101T000000Z";
	await send(app, forged);
	const log = app.log.join("\n");
	expect(log).toContain('"operation":"s3.GetObject"');
	for (const secret of [view.SecretAccessKey, view.SessionToken, "CANARY", "Signature="]) {
		expect(log).not.toContain(secret);
	}
});

test("writes, denials and signatures that do not match are in the audit trail", async () => {
	await using app = await open({
		decide: async (caller, action) => caller.surface !== "s3" || action !== "unit.delete",
	});
	await send(app, await signed(app, { method: "PUT", body: stateText(3) }));
	const forged = await signed(app);
	forged.path = "/s3/opentaco/app/empty/terraform.tfstate";
	expect((await send(app, forged)).status).toBe(403);
	expect((await send(app, await signed(app, { method: "DELETE" }))).status).toBe(403);
	await app.core.parts.chain.flush();
	const text = await (await app.send("GET", "/v1/audit?limit=50")).text();
	expect(text).toContain('"authenticate.s3"');
	expect(text).toContain('"signature_mismatch"');
	expect(text).toContain('"unit.delete"');
	expect(text).toMatch(/"surface":"s3"/);
});

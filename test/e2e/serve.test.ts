/** Starting, refusing to start, and ending: the compiled server as an operator meets it. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { executable, runTaco } from "../support/executable.ts";
import { freePort } from "../support/foreign-s3.ts";
import { adminToken, startServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";
import { until } from "../support/until.ts";

const tokenFile = "taco-data/__opentaco/server/admin-token";

/** A server that makes its own token; its log tells when it listens. */
async function startFresh(cwd: string, port: number, args: readonly string[] = []) {
	const child = Bun.spawn(
		[executable(), "serve", "--host", "127.0.0.1", "--port", String(port), ...args],
		{
			cwd,
			env: { PATH: process.env.PATH ?? "", HOME: cwd },
			stdio: ["ignore", "pipe", "pipe"],
		},
	);
	let log = "";
	const reading = (async () => {
		for await (const chunk of child.stderr) log += new TextDecoder().decode(chunk);
	})();
	for (;;) {
		if (log.includes('"msg":"listening"') || child.exitCode !== null) break;
		await Bun.sleep(10);
	}
	return {
		url: `http://127.0.0.1:${port}`,
		log: () => log,
		async stop() {
			child.kill("SIGTERM");
			const code = await child.exited;
			await reading;
			return { code, stdout: await new Response(child.stdout).text() };
		},
	};
}

const status = async (url: string, token: string) => {
	const response = await fetch(`${url}/v1/units`, {
		headers: { authorization: `Bearer ${token}` },
	});
	await response.arrayBuffer();
	return response.status;
};

test("the first start without a terminal leaves its token in a file for its owner alone", async () => {
	await using folder = await temporaryDirectory("serve");
	const server = await startFresh(folder.path, await freePort());
	const path = join(folder.path, tokenFile);
	const token = (await readFile(path, "utf8")).trim();
	expect((await stat(path)).mode & 0o777).toBe(0o600);
	expect(await status(server.url, token)).toBe(200);
	expect(await status(server.url, `${token}x`)).toBe(401);
	expect(server.log()).toContain(tokenFile);
	const ended = await server.stop();
	expect(ended).toEqual({ code: 0, stdout: "" });
	expect(server.log()).not.toContain(token);

	// The token stays the same, and the store holds no more than its hash.
	const again = await startFresh(folder.path, await freePort());
	expect(await status(again.url, token)).toBe(200);
	await again.stop();
	const register = join(folder.path, "taco-data/__opentaco/register");
	for (const entry of await readdir(register, { recursive: true, withFileTypes: true })) {
		if (!entry.isFile()) continue;
		expect(await readFile(join(entry.parentPath, entry.name), "utf8")).not.toContain(token);
	}
});

test("two first starts at once agree on one token", async () => {
	await using folder = await temporaryDirectory("serve");
	const ports = [await freePort(), await freePort()];
	const servers = await Promise.all(ports.map((port) => startFresh(folder.path, port)));
	const token = (await readFile(join(folder.path, tokenFile), "utf8")).trim();
	expect(await Promise.all(servers.map((server) => status(server.url, token)))).toEqual([200, 200]);
	await Promise.all(servers.map((server) => server.stop()));
});

test("a lost token can be replaced, and the old one is void", async () => {
	await using folder = await temporaryDirectory("serve");
	const first = await startFresh(folder.path, await freePort());
	const old = (await readFile(join(folder.path, tokenFile), "utf8")).trim();
	await first.stop();
	const second = await startFresh(folder.path, await freePort(), ["--reset-admin-token"]);
	const token = (await readFile(join(folder.path, tokenFile), "utf8")).trim();
	expect(token).not.toBe(old);
	expect([await status(second.url, token), await status(second.url, old)]).toEqual([200, 401]);
	await second.stop();
});

test("the original's names and spellings serve", async () => {
	await using folder = await temporaryDirectory("serve");
	const link = join(folder.path, "statesman");
	await symlink(executable(), link);
	const port = await freePort();
	const child = Bun.spawn([link, "-auth-disable", "-storage", "memory", "-port", String(port)], {
		cwd: folder.path,
		env: { PATH: "", HOME: folder.path },
		stdio: ["ignore", "ignore", "pipe"],
	});
	const url = `http://127.0.0.1:${port}`;
	for (;;) {
		try {
			if ((await fetch(`${url}/readyz`)).ok) break;
		} catch {
			if (child.exitCode !== null) throw new Error(await new Response(child.stderr).text());
			await Bun.sleep(10);
		}
	}
	expect((await fetch(`${url}/v1/units`)).status).toBe(200);
	child.kill("SIGTERM");
	expect(await child.exited).toBe(0);
	expect(await new Response(child.stderr).text()).toContain("auth");
	expect(existsSync(join(folder.path, "taco-data"))).toBe(false);
});

test("what cannot work stops the start, with the reason and no fallback", async () => {
	await using folder = await temporaryDirectory("serve");
	const run = (args: string[], env: Record<string, string> = {}) =>
		runTaco(["serve", ...args], {
			cwd: folder.path,
			env: { OPENTACO_ADMIN_TOKEN: adminToken, ...env },
		});
	await writeFile(join(folder.path, "file"), "");
	const unusable = await run(["--data-dir", "file", "--port", "0"]);
	expect(unusable.exitCode).toBe(6);
	expect(unusable.stderr).toMatch(/folder|directory/i);

	const s3 = {
		OPENTACO_S3_BUCKET: "bucket",
		OPENTACO_S3_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
		AWS_ACCESS_KEY_ID: "x",
		AWS_SECRET_ACCESS_KEY: "canary-secret-key",
	};
	const unreachable = await run(["--port", "0"], s3);
	expect(unreachable.exitCode).toBe(6);
	expect(unreachable.stderr).not.toContain("canary-secret-key");

	for (const [args, env, named] of [
		[["--prot", "1"], {}, "--port"],
		[[], { OPENTACO_PORT: "many" }, "OPENTACO_PORT"],
		[["--tls-cert", "x.pem"], {}, "tls-key"],
		[["--storage", "floppy"], {}, "--storage"],
		[[], { OPENTACO_ADMIN_TOKEN: "short" }, "OPENTACO_ADMIN_TOKEN"],
		[["extra"], {}, "arguments"],
	] as const) {
		const refused = await run([...args], env);
		expect({ args, code: refused.exitCode }).toEqual({ args, code: 2 });
		expect(refused.stderr).toContain(named);
	}
	expect(await readdir(folder.path)).toEqual(["file"]);
});

test("a port that is taken is told, and not shared", async () => {
	await using folder = await temporaryDirectory("serve");
	await using server = await startServer({ cwd: folder.path });
	await mkdir(join(folder.path, "other"));
	const second = await runTaco(
		["serve", "--host", "127.0.0.1", "--port", String(server.port), "--storage", "memory"],
		{
			cwd: join(folder.path, "other"),
			env: { OPENTACO_ADMIN_TOKEN: adminToken },
		},
	);
	expect(second.exitCode).not.toBe(0);
	expect(second.stderr).toContain(String(server.port));
});

test("health, metrics and the API pages need nothing from elsewhere", async () => {
	await using folder = await temporaryDirectory("serve");
	await using server = await startServer({ cwd: folder.path });
	for (const path of ["/healthz", "/readyz"]) {
		const response = await fetch(`${server.url}${path}`, { headers: { host: "lb.internal" } });
		expect(await response.json()).toMatchObject({ status: "ok" });
	}
	await fetch(`${server.url}/v1/backend/team/secret-name`, {
		method: "POST",
		headers: { authorization: `Bearer ${adminToken}` },
		body: JSON.stringify({ version: 4, serial: 1, lineage: "x" }),
	});
	const metrics = await (await fetch(`${server.url}/metrics`)).text();
	expect(metrics).toMatch(/http_request|requests_total/);
	expect(metrics).not.toContain("secret-name");
	const page = await (await fetch(`${server.url}/swagger`)).text();
	const addresses = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
	expect(addresses.length).toBeGreaterThan(0);
	for (const address of addresses) {
		const url = new URL(address, `${server.url}/swagger`);
		expect(url.origin).toBe(server.url);
		const asset = await fetch(url);
		expect(asset.status).toBe(200);
		await asset.arrayBuffer();
	}
	const openApi = (await (await fetch(`${server.url}/swagger/json`)).json()) as { paths: object };
	expect(Object.keys(openApi.paths).length).toBeGreaterThan(8);
});

test("a request under way is finished when the server is asked to end", async () => {
	await using folder = await temporaryDirectory("serve");
	const server = await startServer({ cwd: folder.path });
	const head = `{"version":4,"serial":1,"lineage":"x","filler":"`;
	const size = 3_000_000;
	let isHalfSent = () => {};
	const halfSent = new Promise<void>((resolve) => {
		isHalfSent = resolve;
	});
	let goOn = () => {};
	const rest = new Promise<void>((resolve) => {
		goOn = resolve;
	});
	let step = 0;
	const body = new ReadableStream<Uint8Array>({
		async pull(controller) {
			step++;
			if (step === 1) controller.enqueue(new TextEncoder().encode(head + "x".repeat(1_500_000)));
			else {
				isHalfSent();
				await rest;
				const sent = head.length + 1_500_000;
				controller.enqueue(new TextEncoder().encode(`${"x".repeat(size - sent - 2)}"}`));
				controller.close();
			}
		},
	});
	const writing = fetch(`${server.url}/v1/backend/app`, {
		method: "POST",
		headers: { authorization: `Bearer ${adminToken}`, "content-length": String(size) },
		body,
	});
	await halfSent;
	// Sent is not yet arrived: the server must have begun with it, beside this very question.
	await until(async () => {
		const counted = await (await fetch(`${server.url}/metrics`)).text();
		return Number(/^opentaco_http_requests_in_flight (\d+)$/m.exec(counted)?.[1]) >= 2;
	});
	const stopping = server.stop();
	goOn();
	expect((await writing).status).toBe(200);
	expect(await stopping).toBe(0);
	const kept = await stat(join(folder.path, "taco-data/app/terraform.tfstate"));
	expect(kept.size).toBe(size);
});

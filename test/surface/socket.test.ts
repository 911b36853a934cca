/** Over a real socket: what no well-behaved client sends, large bodies, and the end of a server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { type Listening, listen } from "../../src/server/listen.ts";
import { systemClock } from "../../src/server/machine.ts";
import { createLog } from "../../src/server/shared/log.ts";
import { adminToken, createTestApp, lineage, lockInfo, seed, type TestApp } from "./test-app.ts";

let app: TestApp;
let listening: Listening;

const log = createLog({ level: "error", format: "json", clock: systemClock, write: () => {} });

beforeAll(async () => {
	app = createTestApp({ stateBytesMax: 40 * 1024 * 1024 });
	await seed(app);
	listening = listen(app.app, { host: "127.0.0.1", port: 0, tls: null, log });
});

afterAll(async () => {
	await listening.drain(systemClock);
	await app.core.flush();
});

/** Sends bytes as they are and gives everything that comes back until the server closes. */
function raw(text: string, options: { end?: boolean } = {}): Promise<string> {
	return new Promise((resolve, reject) => {
		let answer = "";
		const socket = connect(listening.port, "127.0.0.1", () => {
			socket.write(Buffer.from(text, "latin1"));
			if (options.end) socket.end();
		});
		socket.on("data", (chunk) => {
			answer += chunk.toString("latin1");
		});
		socket.on("close", () => resolve(answer));
		socket.on("error", (error) => (answer === "" ? reject(error) : resolve(answer)));
	});
}

const auth = `Authorization: Bearer ${adminToken}\r\nConnection: close\r\n`;

function get(target: string, host = "localhost"): Promise<string> {
	return raw(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${auth}\r\n`);
}

function statusOf(answer: string): number {
	return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

describe("odd targets", () => {
	for (const target of [
		"/v1/units/%2e%2e%2fapp",
		"/v1/units/..%2f..%2fapp",
		"/v1/units/%252e%252e",
		"/v1/units/a%00b",
		"/v1/units/a%0d%0ab",
		"/v1/units/%ff",
		"/v1/units/%c0%af",
		"/v1/units/%zz",
		"/v1/units/%",
		"/v1/units/a%5cb",
		"/v1/units/",
		"/v1/units//",
		"/v1/units//app/prod",
		"/v1/units/app/prod/",
		"/v1/units/app//prod",
		"/v1/units/a;b",
		"/v1/units/%E2%80%AEabc",
		"/v1/units/\u00e9",
		"/v1/backend/",
		"/v1/backend//app",
		"/v1/backend/app%2f..%2fprod",
		"/v1/backend/%00",
		"/v1/backend/app/prod/terraform.tfstate",
		`/v1/backend/${"x".repeat(4000)}`,
	]) {
		test(`${JSON.stringify(target).slice(0, 50)} is refused with 400`, async () => {
			const answer = await get(target);
			expect(statusOf(answer)).toBe(400);
			expect(answer).toContain("invalid_unit_id");
		});
	}

	test("a path that is resolved on arrival is judged by what it resolves to", async () => {
		expect(await get("/v1/units/x/../app__prod")).toContain('"id":"app/prod"');
		expect(statusOf(await get("/healthz/../v1/nothing"))).toBe(404);
		const bare = await raw(
			"GET /healthz/../v1/units HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
		);
		expect(statusOf(bare)).toBe(401);
	});
});

describe("odd requests", () => {
	for (const [name, head] of [
		["two Host headers", "GET /v1/info HTTP/1.1\r\nHost: a\r\nHost: b\r\n"],
		["a Host with a path", "GET /v1/info HTTP/1.1\r\nHost: a/b\r\n"],
		["an empty Host", "GET /v1/info HTTP/1.1\r\nHost:\r\n"],
		["a Host with credentials", "GET /v1/info HTTP/1.1\r\nHost: u:p@h\r\n"],
		["no Host", "GET /v1/info HTTP/1.1\r\n"],
		[
			"two lengths",
			"POST /v1/units HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
		],
		[
			"a length and chunks",
			"POST /v1/units HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n",
		],
		["a space before the colon", "GET /v1/info HTTP/1.1\r\nHost : h\r\n"],
	] as const) {
		test(`${name} are refused with 400`, async () => {
			const answer = await raw(`${head}${auth}\r\n`);
			expect(statusOf(answer)).toBe(400);
			expect(answer).not.toContain(".ts");
		});
	}

	test("two Authorization headers prove nothing", async () => {
		const answer = await raw(
			`GET /v1/info HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n${auth}\r\n`,
		);
		expect(statusOf(answer)).toBe(401);
	});

	test("large headers are refused", async () => {
		const answer = await raw(
			`GET /v1/info HTTP/1.1\r\nHost: h\r\nX-Large: ${"x".repeat(20_000)}\r\n${auth}\r\n`,
		);
		expect(statusOf(answer)).toBe(431);
	});

	test("force-unlock arrives as terraform sends it: chunked and empty", async () => {
		const answer = await raw(
			`UNLOCK /v1/backend/app/held HTTP/1.1\r\nHost: h\r\n${auth}Content-Md5: 1B2M2Y8AsgTpgAmY7PhCfg==\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
		);
		expect(statusOf(answer)).toBe(200);
		const again = await raw(
			`LOCK /v1/backend/app/held HTTP/1.1\r\nHost: h\r\n${auth}Content-Length: 12\r\n\r\n{"ID":"new"}`,
		);
		expect(statusOf(again)).toBe(200);
	});
});

function largeState(serial: number, megabytes: number): string {
	const value = "v".repeat(1024);
	const values = Array.from({ length: megabytes * 1024 }, () => `"${value}"`).join(",");
	return `{"version":4,"terraform_version":"1.11.4","serial":${serial},"lineage":"${lineage}","outputs":{"o":{"value":[${values}],"type":["tuple",[]]}},"resources":[]}`;
}

describe("large states", () => {
	const url = (path: string) => `http://127.0.0.1:${listening.port}${path}`;
	const headers = { authorization: `Bearer ${adminToken}` };

	test("stream in and out byte for byte", async () => {
		const state = largeState(7, 6);
		const written = await fetch(url("/v1/backend/big/one"), {
			method: "POST",
			headers,
			body: state,
		});
		expect(written.status).toBe(200);
		const read = await fetch(url("/v1/backend/big/one"), { headers });
		expect(read.headers.get("etag")).toBe(
			`"${new Bun.CryptoHasher("sha256").update(state).digest("hex")}"`,
		);
		expect((await read.text()) === state).toBe(true);
		const info = await (await fetch(url("/v1/units/big__one"), { headers })).json();
		expect(info).toMatchObject({ size: state.length, serial: 7 });
	});

	test("are refused with words above the limit, before they are sent", async () => {
		const response = await fetch(url("/v1/backend/big/two"), {
			method: "POST",
			headers,
			body: new Uint8Array(41 * 1024 * 1024),
		});
		expect(response.status).toBe(413);
		expect(await response.text()).toContain(String(40 * 1024 * 1024));
	});

	test("without a Content-Length are taken up to a bound", async () => {
		const chunked = (size: number) =>
			new ReadableStream({
				start(controller) {
					const text = new TextEncoder().encode(largeState(1, size));
					for (let at = 0; at < text.length; at += 65536) {
						controller.enqueue(text.subarray(at, at + 65536));
					}
					controller.close();
				},
			});
		const small = { method: "POST", headers, body: chunked(2) };
		expect((await fetch(url("/v1/backend/big/three"), small)).status).toBe(200);
		const large = await fetch(url("/v1/backend/big/four"), {
			method: "POST",
			headers,
			body: chunked(17),
		});
		expect(large.status).toBe(411);
		expect(await large.json()).toMatchObject({ error: "length_required" });
	});

	for (const size of [1000, 3_000_000]) {
		test(`of ${size} bytes that end early leave nothing behind`, async () => {
			const state = largeState(1, 1).slice(0, 800);
			await raw(
				`POST /v1/backend/cut/off HTTP/1.1\r\nHost: h\r\n${auth}Content-Length: ${size}\r\n\r\n${state}`,
				{ end: true },
			).catch(() => "");
			const read = await fetch(url("/v1/backend/cut/off"), { headers });
			expect([204, 404]).toContain(read.status);
		});
	}
});

describe("the port", () => {
	test("is not shared with a second server", () => {
		const options = { host: "127.0.0.1", port: listening.port, tls: null, log };
		expect(() => listen(app.app, options)).toThrow(/in use.*--port/);
	});

	test("is drained: what is under way is finished", async () => {
		let release = () => {};
		const held = new Promise<void>((resolve) => {
			release = resolve;
		});
		let entered = () => {};
		const isEntered = new Promise<void>((resolve) => {
			entered = resolve;
		});
		const slow = createTestApp({
			decide: async () => {
				entered();
				await held;
				return true;
			},
		});
		const own = listen(slow.app, { host: "127.0.0.1", port: 0, tls: null, log });
		const headers = { authorization: `Bearer ${adminToken}` };
		const answer = fetch(`http://127.0.0.1:${own.port}/v1/backend/slow`, {
			method: "LOCK",
			headers,
			body: JSON.stringify(lockInfo),
		});
		await isEntered;
		const drained = own.drain(systemClock);
		release();
		expect((await answer).status).toBe(200);
		expect(await drained).toBe(true);
		expect(fetch(`http://127.0.0.1:${own.port}/healthz`)).rejects.toThrow();
		await slow.core.flush();
	});
});

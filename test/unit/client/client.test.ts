import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseRetryAfter } from "../../../src/client/answer.ts";
import { unitSegment } from "../../../src/client/call.ts";
import { TacoClient } from "../../../src/client/client.ts";
import { ClientError, parseErrorBody } from "../../../src/client/errors.ts";
import { bytesBody, fileBody, type RequestBody } from "../../../src/client/request-body.ts";
import { normaliseServerUrl } from "../../../src/client/server-url.ts";
import { temporaryDirectory } from "../../support/tmpdir.ts";
import { FakeServer, failure } from "../cli/fake-server.ts";

let server: FakeServer;
let waits: number[];

beforeEach(() => {
	server = new FakeServer();
	waits = [];
});
afterEach(() => server.stop());

function client(options: Partial<ConstructorParameters<typeof TacoClient>[0]> = {}): TacoClient {
	return new TacoClient({
		serverUrl: server.url,
		agent: "test",
		sleep: async (ms) => void waits.push(ms),
		random: () => 1,
		...options,
	});
}

/** The error that the promise ends with. */
async function failed(promise: Promise<unknown>): Promise<ClientError> {
	try {
		await promise;
	} catch (error) {
		expect(error).toBeInstanceOf(ClientError);
		return error as ClientError;
	}
	throw new Error("it succeeded");
}

/** A server that announces ten bytes, sends three and hangs up. */
function shortServer(): { url: string; stop(): void } {
	const listener = Bun.listen({
		hostname: "127.0.0.1",
		port: 0,
		socket: {
			data(socket) {
				socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
			},
		},
	});
	return { url: `http://127.0.0.1:${listener.port}`, stop: () => listener.stop(true) };
}

describe("requests", () => {
	test("carry the token, a request id of their own and the id as one segment", async () => {
		server.unit("a/b/c");
		await client({ token: "secret" }).getUnit("a/b/c");
		await client().getUnit("a/b/c");
		const [first, second] = server.requests;
		expect(first?.target).toBe("/v1/units/a__b__c");
		expect(first?.headers.get("authorization")).toBe("Bearer secret");
		expect(second?.headers.has("authorization")).toBe(false);
		expect(first?.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
		expect(first?.headers.get("x-request-id")).not.toBe(second?.headers.get("x-request-id") ?? "");
	});

	test("the system unit and escaped ids keep their spelling", () => {
		expect(unitSegment("__opentaco_system")).toBe("__opentaco_system");
		expect(unitSegment("a/_.20b")).toBe("a___.20b");
		expect(unitSegment("a?b#c")).toBe("a%3Fb%23c");
	});

	test("list over pages", async () => {
		for (let index = 0; index < 2500; index++) server.unit(`u/${String(index).padStart(5, "0")}`);
		const units = await client().listUnits({ prefix: "u/" });
		expect(units.length).toBe(2500);
		expect(new Set(units.map(({ id }) => id)).size).toBe(2500);
		expect(server.requests.length).toBe(3);
	});

	test("an answer that is no OpenTaco answer says so", async () => {
		for (const answer of [
			() => new Response("<html>welcome</html>"),
			() => Response.json([1]),
			() => Response.json({ hello: 1 }),
			() => Response.json(null),
			() => new Response("<html>", { status: 404 }),
		]) {
			server.faults.push(answer);
			expect((await failed(client().getUnit("a"))).code).toBe("invalid_response");
		}
	});
});

describe("errors", () => {
	test("carry the server's code, hint, lock, status and request id", async () => {
		server.unit("a");
		server.lockOf("a", "lock-1");
		const error = await failed(client().lock("a", { id: "lock-2" }));
		expect(error.code).toBe("locked");
		expect(error.status).toBe(409);
		expect(error.hint).toBe("wait, or ask the holder");
		expect(error.requestId).toBe("req-1");
		expect(error.lock?.id).toBe("lock-1");
	});

	test("a redirect is reported and not followed, and the token goes nowhere else", async () => {
		const other = new FakeServer();
		try {
			server.faults.push(
				() => new Response(null, { status: 307, headers: { location: `${other.url}/v1/info` } }),
			);
			const error = await failed(client({ token: "secret" }).info());
			expect(error.code).toBe("redirected");
			expect(error.message).toContain(other.url);
			expect(other.requests).toEqual([]);
		} finally {
			await other.stop();
		}
	});

	test("an error body with missing or wrong fields is no error body", () => {
		expect(parseErrorBody("{")).toBeNull();
		expect(parseErrorBody("[]")).toBeNull();
		expect(parseErrorBody('{"error":1,"message":"x"}')).toBeNull();
		expect(parseErrorBody('{"error":"locked","message":"x","lock":7}')).toEqual({
			error: "locked",
			message: "x",
			hint: "",
			request_id: "",
		});
	});

	test("a server that is not there was sent nothing", async () => {
		await server.stop();
		const error = await failed(client().createUnit("a"));
		expect(error.code).toBe("server_unreachable");
		expect(error.status).toBeNull();
	});
});

describe("repetition", () => {
	const unavailable = (): Response => new Response("", { status: 503 });

	test("reads are repeated after 502, 503 and 504, and no more than three times", async () => {
		server.unit("a");
		for (const status of [502, 504]) server.faults.push(() => new Response("", { status }));
		expect((await client().getUnit("a")).id).toBe("a");
		expect(server.requests.length).toBe(3);
		expect(waits).toEqual([250, 500]);

		server.requests.length = 0;
		server.faults.push(unavailable, unavailable, unavailable);
		expect((await failed(client().getUnit("a"))).code).toBe("storage_unavailable");
		expect(server.requests.length).toBe(3);
	});

	test("Retry-After is obeyed, and a long one ends it", async () => {
		server.unit("a");
		server.faults.push(() => new Response("", { status: 503, headers: { "retry-after": "2" } }));
		await client().getUnit("a");
		expect(waits).toEqual([2000]);

		server.faults.push(() => new Response("", { status: 503, headers: { "retry-after": "600" } }));
		await failed(client().getUnit("a"));
		expect(waits).toEqual([2000]);
	});

	test("Retry-After in both forms", () => {
		const now = Date.parse("2026-01-01T00:00:00Z");
		expect(parseRetryAfter("3")).toBe(3000);
		expect(parseRetryAfter("Thu, 01 Jan 2026 00:00:05 GMT", now)).toBe(5000);
		expect(parseRetryAfter("Wed, 31 Dec 2025 00:00:05 GMT", now)).toBe(0);
		expect(parseRetryAfter("soon")).toBeNull();
		expect(parseRetryAfter(null)).toBeNull();
	});

	test("other failures are not repeated", async () => {
		server.unit("a");
		for (const [status, code] of [
			[500, "internal"],
			[409, "locked"],
			[401, "unauthenticated"],
		] as const) {
			server.requests.length = 0;
			server.faults.push(() => failure(status, code, "no", ""));
			expect((await failed(client().getUnit("a"))).code).toBe(code);
			expect(server.requests.length).toBe(1);
		}
	});

	test("an upload is repeated with all its bytes", async () => {
		server.unit("a");
		server.faults.push(unavailable, unavailable);
		await client().upload("a", bytesBody(new TextEncoder().encode('{"serial":1}')));
		expect(server.requests.map(({ body }) => body.length)).toEqual([12, 12, 12]);
		expect(server.state("a")).toBe('{"serial":1}');
	});

	test("a lock whose answer was lost is taken once, with the same id", async () => {
		server.unit("a");
		server.faults.push(async (_, after) => {
			await after();
			return unavailable();
		});
		expect((await client().lock("a", { id: "mine" })).id).toBe("mine");
		expect(server.requests.length).toBe(2);
	});

	test("an unlock whose answer was lost succeeds", async () => {
		server.unit("a");
		server.lockOf("a", "mine");
		server.faults.push(async (_, after) => {
			await after();
			return new Response("", { status: 502 });
		});
		await client().unlock("a", "mine");
		expect(server.units.get("a")?.lock).toBeUndefined();
	});

	test("what must not happen twice is sent once, and a gateway's failure leaves it open", async () => {
		server.unit("gone", "{}");
		const calls: (() => Promise<unknown>)[] = [
			() => client().createUnit("new"),
			() => client().deleteUnit("gone"),
			() => client().undeleteUnit("gone"),
			() => client().forceUnlock("gone"),
			() => client().restore("gone", { version: 1 }),
			() => client().updateUnit("gone", {}, { ifMatch: '"g1"' }),
			() => client().upload("gone", bytesBody(new Uint8Array(1)), { ifMatch: "00" }),
		];
		for (const call of calls) {
			server.requests.length = 0;
			server.faults.push(() => new Response("", { status: 502 }));
			expect((await failed(call())).code).toBe("outcome_unknown");
			expect(server.requests.length).toBe(1);
		}
	});

	test("what the server says it has not done is sent again, whatever it is", async () => {
		for (const code of ["contention", "storage_unavailable", "shutting_down", "overloaded"]) {
			server.faults.push(() => failure(503, code, "not now", ""));
			expect((await client().createUnit(`new/${code}`)).id).toBe(`new/${code}`);
		}
		server.faults.push(() => failure(503, "outcome_unknown", "who knows", ""));
		expect((await failed(client().createUnit("other"))).code).toBe("outcome_unknown");
	});

	test("an unknown outcome stays unknown when the server is gone afterwards", async () => {
		const body = bytesBody(new Uint8Array(3));
		let tries = 0;
		const fetch = async (): Promise<Response> => {
			tries++;
			throw Object.assign(new Error("no"), { code: tries === 1 ? "ECONNRESET" : "ECONNREFUSED" });
		};
		expect((await failed(client({ fetch }).upload("a", body))).code).toBe("outcome_unknown");
		expect(tries).toBe(3);
	});

	test("nothing is sent again after the time ran out", async () => {
		server.unit("a");
		server.faults.push(() => new Promise<Response>(() => undefined));
		const lock = failed(client({ requestDeadlineMs: 30 }).lock("a", { id: "x" }));
		expect((await lock).code).toBe("outcome_unknown");
		server.faults.push(() => new Promise<Response>(() => undefined));
		const read = failed(client({ requestDeadlineMs: 30 }).getUnit("a"));
		expect((await read).code).toBe("request_timeout");
		expect(server.requests.length).toBe(2);
	});

	test("the caller's signal ends waiting and sending", async () => {
		const controller = new AbortController();
		server.faults.push(() => {
			controller.abort();
			return new Promise<Response>(() => undefined);
		});
		const error = await failed(client().getUnit("a", { signal: controller.signal }));
		expect(error.code).toBe("interrupted");
		await failed(client().getUnit("a", { signal: controller.signal }));
		expect(server.requests.length).toBe(1);
	});
});

describe("bodies", () => {
	test("a file is streamed with its length and MD5", async () => {
		await using folder = await temporaryDirectory("client");
		const path = join(folder.path, "state");
		const bytes = new Uint8Array(3_000_000).map((_, index) => index % 251);
		await writeFile(path, bytes);
		server.unit("a");
		const sent: number[] = [];
		await client().upload("a", await fileBody(path), { onSent: (count) => void sent.push(count) });
		expect(server.units.get("a")?.versions[0]?.view.size).toBe(3_000_000);
		expect(sent.length).toBeGreaterThan(1);
		expect(sent.reduce((sum, each) => sum + each, 0)).toBe(3_000_000);
	});

	test("a body that is not as long as announced does not arrive", async () => {
		server.unit("a");
		for (const announced of [2, 4]) {
			const body: RequestBody = { ...bytesBody(new Uint8Array(3)), bytes: announced };
			await failed(client().upload("a", body));
		}
		expect(server.units.get("a")?.versions).toEqual([]);
	});

	test("a download checks length and hash at its end", async () => {
		const unit = server.unit("a", "0123456789");
		const read = async (): Promise<string> => {
			let text = "";
			const download = await client().download("a");
			expect(download.bytes).toBe(10);
			for await (const chunk of download.chunks()) text += new TextDecoder().decode(chunk);
			return text;
		};
		expect(await read()).toBe("0123456789");
		if (unit.versions[0]) unit.versions[0].view.hash = "0".repeat(64);
		expect((await failed(read())).code).toBe("download_damaged");
	});

	test("a download that breaks off fails, however it ends", async () => {
		const short = shortServer();
		try {
			const error = await failed(
				(async () => {
					const download = await client({ serverUrl: short.url }).download("a");
					for await (const chunk of download.chunks()) expect(chunk.length).toBe(3);
				})(),
			);
			expect(["download_damaged", "server_unreachable"]).toContain(error.code);
		} finally {
			short.stop();
		}
	});

	test("a version is asked for by its number", async () => {
		const unit = server.unit("a/b", "one");
		expect(unit.versions.length).toBe(1);
		const download = await client().download("a/b", { version: 1 });
		for await (const chunk of download.chunks()) expect(chunk.length).toBe(3);
		expect(server.requests[0]?.target).toBe("/v1/units/a__b/versions/1/download");
		expect(download.version).toBe(1);
	});
});

describe("addresses and tokens", () => {
	test("one spelling", () => {
		expect(normaliseServerUrl("HTTP://Example.com:80/")).toBe("http://example.com");
		expect(normaliseServerUrl("https://example.com/taco//")).toBe("https://example.com/taco");
		expect(normaliseServerUrl(" http://[::1]:8080 ")).toBe("http://[::1]:8080");
	});

	test("a path before /v1 is kept", async () => {
		server.unit("a");
		await failed(client({ serverUrl: `${server.url}/below/` }).getUnit("a"));
		expect(server.requests[0]?.target).toBe("/below/v1/units/a");
	});

	test("what cannot be an address is refused, without repeating it", () => {
		for (const text of [
			"",
			"localhost:8080",
			"ftp://x",
			"http://",
			"http://user:hunter2@host",
			"http://host/?q=1",
			"http://host/#f",
			`http://${"x".repeat(3000)}`,
		]) {
			try {
				normaliseServerUrl(text);
				throw new Error(`accepted: ${text}`);
			} catch (error) {
				expect((error as ClientError).code).toBe("invalid_server_url");
				expect((error as ClientError).message).not.toContain("hunter2");
			}
		}
	});

	test("a token with a line break never becomes a header", () => {
		for (const token of ["a\nb", "a b", "", "ä", "x".repeat(20_000)]) {
			expect(() => client({ token })).toThrow("the token holds");
		}
	});
});

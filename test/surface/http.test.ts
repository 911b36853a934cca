/** What holds for every request: hosts, request ids, limits, failures of the storage, the log. */
import { describe, expect, test } from "bun:test";
import { DomainError } from "../../src/core/errors.ts";
import {
	type BlobStore,
	StoreError,
	type StoreErrorKind,
} from "../../src/core/ports/blob-store.ts";
import { systemClock } from "../../src/server/machine.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { adminToken, basic, createTestApp, lockInfo, seed, stateText } from "./test-app.ts";

/** A memory store whose every operation fails once `kind` is set. */
function failingStore(): { store: BlobStore; fail: (kind: StoreErrorKind | null) => void } {
	let failure: StoreErrorKind | null = null;
	const inner = new MemoryStore(systemClock);
	const store = new Proxy(inner, {
		get(target, name) {
			const value = Reflect.get(target, name, target);
			if (typeof value !== "function") return value;
			return (...args: unknown[]) => {
				if (failure === null || name === "close") return value.apply(target, args);
				return Promise.reject(new StoreError(failure, "SECRET-endpoint.example refused"));
			};
		},
	});
	return { store, fail: (kind) => (failure = kind) };
}

describe("a storage that fails", () => {
	for (const kind of ["denied", "unavailable", "timeout", "throttled", "no_such_store"] as const) {
		test(`with ${kind} is never an absent state, an absent lock or a success`, async () => {
			const { store, fail } = failingStore();
			const app = createTestApp({ store, actDeadlineMs: 200 });
			await seed(app);
			fail(kind);
			const calls = [
				["GET", "/v1/backend/app/prod"],
				["GET", "/v1/backend/never/seen"],
				["LOCK", "/v1/backend/app/prod", JSON.stringify({ ...lockInfo, ID: "n" })],
				["UNLOCK", "/v1/backend/app/held", JSON.stringify(lockInfo)],
				["UNLOCK", "/v1/backend/app/held"],
				["POST", "/v1/backend/app/prod", stateText(3)],
				["GET", "/v1/units/app__prod"],
				["GET", "/v1/units/app__prod/versions"],
				["GET", "/v1/units/app__prod/outputs"],
				["DELETE", "/v1/units/app__prod"],
				["POST", "/v1/units", '{"id":"another"}'],
			] as const;
			const answers = await Promise.all(
				calls.map(async ([method, path, body]) => {
					const response = await app.send(method, path, body === undefined ? {} : { body });
					return { method, path, status: response.status, text: await response.text() };
				}),
			);
			for (const answer of answers) {
				expect(answer).toMatchObject({ status: 503 });
				expect(answer.text).toMatch(/storage_unavailable|outcome_unknown/);
				expect(answer.text).not.toContain("SECRET");
			}
			const ready = await app.send("GET", "/readyz", { as: "nobody" });
			expect(ready.status).toBe(503);
			expect(await ready.json()).toMatchObject({ reason: `storage_${kind}` });
			expect((await app.send("GET", "/healthz", { as: "nobody" })).status).toBe(200);
			fail(null);
			await app.core.flush();
		});
	}
});

describe("the Host header", () => {
	for (const host of ["a, b", "a/b", "a b", "", "user@host", "<x>", "a:b", "-a", "[::1"]) {
		test(`${JSON.stringify(host)} is refused`, async () => {
			const app = createTestApp();
			for (const path of ["/v1/info", "/healthz"]) {
				const response = await app.send("GET", path, { headers: { host } });
				expect(response.status).toBe(400);
				expect(await response.json()).toMatchObject({ error: "invalid_request" });
			}
		});
	}

	for (const host of ["localhost:8080", "10.0.0.1", "[::1]:8080", "Taco.Example", "x"]) {
		test(`${host} is taken`, async () => {
			const app = createTestApp();
			expect((await app.send("GET", "/v1/info", { headers: { host } })).status).toBe(200);
		});
	}

	test("must be on the list where there is one, except for health checks", async () => {
		const app = createTestApp({ allowedHosts: ["taco.example"], isAuthDisabled: true });
		const rebound = { headers: { host: "evil.example" } };
		expect((await app.send("GET", "/v1/units", rebound)).status).toBe(403);
		expect((await app.send("GET", "/metrics", rebound)).status).toBe(403);
		expect((await app.send("GET", "/healthz", rebound)).status).toBe(200);
		const own = { headers: { host: "TACO.example:8080" } };
		expect((await app.send("GET", "/v1/units", own)).status).toBe(200);
	});

	test("of few characters does not move the path, over http and https", async () => {
		const [http, https] = [createTestApp(), createTestApp({ isTls: true })];
		for (const origin of ["http://h", "http://ab"]) {
			const shifted = await http.send("GET", "/xx/healthz", { origin, as: "nobody" });
			expect(shifted.status).toBe(401);
			expect((await http.send("GET", "/v1/info", { origin })).status).toBe(200);
		}
		for (const origin of ["https://h", "https://ab"]) {
			const shifted = await https.send("GET", "/xx/healthz", { origin, as: "nobody" });
			expect(shifted.status).toBe(400);
		}
		const origin = "https://abc";
		expect((await https.send("GET", "/v1/info", { origin })).status).toBe(200);
		expect((await https.send("GET", "/xx/healthz", { origin, as: "nobody" })).status).toBe(401);
	});
});

describe("credentials", () => {
	const withHeader = async (authorization: string, path = "/v1/backend/app/none") => {
		const app = createTestApp();
		return (await app.send("GET", path, { headers: { authorization } })).status;
	};

	for (const header of [
		`Bearer ${adminToken}`,
		`bearer  ${adminToken}`,
		basic(adminToken),
		basic(adminToken, ""),
		basic(adminToken, "user:name".replace(":", "")),
	]) {
		test(`${header.split(" ")[0]} is taken`, async () =>
			expect(await withHeader(header)).toBe(404));
	}

	test("the management API takes the admin token either way", async () => {
		expect(await withHeader(basic(adminToken), "/v1/info")).toBe(200);
		expect(await withHeader(`Bearer ${adminToken}`, "/v1/info")).toBe(200);
	});

	for (const header of [
		"",
		"Bearer",
		"Bearer ",
		"Basic",
		"Basic !!!!",
		`Basic ${adminToken}`,
		`Digest ${adminToken}`,
		adminToken,
		`Bearer ${adminToken}x`,
		`Bearer ${adminToken.slice(0, -1)}`,
		`Bearer ${adminToken} x`,
		`Bearer ${adminToken}, Bearer ${adminToken}`,
		basic(""),
		basic(`${adminToken}\n`),
		`Basic ${Buffer.from(adminToken).toString("base64")}`,
		`Bearer ${"x".repeat(10_000)}`,
	]) {
		test(`${JSON.stringify(header.slice(0, 30))} is refused`, async () =>
			expect(await withHeader(header)).toBe(401));
	}

	test("a page of another site cannot use what the browser remembers", async () => {
		const app = createTestApp();
		const headers = { "sec-fetch-site": "cross-site" };
		expect((await app.send("GET", "/v1/units", { headers })).status).toBe(403);
	});

	test("--auth-disable lets everybody in as anonymous", async () => {
		const app = createTestApp({ isAuthDisabled: true });
		const created = await app.send("POST", "/v1/units", { body: '{"id":"a"}', as: "nobody" });
		expect(created.status).toBe(201);
		await app.send("POST", "/v1/units/a/lock", { as: "nobody" });
		const unit = await (await app.send("GET", "/v1/units/a", { as: "nobody" })).json();
		expect(unit).toMatchObject({ lock: { principal: "anonymous" } });
	});
});

describe("requests", () => {
	test("keep a harmless request id and get another one otherwise", async () => {
		const app = createTestApp();
		const idFor = async (given: string) => {
			const headers = { "x-request-id": given };
			return (await app.send("GET", "/healthz", { headers })).headers.get("x-request-id");
		};
		expect(await idFor("ci-run.42_a")).toBe("ci-run.42_a");
		for (const bad of ["a b", "x".repeat(65), "a\u00e9", "<script>", ""]) {
			expect(await idFor(bad)).toMatch(/^[0-9a-f]{32}$/);
		}
	});

	test("above the limit are told to come back; health is still answered", async () => {
		let release = () => {};
		const gate = new Promise<void>((resolve) => {
			release = resolve;
		});
		const app = createTestApp({
			requestsAtOnceMax: 2,
			decide: async () => {
				await gate;
				return true;
			},
		});
		const busy = [1, 2].map(() => app.send("GET", "/v1/units/a"));
		const refused = await app.send("GET", "/v1/units/a");
		expect(refused.status).toBe(503);
		expect(await refused.json()).toMatchObject({ error: "overloaded" });
		expect((await app.send("GET", "/healthz")).status).toBe(200);
		release();
		for (const response of await Promise.all(busy)) expect(response.status).toBe(404);
	});

	test("that meet a defect say nothing of it", async () => {
		const app = createTestApp({
			decide: async () => {
				throw new TypeError("SECRET detail");
			},
		});
		for (const path of ["/v1/units/a", "/v1/backend/a"]) {
			const response = await app.send("GET", path);
			const text = await response.text();
			expect(response.status).toBe(500);
			expect(text).toContain('"error":"internal"');
			expect(text).not.toContain("SECRET");
		}
		expect(app.log.join("")).toContain("SECRET detail");
	});

	test("that meet a refusal of the decision log no private detail to the client", async () => {
		const app = createTestApp({
			decide: async () => {
				throw new DomainError("storage_unavailable", "roles cannot be read", {
					privateDetail: "SECRET",
				});
			},
		});
		const response = await app.send("LOCK", "/v1/backend/a", { body: JSON.stringify(lockInfo) });
		expect(response.status).toBe(503);
		expect(await response.text()).not.toContain("SECRET");
	});

	test("are logged once, with what an operator needs and nothing secret", async () => {
		const app = createTestApp();
		const headers = { "x-request-id": "rid-1" };
		await app.send("POST", "/v1/backend/a/b?ID=", { body: stateText(1), headers });
		await app.core.flush();
		const lines = app.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request");
		expect(lines).toEqual([
			expect.objectContaining({
				level: "info",
				request_id: "rid-1",
				method: "POST",
				surface: "http-backend",
				operation: "write",
				unit: "a/b",
				status: 200,
				principal: "admin",
			}),
		]);
		expect(app.log.join("")).not.toContain("CANARY");
	});

	test("that are refused have in their line why, on every surface", async () => {
		const app = createTestApp();
		const locked = { body: JSON.stringify(lockInfo) };
		await app.send("LOCK", "/v1/backend/a", locked);
		await app.send("POST", "/v1/backend/a", { body: stateText(1) });
		await app.send("GET", "/tfe/api/v2/nothing");
		await app.send("POST", "/tfe/api/v2/runs", { body: "{}" });
		await app.send("GET", "/s3/opentaco?acl", { as: "nobody" });
		const lines = app.log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "request");
		expect(lines[0]).not.toHaveProperty("reason");
		expect(lines.slice(1)).toEqual([
			expect.objectContaining({
				status: 409,
				code: "locked",
				reason: expect.stringContaining("held by"),
			}),
			expect.objectContaining({ status: 404, code: "route_not_found" }),
			expect.objectContaining({ status: 422, reason: expect.stringContaining("does not run") }),
			expect.objectContaining({ status: 403, reason: expect.any(String) }),
		]);
	});

	test("of a draining server end their connection", async () => {
		const app = createTestApp();
		app.isDraining = true;
		const response = await app.send("GET", "/v1/info");
		expect(response.status).toBe(200);
		expect(response.headers.get("connection")).toBe("close");
	});
});

describe("the OpenAPI document", () => {
	test("describes every operation, and every reference resolves", async () => {
		const app = createTestApp();
		const text = await (await app.send("GET", "/swagger/json", { as: "nobody" })).text();
		const document = JSON.parse(text);
		const { operations } = await import("../../src/server/surfaces/management/index.ts");
		for (const operation of operations) {
			const path = operation.path.replace(/:(\w+)/g, "{$1}");
			expect(document.paths[path]?.[operation.method.toLowerCase()]).toMatchObject({
				operationId: operation.id,
				summary: operation.summary,
			});
		}
		const { backendMethods } = await import("../../src/server/surfaces/http-backend/index.ts");
		const backend = document.paths["/v1/backend/{id}"];
		for (const method of backendMethods) {
			// OpenAPI knows no LOCK and UNLOCK: their paths of their own are described.
			if (method === "LOCK" || method === "UNLOCK") {
				const alias = document.paths[`/v1/backend/{id}/${method.toLowerCase()}`];
				expect(alias?.post.summary).toContain(method);
			} else if (method !== "HEAD") {
				expect(backend?.[method.toLowerCase()]).toMatchObject({ tags: ["Terraform backend"] });
			}
		}
		const tags = new Set(document.tags.map(({ name }: { name: string }) => name));
		for (const operation of operations) {
			expect(tags).toContain(operation.tag);
			const described = document.paths[operation.path.replace(/:(\w+)/g, "{$1}")];
			expect(described?.[operation.method.toLowerCase()].security).toEqual(
				operation.scope === "public" ? [] : undefined,
			);
		}
		// Basic on `/v1` is for the admin token alone, and not what clients should be made for.
		expect(document.security).toEqual([{ bearer: [] }]);
		expect(Object.keys(document.paths).filter((path) => !path.startsWith("/v1/"))).toEqual([]);
		const references = [...text.matchAll(/"\$ref": "#\/components\/schemas\/(\w+)"/g)];
		expect(references.length).toBeGreaterThan(10);
		for (const [, name = ""] of references) {
			expect(document.components.schemas).toHaveProperty(name);
		}
		expect(text).not.toContain('"$id"');
	});
});

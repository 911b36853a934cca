/** What people who may see only some of the units are told of the graph. */
import { describe, expect, test } from "bun:test";
import type { Principal } from "../../src/core/principal.ts";
import type { Decide } from "../../src/core/rbac/grant.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { realClock } from "../support/core.ts";
import { FaultStore } from "../support/fault-store.ts";
import { dependency, remoteState, stateText } from "../support/graph-states.ts";
import { createTestApp, lockInfo } from "./test-app.ts";

const reader: Principal = { id: "user:x", credentialKind: "access-token", loginId: "l" };

/** The reader sees nothing below `secret/`. */
const decide: Decide = async ({ principal }, action, resource) =>
	principal.id !== "user:x" || (action === "unit.read" && !resource.startsWith("secret/"));

let serial = 0;

/** Units of which the reader sees some, in a chain of declared edges. */
async function chained() {
	const app = createTestApp({ decide, principals: { x: reader } });
	const apply = async (unit: string, outputs: object, resources: readonly unknown[] = []) => {
		const ID = `apply-${++serial}`;
		const body = JSON.stringify({ ...lockInfo, ID });
		const state = stateText(serial, unit, { outputs: { ...outputs }, resources });
		await app.send("LOCK", `/v1/backend/${unit}`, { body });
		await app.send("POST", `/v1/backend/${unit}?ID=${ID}`, { body: state });
		await app.send("UNLOCK", `/v1/backend/${unit}`, { body });
	};
	await app.send("GET", "/v1/status");
	await app.send("POST", "/v1/units", { body: '{"id":"__opentaco_system"}' });
	const resources = [
		dependency("e1", "secret/a", "t", "shown/b"),
		dependency("e2", "shown/b", "t", "secret/c"),
		dependency("e3", "secret/c", "t", "shown/d"),
		dependency("e4", "shown/d", "t", "shown/e"),
		dependency("bad", "secret/x", "t", "secret/x"),
	];
	const system = stateText(1, "system", { resources });
	await app.send("POST", "/v1/backend/__opentaco_system", { body: system });
	for (const unit of ["secret/a", "shown/b", "secret/c", "shown/d", "shown/e"]) {
		await apply(unit, { t: 1 });
	}
	await apply("secret/a", { t: 2 });
	return {
		...{ app, apply },
		async seen(path: string) {
			const response = await app.send("GET", path, { headers: { authorization: "Bearer x" } });
			const text = await response.text();
			return { status: response.status, text, json: JSON.parse(text) };
		},
		[Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
	};
}

describe("hidden units", () => {
	test("make a unit red without being named", async () => {
		await using estate = await chained();
		const { seen } = estate;
		const { json, text } = await seen("/v1/units/shown__b/status");
		expect(json).toMatchObject({
			status: "red",
			incoming: [],
			outgoing: [],
			summary: { incoming_ok: 0, incoming_pending: 0, incoming_unknown: 0 },
			reasons: [{ code: "hidden_upstream" }],
		});
		expect(text).not.toContain("secret");
	});

	test("pass a status on without being named", async () => {
		await using estate = await chained();
		const { seen } = estate;
		const { json, text } = await seen("/v1/status");
		const statuses = json.units.map((unit: { unit_id: string; status: string }) => [
			unit.unit_id,
			unit.status,
		]);
		expect(statuses).toEqual([
			["__opentaco_system", "green"],
			["shown/b", "red"],
			["shown/d", "yellow"],
			["shown/e", "yellow"],
		]);
		expect(text).not.toContain("secret");
	});

	test("are in no picture, no order and no blast, and leave no gap there", async () => {
		await using estate = await chained();
		const { seen } = estate;
		for (const path of [
			"/v1/graph?format=json",
			"/v1/graph/order",
			"/v1/graph/blast?unit=shown/b",
		]) {
			const { status, text } = await seen(path);
			expect(status).toBe(200);
			expect(text.replace("__opentaco_system", "")).not.toMatch(/secret|"bad"/);
		}
		const { json } = await seen("/v1/graph/order?prefix=shown/");
		expect(json.units.map((unit: { wave: number }) => unit.wave)).toEqual([1, 2, 3]);
		const blast = (await seen("/v1/graph/blast?unit=shown/b")).json;
		expect(blast.units.map((unit: { unit_id: string }) => unit.unit_id)).toEqual([
			"shown/d",
			"shown/e",
		]);
	});

	test("cannot be told from units that do not exist", async () => {
		await using estate = await chained();
		const { seen } = estate;
		const hidden = await seen("/v1/units/secret__a/status");
		const missing = await seen("/v1/units/secret__nothing/status");
		expect(hidden.status).toBe(404);
		expect({ ...hidden.json, request_id: "" }).toEqual({ ...missing.json, request_id: "" });
	});
});

test("values and secrets of a configuration appear nowhere", async () => {
	await using estate = await chained();
	const { app, apply } = estate;
	const config = { address: "http://taco.test/v1/backend/secret/a", password: "CANARY-password" };
	await apply("shown/f", {}, [remoteState("a", "http", config, { t: "CANARY-value" })]);
	for (const path of ["/v1/units/shown__f/status", "/v1/status?edges=true", "/v1/graph"]) {
		const response = await app.send("GET", path);
		const text = await response.text();
		expect(text).toContain("shown/f");
		expect(text).not.toContain("CANARY");
	}
});

describe("a credential of one unit that reads single outputs of another", () => {
	const machine: Principal = {
		...{ id: "service:api", credentialKind: "api-token", loginId: "m" },
		email: "boss@example.com",
		scope: { units: ["app/api", "net/vpc#id"], roles: null },
	};

	test("makes an edge, which counts as taken in by the next write only", async () => {
		await using own = createTestApp({
			...{ decide: "roles", principals: { machine }, admins: ["boss@example.com"] },
		});
		const machineSends = (method: string, path: string, body?: string) =>
			own.send(method, path, {
				headers: { authorization: "Bearer machine" },
				...(body === undefined ? {} : { body }),
			});
		const put = async (unit: string, id: number) => {
			const body = stateText(++serial, unit, { outputs: { id, other: "CANARY" } });
			expect((await own.send("POST", `/v1/backend/${unit}`, { body })).status).toBe(200);
		};
		const status = async () => {
			await own.core.tasks.idle();
			const response = await own.send("GET", "/v1/units/app__api/status");
			const { status: colour, incoming } = (await response.json()) as {
				status: string;
				incoming: { from_output: string; status: string; sources: string[] }[];
			};
			return [
				colour,
				...incoming.map((edge) => `${edge.from_output} ${edge.status} ${edge.sources}`),
			];
		};
		const read = async () => {
			const response = await machineSends("GET", "/v1/units/net__vpc/outputs");
			expect(response.status).toBe(200);
			expect(await response.text()).not.toContain("CANARY");
		};
		await put("net/vpc", 1);
		await put("app/api", 1);
		expect(await status()).toEqual(["green"]);
		await read();
		expect(await status()).toEqual(["red", "id pending read"]);
		await put("app/api", 2);
		expect(await status()).toEqual(["green", "id ok read"]);
		await put("net/vpc", 2);
		expect(await status()).toEqual(["red", "id pending read"]);
		await read();
		expect(await status()).toEqual(["red", "id pending read"]);
		await put("app/api", 3);
		expect(await status()).toEqual(["green", "id ok read"]);
	});
});

test("a state that reads thousands of outputs does not fill the list of all units", async () => {
	await using own = createTestApp();
	const values = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`o${at}`, at]));
	const reading = {
		...{ mode: "data", type: "opentaco_outputs", name: "r", provider: "p" },
		instances: [{ attributes: { unit_id: "net/vpc", values } }],
	};
	const states = { "net/vpc": {}, "app/api": { resources: [reading] } };
	for (const [unit, content] of Object.entries(states)) {
		const body = stateText(++serial, unit, content);
		expect((await own.send("POST", `/v1/backend/${unit}`, { body })).status).toBe(200);
	}
	const list = (await (await own.send("GET", "/v1/status?prefix=app/")).json()) as {
		units: { reasons: unknown[]; summary: object }[];
	};
	expect(list.units[0]?.reasons).toHaveLength(20);
	expect(list.units[0]?.summary).toMatchObject({ incoming_unknown: 3000 });
	const one = await (await own.send("GET", "/v1/units/app__api/status")).json();
	expect((one as { reasons: unknown[] }).reasons).toHaveLength(3000);
});

test("nobody makes an edge into a unit that they cannot write by narrowing a token to it", async () => {
	const liar: Principal = {
		...{ id: "oidc:liar", credentialKind: "api-token", loginId: "m" },
		scope: { units: ["app/api", "net/vpc#id"], roles: null },
	};
	const mayRead: Decide = async ({ principal }, action, resource) =>
		principal.id !== "oidc:liar" || (action === "unit.read-outputs" && resource === "net/vpc");
	await using own = createTestApp({ decide: mayRead, principals: { liar } });
	for (const unit of ["net/vpc", "app/api"]) {
		const body = stateText(++serial, unit, { outputs: { id: 1 } });
		expect((await own.send("POST", `/v1/backend/${unit}`, { body })).status).toBe(200);
	}
	const headers = { authorization: "Bearer liar" };
	expect((await own.send("GET", "/v1/units/net__vpc/outputs", { headers })).status).toBe(200);
	await own.core.tasks.idle();
	const shown = await (await own.send("GET", "/v1/units/app__api/status")).json();
	expect(shown).toMatchObject({ status: "green", incoming: [] });
});

test("what cannot be read is an error and never green", async () => {
	let isDown = false;
	const store = new FaultStore(new MemoryStore(realClock), () =>
		isDown ? { kind: "before", error: "unavailable" } : null,
	);
	await using own = createTestApp({ store });
	await own.send("POST", "/v1/backend/a", { body: stateText(1, "a", { outputs: { id: 1 } }) });
	expect((await own.send("GET", "/v1/units/a/status")).status).toBe(200);
	isDown = true;
	expect((await own.send("GET", "/v1/units/a/status")).status).toBe(503);
	const cold = createTestApp({ store });
	for (const path of ["/v1/status", "/v1/graph", "/v1/graph/order", "/v1/graph/blast?unit=a"]) {
		const response = await cold.send("GET", path);
		expect([path, response.status]).toEqual([path, 503]);
	}
	isDown = false;
});

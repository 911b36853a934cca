/** Tokens of people, teams and the organization: whom they speak for, and when they end. */
import { describe, expect, test } from "bun:test";
import { workspaceId } from "../../support/workspace-id.ts";
import { stateText } from "../test-app.ts";
import { base, call, made, onWorkspace, org, team, teamBody, useTeamsApp } from "./teams-app.ts";

useTeamsApp();

describe("tokens", () => {
	test("of a team speak for it alone; another one takes the place of the one before", async () => {
		const id = await team("platform", ["ann@example.com"]);
		await made(`${base}/team-workspaces`, onWorkspace(id, "read"));
		const path = `${base}/teams/${id}/authentication-token`;
		const first = (await made(path, {})).attributes.token;
		expect((await call(first, "GET", "/v1/units/shop__a")).status).toBe(200);
		expect((await call(first, "GET", "/v1/units/shop__b")).status).toBe(404);
		const account = await call(first, "GET", `${base}/account/details`);
		expect(account.data.attributes["is-service-account"]).toBe(true);
		const own = `${base}/users/${account.data.id}/authentication-tokens`;
		expect((await call(first, "POST", own, {})).status).toBe(403);
		const second = await made(path, {}, "ann");
		expect((await call(first, "GET", "/v1/units/shop__a")).status).toBe(401);
		expect((await call(second.attributes.token, "GET", "/v1/units/shop__a")).status).toBe(200);
		expect((await call("ann", "GET", path)).data.attributes.token).toBeNull();
		expect((await call("bob", "GET", path)).status).toBe(404);
		const described = await made(`${path}s`, {
			data: { type: "authentication-tokens", attributes: { description: "ci" } },
		});
		expect((await call("ann", "GET", `${path}s`)).data).toHaveLength(2);
		const one = `${base}/authentication-tokens/${described.id}`;
		expect((await call("bob", "DELETE", one)).status).toBe(404);
		expect((await call("ann", "DELETE", one)).status).toBe(204);
		expect((await call(described.attributes.token, "GET", "/v1/units/shop__a")).status).toBe(401);
	});

	test("end after two years unless somebody names an end", async () => {
		const id = await team("platform");
		const user = (await call("ann", "GET", `${base}/account/details`)).data.id;
		const places: [string, string | null][] = [
			[`${base}/teams/${id}/authentication-token`, null],
			[`${org}/authentication-token`, null],
			[`${org}/authentication-token?token=audit-trails`, null],
			[`${base}/users/${user}/authentication-tokens`, "ann"],
		];
		for (const [path, who] of places) {
			const { attributes } = await made(path, {}, who);
			const end = new Date(attributes["created-at"]);
			end.setUTCFullYear(end.getUTCFullYear() + 2);
			const afterMs = end.getTime() - Date.parse(attributes["expired-at"]);
			expect(Math.abs(afterMs)).toBeLessThan(60_000);
			const none = { data: { type: "authentication-tokens", attributes: { "expired-at": null } } };
			expect((await made(path, none, who)).attributes["expired-at"]).not.toBeNull();
		}
	});

	test("of a team are told apart by their descriptions", async () => {
		const ids = [await team("platform"), await team("network")];
		const [path, other] = ids.map((id) => `${base}/teams/${id}/authentication-tokens`);
		const wish = { data: { type: "authentication-tokens", attributes: { description: "ci" } } };
		const first = await made(String(path), wish);
		const again = await call(null, "POST", String(path), wish);
		expect(again.status).toBe(422);
		expect(again.json.errors[0]).toEqual({
			status: "422",
			title: "invalid attributes",
			detail: "Validation failed: Description has already been taken",
		});
		expect((await call(null, "GET", String(path))).data).toHaveLength(1);
		await made(String(other), wish);
		await call(null, "DELETE", `${base}/authentication-tokens/${first.id}`);
		await made(String(path), wish);
	});

	test("of a team hold locks as the team", async () => {
		const id = await team("platform", ["ann@example.com"]);
		await made(`${base}/team-workspaces`, onWorkspace(id, "write"));
		const { token } = (await made(`${base}/teams/${id}/authentication-token`, {})).attributes;
		const ws = `${base}/workspaces/${workspaceId("shop/a")}`;
		const locked = await call(token, "POST", `${ws}/actions/lock`, {});
		expect(locked.data.relationships["locked-by"]).toEqual({ data: { id, type: "teams" } });
		const refused = await call(null, "POST", `${ws}/actions/unlock`);
		expect(refused.status).toBe(409);
		expect(refused.text).toContain("is locked by Team");
		expect((await call(token, "POST", `${ws}/actions/unlock`)).status).toBe(200);
	});

	test("of a team end with it, and with its leave for members", async () => {
		const closed = { "allow-member-token-management": false };
		const id = await team("platform", ["ann@example.com"], closed);
		const path = `${base}/teams/${id}/authentication-token`;
		expect((await call("ann", "POST", path, {})).status).toBe(403);
		const { token } = (await made(path, {})).attributes;
		expect((await call(token, "GET", "/v1/rbac/me")).status).toBe(200);
		expect((await call(null, "DELETE", `${base}/teams/${id}`)).status).toBe(204);
		expect((await call(token, "GET", "/v1/rbac/me")).status).toBe(401);
	});

	test("of the organization arrange, and reach no state", async () => {
		const { token } = (await made(`${org}/authentication-token`, {})).attributes;
		expect((await call(token, "POST", `${org}/teams`, teamBody("made"))).status).toBe(201);
		const workspace = { data: { type: "workspaces", attributes: { name: "made__here" } } };
		expect((await call(token, "POST", `${org}/workspaces`, workspace)).status).toBe(201);
		const settings = { data: { type: "workspaces", attributes: { description: "x" } } };
		const ws = `${base}/workspaces/${workspaceId("shop/a")}`;
		expect((await call(token, "PATCH", ws, settings)).status).toBe(200);
		expect((await call(token, "GET", `${org}/workspaces`)).data).toHaveLength(3);
		const vars = "/v1/units/shop__a/variables";
		expect((await call(token, "POST", vars, { key: "a" })).status).toBe(201);
		for (const [method, at] of [
			["GET", "/v1/backend/shop/a"],
			["POST", "/v1/backend/shop/a"],
			["GET", `${ws}/current-state-version`],
			["POST", `${ws}/actions/lock`],
			["GET", "/v1/units/shop__a/download"],
		] as const) {
			const body = method === "POST" ? stateText(2) : undefined;
			expect([403, 404]).toContain((await call(token, method, at, body)).status);
		}
		const again = (await made(`${org}/authentication-token`, {})).attributes.token;
		expect((await call(token, "GET", `${org}/teams`)).status).toBe(401);
		expect((await call(again, "GET", `${org}/teams`)).status).toBe(200);
	});

	test("of the organization for the audit trail read that and nothing else", async () => {
		const path = `${org}/authentication-token?token=audit-trails`;
		const { id, attributes } = await made(path, {});
		const { token } = attributes;
		expect((await call(token, "GET", "/v1/audit")).status).toBe(200);
		for (const at of ["/v1/units/shop__a", `${org}/authentication-token`]) {
			expect([403, 404]).toContain((await call(token, "GET", at)).status);
		}
		expect((await call(token, "GET", "/v1/units")).json.count).toBe(0);
		const plain = await made(`${org}/authentication-token`, {});
		expect((await call(plain.attributes.token, "GET", "/v1/audit")).status).toBe(403);
		expect((await call(null, "GET", path)).data.id).toBe(id);
		expect((await call(null, "GET", `${org}/authentication-token?token=x`)).status).toBe(422);
		expect((await call(null, "DELETE", `${base}/authentication-tokens/${id}`)).status).toBe(204);
		expect((await call(token, "GET", "/v1/audit")).status).toBe(401);
		expect((await call(null, "GET", path)).status).toBe(404);
		expect((await call(plain.attributes.token, "GET", `${org}/teams`)).status).toBe(200);
	});

	test("of a person are theirs, end when they say, and are shown once", async () => {
		const user = (await call("ann", "GET", `${base}/account/details`)).data.id;
		const path = `${base}/users/${user}/authentication-tokens`;
		const wish = (end: string | null) => ({
			data: {
				type: "authentication-tokens",
				attributes: { description: "laptop", "expired-at": end },
			},
		});
		const until = new Date(Date.now() + 3_600_000).toISOString();
		const token = await made(path, wish(until), "ann");
		expect(token.attributes).toMatchObject({ description: "laptop", "expired-at": until });
		expect((await call("ann", "POST", path, wish("2001-01-01T00:00:00Z"))).status).toBe(422);
		expect((await call("bob", "GET", path)).status).toBe(404);
		const text = token.attributes.token;
		const listed = await call("ann", "GET", path);
		expect(listed.data).toHaveLength(1);
		expect(listed.text).not.toContain(text);
		expect((await call(text, "GET", `${base}/account/details`)).data.id).toBe(user);
		const one = `${base}/authentication-tokens/${token.id}`;
		expect((await call("ann", "DELETE", one)).status).toBe(204);
		expect((await call(text, "GET", `${base}/account/details`)).status).toBe(401);
	});
});

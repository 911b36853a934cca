/** Rights by project: on every surface, from the unit's making to its move elsewhere. */
import { describe, expect, test } from "bun:test";
import type { Principal } from "../../src/core/principal.ts";
import { workspaceId } from "../support/workspace-id.ts";
import { createTestApp, lockInfo, stateText, type TestApp } from "./test-app.ts";

const principals: Record<string, Principal> = Object.fromEntries(
	["ann", "bob"].map((name) => [
		name,
		{
			...{ id: `oidc:${name}`, credentialKind: "access-token", loginId: `l-${name}` },
			email: `${name}@example.com`,
		},
	]),
);
const api = "/tfe/api/v2";
const org = `${api}/organizations/default`;

async function call(app: TestApp, who: string | null, method: string, path: string, body?: object) {
	const response = await app.send(method, path, {
		headers: who === null ? {} : { authorization: `Bearer ${who}` },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	return { status: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : null };
}

const named = (name: string, project?: string) => ({
	data: {
		type: "workspaces",
		attributes: { name },
		...(project === undefined
			? {}
			: { relationships: { project: { data: { type: "projects", id: project } } } }),
	},
});

/** Ann may work in the project "shop"; `shop/a` is there, `misc/a` in the default project. */
async function withProject(): Promise<{ app: TestApp; shop: string }> {
	const app = createTestApp({ decide: "roles", principals });
	const made = await call(app, null, "POST", `${org}/projects`, {
		data: { type: "projects", attributes: { name: "shop" } },
	});
	const shop = made.json.data.id;
	await call(app, null, "POST", `${org}/workspaces`, named("shop__a", shop));
	await call(app, null, "POST", `${org}/workspaces`, named("misc__a"));
	await call(app, null, "POST", "/v1/rbac/init", {});
	await call(app, null, "POST", "/v1/rbac/permissions", {
		id: "work",
		rules: [`allow:unit.read,unit.write,unit.lock:project:${shop}`],
	});
	await call(app, null, "POST", "/v1/rbac/roles", { id: "work" });
	await call(app, null, "POST", "/v1/rbac/roles/work/permissions", { permission_id: "work" });
	const given = { email: "ann@example.com", role_id: "work" };
	await call(app, null, "POST", "/v1/rbac/users/assign", given);
	await app.core.flush();
	return { app, shop };
}

describe("a rule about a project", () => {
	test("reaches its units on every surface, and no others", async () => {
		const { app } = await withProject();
		for (const [unit, status] of [
			["shop/a", 200],
			["misc/a", 404],
			["none/a", 404],
		] as const) {
			const segment = unit.replace("/", "__");
			const at = `/v1/backend/${unit}`;
			const answers = [
				await call(app, "ann", "GET", `/v1/units/${segment}`),
				await call(app, "ann", "LOCK", at, lockInfo),
				await call(app, "ann", "POST", `${at}?ID=${lockInfo.ID}`, JSON.parse(stateText(1))),
				await call(app, "ann", "UNLOCK", at, lockInfo),
				await call(app, "ann", "GET", `${api}/workspaces/${workspaceId(unit)}`),
				await call(
					app,
					"ann",
					"GET",
					`${api}/workspaces/${workspaceId(unit)}/current-state-version`,
				),
			];
			expect({ unit, seen: answers.map((one) => one.status) }).toEqual({
				unit,
				seen: answers.map(() => status),
			});
		}
		const listed = await call(app, "ann", "GET", "/v1/units");
		expect(listed.json.units.map(({ id }: { id: string }) => id)).toEqual(["shop/a"]);
		expect((await call(app, "bob", "GET", "/v1/units")).json.count).toBe(0);
	});

	test("lets units be made there and nowhere else, and not be moved away", async () => {
		const { app, shop } = await withProject();
		const make = (body: object) => call(app, "ann", "POST", `${org}/workspaces`, body);
		expect((await make(named("new__a", shop))).status).toBe(201);
		expect((await make(named("new__b"))).status).toBe(403);
		expect((await call(app, "ann", "POST", "/v1/units", { id: "new/b" })).status).toBe(403);
		const away = await call(app, "ann", "PATCH", `${api}/workspaces/${workspaceId("shop/a")}`, {
			data: named("shop__a", "prj-default").data,
		});
		expect(away.status).toBe(403);
		const moved = await call(app, null, "PATCH", `${api}/workspaces/${workspaceId("shop/a")}`, {
			data: named("shop__a", "prj-default").data,
		});
		expect(moved.status).toBe(200);
		expect(moved.json.data.relationships.project.data.id).toBe("prj-default");
		expect((await call(app, "ann", "GET", "/v1/units/shop__a")).status).toBe(404);
		const list = await call(app, null, "GET", `${org}/workspaces?filter[project][id]=${shop}`);
		expect(list.json.data.map(({ id }: { id: string }) => id)).toEqual([workspaceId("new/a")]);
	});

	test("is neither seen nor set among the labels", async () => {
		const { app, shop } = await withProject();
		const unit = await call(app, "ann", "GET", "/v1/units/shop__a");
		expect(unit.json.labels).toEqual({});
		const change = (who: string | null, at: string, labels: object) =>
			call(app, who, "PATCH", `/v1/units/${at}`, { labels });
		expect((await change("ann", "shop__a", { "\u0000project": "prj-default" })).status).toBe(400);
		expect((await change("ann", "shop__a", { project: "prj-default" })).status).toBe(200);
		expect((await change(null, "misc__a", { project: shop })).status).toBe(200);
		expect((await call(app, "ann", "GET", "/v1/units/shop__a")).status).toBe(200);
		expect((await call(app, "ann", "GET", "/v1/units/misc__a")).status).toBe(404);
	});

	test("may be what a role is given for", async () => {
		const { app, shop } = await withProject();
		const given = { email: "bob@example.com", role_id: "reader", unit: `project:${shop}` };
		expect((await call(app, null, "POST", "/v1/rbac/users/assign", given)).status).toBe(200);
		expect((await call(app, "bob", "GET", "/v1/units/shop__a")).status).toBe(200);
		expect((await call(app, "bob", "GET", "/v1/units/misc__a")).status).toBe(404);
		const wrong = { ...given, unit: "project:shop" };
		expect((await call(app, null, "POST", "/v1/rbac/users/assign", wrong)).status).toBe(400);
	});
});

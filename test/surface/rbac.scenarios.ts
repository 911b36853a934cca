/** `/v1/rbac`. */
import { expect } from "bun:test";
import type { Scenario } from "./scenario.ts";
import type { TestApp } from "./test-app.ts";

const json = (value: unknown): string => JSON.stringify(value);
const root = "/v1/rbac";
const dev = { id: "dev", rules: ["allow:unit.read,unit:write:dev/*", "deny:*:secret=yes"] };
const ann = { email: "ann@example.com", role_id: "dev" };

export const rbacCalls = [
	{ covers: "initRbac", method: "POST", path: `${root}/init` },
	{
		covers: "testAccess",
		method: "POST",
		path: `${root}/test`,
		body: json({ email: "a@b", action: "unit.read" }),
	},
	{ covers: "assignRole", method: "POST", path: `${root}/users/assign`, body: json(ann) },
	{ covers: "revokeRole", method: "POST", path: `${root}/users/revoke`, body: json(ann) },
	{ covers: "listAssignments", method: "GET", path: `${root}/users` },
	{ covers: "createRole", method: "POST", path: `${root}/roles`, body: json({ id: "dev" }) },
	{ covers: "listRoles", method: "GET", path: `${root}/roles` },
	{ covers: "updateRole", method: "PATCH", path: `${root}/roles/dev`, body: json({ name: "D" }) },
	{ covers: "deleteRole", method: "DELETE", path: `${root}/roles/dev` },
	{
		covers: "addPermissionsToRole",
		method: "POST",
		path: `${root}/roles/dev/permissions`,
		body: json({ permission_id: "dev" }),
	},
	{
		covers: "removePermissionFromRole",
		method: "DELETE",
		path: `${root}/roles/dev/permissions/dev`,
	},
	{ covers: "createPermission", method: "POST", path: `${root}/permissions`, body: json(dev) },
	{ covers: "listPermissions", method: "GET", path: `${root}/permissions` },
	{
		covers: "updatePermission",
		method: "PATCH",
		path: `${root}/permissions/dev`,
		body: json({ rules: ["allow:unit.read:*"] }),
	},
	{ covers: "deletePermission", method: "DELETE", path: `${root}/permissions/dev` },
];

async function post(app: TestApp, path: string, body: unknown): Promise<void> {
	const response = await app.send("POST", `${root}${path}`, { body: json(body) });
	expect(response.ok).toBe(true);
}

/** Set up, with a permission, a role that has it, and somebody who has the role. */
async function prepared(app: TestApp): Promise<void> {
	await post(app, "/init", {});
	await post(app, "/permissions", dev);
	await post(app, "/roles", { id: "dev" });
	await post(app, "/roles/dev/permissions", { permission_id: "dev" });
	await post(app, "/users/assign", ann);
}

const init = (app: TestApp) => post(app, "/init", {});

const ok = (covers: string, call: Omit<Scenario, "covers" | "kind">): Scenario => ({
	covers,
	kind: "ok",
	...call,
});

const refused = (covers: string, call: Omit<Scenario, "covers" | "kind">): Scenario => ({
	covers,
	kind: "refused",
	before: prepared,
	...call,
});

const settingUp: Scenario[] = [
	ok("initRbac", {
		name: "roles are turned on once",
		method: "POST",
		path: `${root}/init`,
		body: json({ email: "boss@example.com" }),
		status: 200,
		contains: ["RBAC initialized successfully"],
		after: async ({ send }) => {
			const again = await send("POST", `${root}/init`);
			expect(again.status).toBe(409);
			expect(await again.text()).toContain("RBAC already initialized");
			expect(await (await send("GET", `${root}/users`)).json()).toMatchObject([
				{ kind: "user", email: "boss@example.com", role_id: "admin", unit: null },
			]);
		},
	}),
	ok("getOwnAccess", {
		name: "one's own access before there are roles",
		method: "GET",
		path: `${root}/me`,
		status: 200,
		contains: ['"rbac_enabled":false', '"is_admin":true', '"roles":["admin"]', "not initialized"],
	}),
	ok("getOwnAccess", {
		name: "one's own access",
		before: init,
		method: "GET",
		path: `${root}/me`,
		status: 200,
		contains: ['"rbac_enabled":true', '"subject":"admin"', '"created_at"'],
	}),
	{
		name: "one's own access needs a credential",
		covers: "getOwnAccess",
		kind: "unauthenticated",
		method: "GET",
		path: `${root}/me`,
		status: 401,
	},
	ok("testAccess", {
		name: "somebody's access is tried out, with the reason",
		before: prepared,
		method: "POST",
		path: `${root}/test`,
		body: json({ ...ann, action: "unit:write", resource: "dev/app" }),
		status: 200,
		contains: [
			'"status":"allowed"',
			'"user_roles":["dev"]',
			'"applicable_permissions":["dev"]',
			"allow:unit.read,unit.write:dev/*",
		],
	}),
	refused("testAccess", {
		name: "an action that does not exist is not tried out",
		method: "POST",
		path: `${root}/test`,
		body: json({ action: "CANARY.fly" }),
		status: 400,
		contains: ["there is no such action", "unit.read"],
		lacks: ["CANARY"],
	}),
];

const people: Scenario[] = [
	ok("assignRole", {
		name: "a role is given for some units, twice with the same effect",
		before: prepared,
		method: "POST",
		path: `${root}/users/assign`,
		body: json({ email: "Bob@Example.com", role_id: "dev", unit: "dev/bob/*" }),
		status: 200,
		contains: ["Role assigned successfully", '"changed":true'],
		after: async ({ send }) => {
			const again = await send("POST", `${root}/users/assign`, {
				body: json({ email: "bob@example.com", role_id: "dev", unit: "dev/bob/*" }),
			});
			expect(await again.json()).toMatchObject({ changed: false });
			const list = await (await send("GET", `${root}/users`)).json();
			expect(list).toHaveLength(2);
		},
	}),
	ok("revokeRole", {
		name: "a role is taken, twice with the same effect",
		before: prepared,
		method: "POST",
		path: `${root}/users/revoke`,
		body: json(ann),
		status: 200,
		contains: ["Role revoked successfully"],
		after: async ({ send }) => {
			const again = await send("POST", `${root}/users/revoke`, { body: json(ann) });
			expect(await again.json()).toMatchObject({
				changed: false,
				message: "The role was not assigned",
			});
		},
	}),
	ok("listAssignments", {
		name: "who has which role",
		before: prepared,
		method: "GET",
		path: `${root}/users`,
		status: 200,
		contains: ['"email":"ann@example.com"', '"role_id":"dev"', '"created_by":"admin"'],
	}),
	refused("assignRole", {
		name: "a role that is not there is not given",
		method: "POST",
		path: `${root}/users/assign`,
		body: json({ email: "a@b", role_id: "CANARY" }),
		status: 404,
		contains: ["not_found"],
		lacks: ["CANARY"],
	}),
	refused("assignRole", {
		name: "a pattern that could match nothing is refused",
		method: "POST",
		path: `${root}/users/assign`,
		body: json({ ...ann, unit: "dev//CANARY" }),
		status: 400,
		contains: ["empty segment"],
		lacks: ["CANARY"],
	}),
];

const roles: Scenario[] = [
	ok("createRole", {
		name: "a role is made",
		before: init,
		method: "POST",
		path: `${root}/roles`,
		body: json({ name: "ops", description: "Operations" }),
		status: 200,
		contains: ["Role created successfully"],
	}),
	ok("listRoles", {
		name: "all roles",
		before: prepared,
		method: "GET",
		path: `${root}/roles`,
		status: 200,
		contains: ['"id":"admin"', '"id":"reader"', '"built_in":true', '"permissions":["dev"]'],
	}),
	ok("deleteRole", {
		name: "a role is deleted",
		before: async (app) => {
			await init(app);
			await post(app, "/roles", { id: "dev" });
		},
		method: "DELETE",
		path: `${root}/roles/dev`,
		status: 204,
	}),
	ok("addPermissionsToRole", {
		name: "actions are added to a role by name",
		before: prepared,
		method: "POST",
		path: `${root}/roles/dev/permissions`,
		body: json({ permission_ids: ["unit:read", "unit.lock"] }),
		status: 200,
		after: async ({ send }) => {
			const all = await (await send("GET", `${root}/roles`)).text();
			expect(all).toContain('["dev","unit.read","unit.lock"]');
		},
	}),
	ok("removePermissionFromRole", {
		name: "a permission is taken out of a role",
		before: prepared,
		method: "DELETE",
		path: `${root}/roles/dev/permissions/dev`,
		status: 204,
	}),
	ok("createPermission", {
		name: "a permission is made of rules in both forms",
		before: init,
		method: "POST",
		path: `${root}/permissions`,
		body: json({
			id: "mixed",
			rules: ["allow:unit:read:*", { effect: "deny", actions: ["*"], resources: ["env=prod"] }],
		}),
		status: 201,
		contains: ['"actions":["unit.read"]', '"resources":["env=prod"]', '"built_in":false'],
	}),
	ok("listPermissions", {
		name: "all permissions",
		before: prepared,
		method: "GET",
		path: `${root}/permissions`,
		status: 200,
		contains: ['"id":"admin"', '"resources":["dev/*"]'],
	}),
	ok("updateRole", {
		name: "a role gets another description and keeps its name and permissions",
		before: prepared,
		method: "PATCH",
		path: `${root}/roles/dev`,
		body: json({ description: "For dev" }),
		status: 200,
		contains: ['"name":"dev"', '"description":"For dev"', '"permissions":["dev"]'],
	}),
	ok("updatePermission", {
		name: "a permission gets other rules while a role has it",
		before: prepared,
		method: "PATCH",
		path: `${root}/permissions/dev`,
		body: json({ rules: ["allow:unit.read:test/*"], name: "Test" }),
		status: 200,
		contains: ['"name":"Test"', '"resources":["test/*"]'],
		lacks: ["dev/*"],
		after: async ({ send }) => {
			const question = { email: "ann@example.com", action: "unit.write", resource: "dev/a" };
			const asked = await send("POST", `${root}/test`, { body: json(question) });
			expect(await asked.json()).toMatchObject({ allowed: false });
		},
	}),
	ok("deletePermission", {
		name: "a permission is deleted",
		before: async (app) => {
			await init(app);
			await post(app, "/permissions", dev);
		},
		method: "DELETE",
		path: `${root}/permissions/dev`,
		status: 204,
	}),
	...(
		[
			["deleteRole", "DELETE", "/roles/admin", 409],
			["deleteRole", "DELETE", "/roles/dev", 409],
			["deleteRole", "DELETE", "/roles/gone", 404],
			["deletePermission", "DELETE", "/permissions/dev", 409],
			["deletePermission", "DELETE", "/permissions/default", 409],
			["deletePermission", "DELETE", "/permissions/gone", 404],
			["removePermissionFromRole", "DELETE", "/roles/dev/permissions/gone", 404],
		] as const
	).map(([covers, method, path, status]) =>
		refused(covers, {
			name: `${method} ${path} is refused`,
			method,
			path: `${root}${path}`,
			status,
		}),
	),
	...(
		[
			["updateRole", "/roles/admin", { name: "x" }, 409],
			["updateRole", "/roles/gone", { name: "x" }, 404],
			["updateRole", "/roles/dev", { name: "two\nlines" }, 400],
			["updatePermission", "/permissions/default", { rules: ["allow:unit.read:a"] }, 409],
			["updatePermission", "/permissions/gone", { name: "x" }, 404],
			["updatePermission", "/permissions/dev", { rules: [] }, 400],
			["updatePermission", "/permissions/dev", { rules: ["permit:unit.read:a"] }, 400],
		] as const
	).map(([covers, path, body, status]) =>
		refused(covers, {
			name: `PATCH ${path} with ${json(body)} is refused`,
			method: "PATCH",
			path: `${root}${path}`,
			body: json(body),
			status,
		}),
	),
	refused("createRole", {
		name: "a role is not made twice",
		method: "POST",
		path: `${root}/roles`,
		body: json({ id: "dev" }),
		status: 409,
	}),
	refused("createPermission", {
		name: "a rule that is not understood is refused without being repeated",
		method: "POST",
		path: `${root}/permissions`,
		body: json({ id: "p", rules: ["allow:CANARY:*"] }),
		status: 400,
		contains: ["effect:actions:resources"],
		lacks: ["CANARY"],
	}),
	refused("addPermissionsToRole", {
		name: "a permission is not added twice",
		method: "POST",
		path: `${root}/roles/dev/permissions`,
		body: json({ permission_id: "dev" }),
		status: 409,
	}),
	refused("addPermissionsToRole", {
		name: "nothing is nothing to add",
		method: "POST",
		path: `${root}/roles/dev/permissions`,
		body: json({}),
		status: 400,
	}),
	refused("nothing", {
		name: "PUT is no way to change a role",
		method: "PUT",
		path: `${root}/roles/dev`,
		status: 405,
		contains: ["DELETE"],
	}),
	refused("nothing", {
		name: "a broken escape is no address",
		method: "DELETE",
		path: `${root}/roles/%zz`,
		status: 404,
	}),
];

export const rbacScenarios: readonly Scenario[] = [...settingUp, ...people, ...roles];

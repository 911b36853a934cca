import { beforeEach, describe, expect, test } from "bun:test";
import { DomainError } from "../../../../src/core/errors.ts";
import { limits } from "../../../../src/core/limits.ts";
import { rootOrganization } from "../../../../src/core/organization/organization.ts";
import type { Caller, Principal } from "../../../../src/core/principal.ts";
import type { Action } from "../../../../src/core/rbac/action.ts";
import { Enforcer } from "../../../../src/core/rbac/enforcer.ts";
import { type Denial, Gate } from "../../../../src/core/rbac/grant.ts";
import { type Policy, parsePolicy } from "../../../../src/core/rbac/model.ts";
import type { Labels } from "../../../../src/core/rbac/resource.ts";
import { RbacService } from "../../../../src/core/rbac/service.ts";
import { Register } from "../../../../src/core/register/register.ts";
import { parseTeams, type TeamsDocument } from "../../../../src/core/team/model.ts";
import { MemoryStore } from "../../../../src/storage/memory.ts";
import { realClock, realRandom } from "../../../support/core.ts";

function caller(principal: Partial<Principal> & { readonly id: string }): Caller {
	return {
		principal: { credentialKind: "access-token", loginId: principal.id, ...principal },
		surface: "management",
		requestId: "r",
	};
}

const person = (email: string) => caller({ id: `sub-${email}`, email });
const token = caller({ id: "admin", credentialKind: "admin-token" });
const root = person("root@x");
const ann = person("ann@x");
const bob = person("bob@x");

/** One server: its clock may be moved, its store is shared. */
function open(store = new MemoryStore(realClock)) {
	let aheadMs = 0;
	const clock = { ...realClock, monotonic: () => realClock.monotonic() + aheadMs };
	const { headAgeMaxMs, actDeadlineMs } = limits;
	const shared = { store, clock, random: realRandom, headAgeMaxMs, actDeadlineMs };
	const register = new Register<Policy>(shared, "rbac", parsePolicy);
	const teams = new Register<TeamsDocument>(shared, "teams", parseTeams);
	const labels: Record<string, Labels> = {};
	const admins = new Set(["root@x"]);
	const organization = rootOrganization();
	const labelsOf = async (id: string) => labels[id] ?? {};
	const enforcer = new Enforcer({ register, teams, admins, labelsOf, organization });
	const denials: Denial[] = [];
	const gate = new Gate(enforcer.decide.bind(enforcer), (denial) => denials.push(denial));
	const rbac = new RbacService({ register, teams, gate, clock, admins, labelsOf, organization });
	const may = (who: Caller, action: Action, resource: string) => gate.may(who, action, resource);
	return {
		rbac,
		gate,
		may,
		labels,
		denials,
		store,
		wait: (ms: number) => {
			aheadMs += ms;
		},
	};
}

async function codeOf(work: Promise<unknown>): Promise<string> {
	try {
		await work;
		return "ok";
	} catch (error) {
		if (error instanceof DomainError) return error.code;
		throw error;
	}
}

let server: ReturnType<typeof open>;
beforeEach(() => {
	server = open();
});

describe("setting up", () => {
	test("needs an administrator, and happens once", async () => {
		const { rbac } = server;
		expect(await codeOf(rbac.init(ann, { email: "ann@x" }))).toBe("forbidden");
		expect(await rbac.me(ann)).toMatchObject({ isEnabled: false, roles: [], isAdmin: false });
		await rbac.init(root);
		expect(await codeOf(rbac.init(root))).toBe("conflict");
		expect(await codeOf(rbac.init(ann))).toBe("forbidden");
		expect((await rbac.roles(root)).map((role) => role.id)).toEqual(["admin", "default", "reader"]);
		expect(await rbac.assignments(root)).toMatchObject([{ email: "root@x", role: "admin" }]);
	});

	test("by the admin token makes the person administrator whom it names", async () => {
		const { rbac, may } = server;
		await rbac.init(token, { email: "Ann@X" });
		expect(await may(ann, "rbac.manage", "*")).toBe(true);
		expect(await may(caller({ id: "user:admin" }), "rbac.manage", "*")).toBe(false);
		expect(await rbac.me(ann)).toMatchObject({ roles: ["admin"], isAdmin: false, isEnabled: true });
		expect(await rbac.me(token)).toMatchObject({ roles: ["admin"], isAdmin: true });
	});

	test("of several at once has one winner", async () => {
		const other = open(server.store);
		const outcomes = await Promise.all(
			Array.from({ length: 20 }, (_, i) =>
				codeOf((i % 2 ? server : other).rbac.init(token, { email: `a${i}@x` })),
			),
		);
		expect(outcomes.filter((one) => one === "ok")).toHaveLength(1);
		expect(outcomes.filter((one) => one === "conflict")).toHaveLength(19);
		expect(await other.rbac.assignments(token)).toHaveLength(1);
	});

	test("comes before every change", async () => {
		expect(await codeOf(server.rbac.createRole(token, { id: "dev" }))).toBe("conflict");
	});
});

describe("roles", () => {
	beforeEach(async () => {
		await server.rbac.init(root);
	});

	test("are made, filled, given and taken, and count at once", async () => {
		const { rbac, may } = server;
		await rbac.createPermission(root, {
			id: "dev-write",
			name: "Write dev",
			description: "d",
			rules: [
				"allow:unit.read,unit.write:dev/*",
				{ effect: "deny", actions: ["unit:write"], resources: ["dev/x"] },
			],
		});
		await rbac.createRole(root, { id: "dev", description: "Developers" });
		expect(await rbac.addToRole(root, "dev", ["dev-write"])).toBe(true);
		expect(await rbac.addToRole(root, "dev", ["dev-write"])).toBe(false);
		const give = { kind: "user", email: "ann@x", role: "dev" } as const;
		expect(await rbac.assign(root, give)).toBe(true);
		expect(await rbac.assign(root, { ...give, email: "ANN@x" })).toBe(false);
		expect(await may(ann, "unit.write", "dev/a")).toBe(true);
		expect(await may(ann, "unit.write", "dev/x")).toBe(false);
		expect(await rbac.revoke(root, give)).toBe(true);
		expect(await rbac.revoke(root, give)).toBe(false);
		expect(await may(ann, "unit.write", "dev/a")).toBe(false);
	});

	test("take actions by name, as the documented command adds them", async () => {
		const { rbac, may } = server;
		await rbac.createRole(root, { id: "workspace-admin" });
		await rbac.addToRole(root, "workspace-admin", ["unit:read", "unit:write", "unit:lock"]);
		await rbac.assign(root, {
			kind: "user",
			email: "ann@x",
			role: "workspace-admin",
			within: "my-workspace",
		});
		expect(await may(ann, "unit.write", "my-workspace")).toBe(true);
		expect(await may(ann, "unit.write", "other")).toBe(false);
		expect((await rbac.roles(root)).at(-1)?.permissions).toEqual([
			"unit.read",
			"unit.write",
			"unit.lock",
		]);
		await rbac.removeFromRole(root, "workspace-admin", "unit:lock");
		expect(await may(ann, "unit.lock", "my-workspace")).toBe(false);
	});

	test("change in place, at once for everybody, and never so that nobody can manage them", async () => {
		const { rbac, may } = server;
		await rbac.createPermission(root, { id: "dev", rules: ["allow:unit.write:dev/*"] });
		await rbac.createRole(root, { id: "devs", description: "old" });
		await rbac.addToRole(root, "devs", ["dev", "unit.read"]);
		await rbac.assign(root, { kind: "user", email: "ann@x", role: "devs" });
		const rules = ["allow:unit.write:test/*"];
		expect(await rbac.updatePermission(root, "dev", { rules })).toMatchObject({ name: "dev" });
		expect(await may(ann, "unit.write", "dev/a")).toBe(false);
		expect(await may(ann, "unit.write", "test/a")).toBe(true);
		expect(await rbac.updateRole(root, "devs", { name: "Devs" })).toMatchObject({
			...{ id: "devs", name: "Devs", description: "old" },
			permissions: ["dev", "unit.read"],
		});
		expect(await rbac.updateRole(root, "devs", { name: "" })).toMatchObject({ name: "devs" });
		expect(await codeOf(rbac.updatePermission(root, "unit.read", { rules }))).toBe("conflict");

		await rbac.createPermission(root, { id: "manage", rules: ["allow:rbac.manage:*"] });
		await rbac.createRole(root, { id: "managers" });
		await rbac.addToRole(root, "managers", ["manage"]);
		await rbac.assign(root, { kind: "user", email: "root@x", role: "managers" });
		await rbac.revoke(root, { kind: "user", email: "root@x", role: "admin" });
		expect(await codeOf(rbac.updatePermission(root, "manage", { rules }))).toBe("conflict");
	});

	test("refuse what is there already, what is not, and what must stay", async () => {
		const { rbac } = server;
		await rbac.createRole(root, { id: "dev" });
		await rbac.createPermission(root, { id: "p", rules: ["deny:*:*"] });
		await rbac.addToRole(root, "dev", ["p"]);
		await rbac.assign(root, { kind: "group", subject: "team", role: "dev" });
		const outcomes: [string, Promise<unknown>][] = [
			["conflict", rbac.createRole(root, { id: "dev" })],
			["conflict", rbac.createPermission(root, { id: "p", rules: ["deny:*:*"] })],
			["conflict", rbac.createPermission(root, { id: "unit.read", rules: ["deny:*:*"] })],
			["conflict", rbac.deleteRole(root, "admin")],
			["conflict", rbac.deleteRole(root, "reader")],
			["conflict", rbac.deletePermission(root, "default")],
			["conflict", rbac.deletePermission(root, "p")],
			["conflict", rbac.deleteRole(root, "dev")],
			["conflict", rbac.removeFromRole(root, "admin", "admin")],
			["not_found", rbac.deleteRole(root, "gone")],
			["not_found", rbac.deletePermission(root, "gone")],
			["not_found", rbac.addToRole(root, "gone", ["p"])],
			["not_found", rbac.addToRole(root, "dev", ["gone"])],
			["not_found", rbac.removeFromRole(root, "dev", "reader")],
			["not_found", rbac.assign(root, { kind: "user", email: "a@x", role: "gone" })],
			["invalid_request", rbac.assign(root, { kind: "user", email: "nobody", role: "dev" })],
			["invalid_request", rbac.assign(root, { kind: "group", email: "a@x", role: "dev" })],
			["invalid_request", rbac.assign(root, { kind: "user", role: "dev" })],
			[
				"invalid_request",
				rbac.assign(root, { kind: "user", email: "a@x", role: "dev", within: "a//b" }),
			],
			["invalid_request", rbac.createRole(root, { id: "__proto__" })],
			["invalid_request", rbac.createRole(root, { id: "a b" })],
			["invalid_request", rbac.createPermission(root, { id: "q", rules: [] })],
			["invalid_request", rbac.createPermission(root, { id: "q", rules: ["allow:fly:*"] })],
			["too_large", rbac.createPermission(root, { id: "q", rules: Array(101).fill("deny:*:*") })],
		];
		for (const [code, work] of outcomes) expect(await codeOf(work)).toBe(code);
	});

	test("are not shown to and not changed by others, whose attempts are reported", async () => {
		const { rbac, denials } = server;
		const attempts = [
			rbac.roles(ann),
			rbac.permissions(ann),
			rbac.assignments(ann),
			rbac.assign(ann, { kind: "user", email: "ann@x", role: "admin" }),
			rbac.revoke(ann, { kind: "user", email: "root@x", role: "admin" }),
			rbac.createRole(ann, { id: "x" }),
			rbac.deleteRole(ann, "x"),
			rbac.createPermission(ann, { id: "x", rules: ["allow:*:*"] }),
			rbac.deletePermission(ann, "x"),
			rbac.updateRole(ann, "reader", { name: "x" }),
			rbac.updatePermission(ann, "reader", { rules: ["allow:*:*"] }),
			rbac.addToRole(ann, "reader", ["admin"]),
			rbac.removeFromRole(ann, "reader", "reader"),
			rbac.test(ann, { email: "root@x", action: "unit.read", resource: "a" }),
		];
		for (const attempt of attempts) expect(await codeOf(attempt)).toBe("forbidden");
		expect(denials).toHaveLength(attempts.length);
		expect(await rbac.assignments(root)).toHaveLength(1);
	});

	test("survive changes at the same time, from two servers", async () => {
		const other = open(server.store);
		await Promise.all(
			Array.from({ length: 30 }, (_, i) =>
				(i % 2 ? server : other).rbac.assign(root, {
					kind: "user",
					email: `u${i}@x`,
					role: "reader",
				}),
			),
		);
		expect(await server.rbac.assignments(root)).toHaveLength(31);
	});

	test("of the last one who manages them cannot go", async () => {
		const { rbac } = server;
		const last = { kind: "user", email: "root@x", role: "admin" } as const;
		expect(await codeOf(rbac.revoke(root, last))).toBe("conflict");
		await rbac.createPermission(root, { id: "no", rules: ["deny:rbac.manage:*"] });
		expect(await codeOf(rbac.addToRole(root, "admin", ["no"]))).toBe("conflict");
		await rbac.assign(root, { kind: "user", email: "ann@x", role: "admin", within: "dev/*" });
		expect(await codeOf(rbac.revoke(root, last))).toBe("conflict");
		await rbac.assign(root, { kind: "group", subject: "ops", role: "admin" });
		expect(await codeOf(rbac.revoke(root, last))).toBe("ok");
		expect(await codeOf(rbac.revoke(root, { kind: "group", subject: "ops", role: "admin" }))).toBe(
			"conflict",
		);
	});

	test("are revoked where they hold, or everywhere", async () => {
		const { rbac } = server;
		const give = { kind: "user", email: "ann@x", role: "reader" } as const;
		for (const within of ["dev/*", "env=prod", undefined])
			await rbac.assign(root, { ...give, within });
		expect(await rbac.revoke(root, { ...give, within: "dev/*" })).toBe(true);
		expect(await rbac.revoke(root, { ...give, within: "dev/*" })).toBe(false);
		expect(await rbac.assignments(root)).toHaveLength(3);
		expect(await rbac.revoke(root, give)).toBe(true);
		expect(await rbac.assignments(root)).toHaveLength(1);
	});
});

describe("the gate", () => {
	beforeEach(async () => {
		await server.rbac.init(root);
		await server.rbac.createPermission(root, {
			id: "p",
			rules: ["allow:unit.read:dev/*", "allow:unit.read,unit.write:team=a", "deny:*:secret=yes"],
		});
		await server.rbac.createRole(root, { id: "dev" });
		await server.rbac.addToRole(root, "dev", ["p"]);
		await server.rbac.assign(root, { kind: "user", email: "ann@x", role: "dev" });
	});

	test("says 403 about what one may see, and of the rest that it does not exist", async () => {
		const { gate, labels, denials } = server;
		labels["dev/s"] = { secret: "yes" };
		labels.other = { team: "a" };
		expect(await codeOf(gate.authorize(ann, "unit.write", "dev/a"))).toBe("forbidden");
		expect(await codeOf(gate.authorize(ann, "unit.write", "prod/a"))).toBe("unit_not_found");
		expect(await codeOf(gate.authorize(ann, "unit.read", "dev/s"))).toBe("unit_not_found");
		expect(await codeOf(gate.authorize(ann, "unit.lock", "dev/s"))).toBe("unit_not_found");
		expect(await codeOf(gate.authorize(ann, "unit.write", "other"))).toBe("ok");
		expect(await codeOf(gate.authorize(ann, "audit.read", "dev/a"))).toBe("forbidden");
		expect(await codeOf(gate.authorize(ann, "audit.read", "prod/a"))).toBe("unit_not_found");
		expect(await codeOf(gate.authorize(ann, "audit.read", "*"))).toBe("forbidden");
		expect(denials.map((denial) => denial.resource)).toEqual([
			"dev/a",
			"prod/a",
			"dev/s",
			"dev/s",
			"dev/a",
			"prod/a",
			"*",
		]);
	});

	test("of another server follows within the stated bound", async () => {
		const other = open(server.store);
		expect(await other.may(ann, "unit.read", "dev/a")).toBe(true);
		await server.rbac.revoke(root, { kind: "user", email: "ann@x", role: "dev" });
		expect(await server.may(ann, "unit.read", "dev/a")).toBe(false);
		other.wait(limits.policyAgeMaxMs + 1);
		expect(await other.may(ann, "unit.read", "dev/a")).toBe(false);
	});

	test("lets nobody but administrators through when the roles cannot be read (I14)", async () => {
		const { store } = server;
		const newest = await store.newest("__opentaco/register/rbac/");
		await store.put(newest ?? "", new TextEncoder().encode("{}"));
		const other = open(store);
		expect(await codeOf(other.may(ann, "unit.read", "dev/a"))).toBe("storage_corrupt");
		expect(await codeOf(other.gate.authorize(root, "unit.delete", "dev/a"))).toBe("ok");
		expect(await codeOf(other.gate.authorize(token, "rbac.manage", "*"))).toBe("ok");
	});

	test("and the test give the same answer", async () => {
		const { rbac, may, labels } = server;
		labels.b = { team: "a" };
		labels["dev/s"] = { secret: "yes" };
		for (const resource of ["dev/a", "dev/s", "b", "c", "*"]) {
			for (const action of ["unit.read", "unit.write", "rbac.manage"] as const) {
				const told = await rbac.test(root, { email: "ann@x", action, resource });
				expect({ resource, action, is: told.allowed }).toEqual({
					resource,
					action,
					is: await may(ann, action, resource),
				});
			}
		}
		const told = await rbac.test(root, { email: "ann@x", action: "unit:read", resource: "dev/a" });
		expect(told).toEqual({
			allowed: true,
			reason: "a rule allows it",
			roles: ["dev"],
			rules: [{ role: "dev", permission: "p", rule: "allow:unit.read:dev/*" }],
		});
		expect((await rbac.test(bob, { action: "unit.read", resource: "a" })).reason).toBe(
			"no role is assigned",
		);
	});
});

import { describe, expect, test } from "bun:test";
import type { Principal } from "../../../../src/core/principal.ts";
import { type Action, actions } from "../../../../src/core/rbac/action.ts";
import { decide } from "../../../../src/core/rbac/decide.ts";
import {
	type Assignment,
	initialPolicy,
	type Policy,
	parsePolicy,
	plainPolicy,
} from "../../../../src/core/rbac/model.ts";
import { parseResource } from "../../../../src/core/rbac/resource.ts";
import { parseRuleText, ruleText } from "../../../../src/core/rbac/rule.ts";
import { forSeeds, type Seeded } from "../../../support/seeded.ts";

const stamp = { at: "2026-01-02T03:04:05.000Z", by: "root" };

function person(email: string, more: Partial<Principal> = {}): Principal {
	return { id: `sub-${email}`, credentialKind: "access-token", loginId: "l", email, ...more };
}

function give(email: string, role: string, within: string | null = null): Assignment {
	return {
		kind: "user",
		subject: null,
		email,
		role,
		within: within === null ? null : parseResource(within),
		created: stamp,
	};
}

interface Parts {
	readonly permissions?: Record<string, readonly string[]>;
	readonly roles?: Record<string, readonly string[]>;
	readonly assignments?: readonly Assignment[];
}

function policyOf({ permissions = {}, roles = {}, assignments = [] }: Parts): Policy {
	const named = (id: string) => ({ id, name: id, description: "", created: stamp });
	return {
		enabled: stamp,
		updated: stamp,
		permissions: Object.entries(permissions).map(([id, rules]) => ({
			...named(id),
			rules: rules.map(parseRuleText),
		})),
		roles: Object.entries(roles).map(([id, held]) => ({ ...named(id), permissions: held })),
		assignments,
	};
}

function may(
	policy: Policy | null,
	principal: Principal,
	action: Action,
	resource: string,
	labels = {},
	admins: string[] = [],
): boolean {
	const input = { policy, admins: new Set(admins), principal, action, resource, labels };
	return decide(input).allowed;
}

const dev = policyOf({
	permissions: {
		devs: ["allow:unit.read,unit.write,unit.lock:dev/*"],
		nolock: ["deny:unit.lock:dev/frozen"],
		prod: ["allow:unit.read:env=prod"],
		secret: ["deny:*:secret=yes"],
	},
	roles: { dev: ["devs"], careful: ["devs", "nolock"], prod: ["prod"], not: ["secret"] },
	assignments: [
		give("ann@x", "dev"),
		give("bob@x", "careful"),
		give("bob@x", "dev"),
		give("cat@x", "prod"),
		give("dan@x", "dev", "dev/dan/*"),
		{ ...give("", "dev"), kind: "group", subject: "team", email: null },
		{ ...give("", "dev"), kind: "token", subject: "ci", email: null },
		give("eve@x", "not"),
		give("eve@x", "dev"),
	],
});

describe("a decision", () => {
	test("is a denial without a rule that allows", () => {
		expect(may(dev, person("ann@x"), "unit.read", "dev/a")).toBe(true);
		expect(may(dev, person("ann@x"), "unit.read", "dev")).toBe(false);
		expect(may(dev, person("ann@x"), "unit.read", "prod/a")).toBe(false);
		expect(may(dev, person("ann@x"), "unit.delete", "dev/a")).toBe(false);
		expect(may(dev, person("ann@x"), "unit.read-outputs", "dev/a")).toBe(false);
		expect(may(dev, person("nobody@x"), "unit.read", "dev/a")).toBe(false);
		expect(may(dev, person("ann@x"), "rbac.manage", "*")).toBe(false);
	});

	test("a denial anywhere wins, across roles and permissions", () => {
		expect(may(dev, person("bob@x"), "unit.lock", "dev/a")).toBe(true);
		expect(may(dev, person("bob@x"), "unit.lock", "dev/frozen")).toBe(false);
		expect(may(dev, person("eve@x"), "unit.read", "dev/a")).toBe(true);
		expect(may(dev, person("eve@x"), "unit.read", "dev/a", { secret: "yes" })).toBe(false);
	});

	test("follows labels, groups, tokens, and where an assignment holds", () => {
		expect(may(dev, person("cat@x"), "unit.read", "a", { env: "prod" })).toBe(true);
		expect(may(dev, person("cat@x"), "unit.read", "a", { env: "dev" })).toBe(false);
		expect(may(dev, person("new@x", { groups: ["team"] }), "unit.write", "dev/a")).toBe(true);
		expect(may(dev, person("team"), "unit.write", "dev/a")).toBe(false);
		expect(may(dev, person("dan@x"), "unit.write", "dev/dan/a")).toBe(true);
		expect(may(dev, person("dan@x"), "unit.write", "dev/a")).toBe(false);
		const token: Principal = { id: "ci", credentialKind: "api-token", loginId: "t1" };
		expect(may(dev, token, "unit.write", "dev/a")).toBe(true);
		expect(may(dev, { ...token, id: "service:ci" }, "unit.write", "dev/a")).toBe(true);
		expect(may(dev, { ...token, id: "cj" }, "unit.write", "dev/a")).toBe(false);
		expect(may(dev, { ...token, credentialKind: "access-token" }, "unit.write", "dev/a")).toBe(
			false,
		);
	});

	test("takes an assignment by subject for that subject only, whatever the e-mail address", () => {
		const policy = policyOf({
			permissions: { all: ["allow:*:*"] },
			roles: { all: ["all"] },
			assignments: [{ ...give("ann@x", "all"), subject: "s1" }],
		});
		expect(may(policy, { ...person("ann@x"), id: "s1" }, "unit.read", "a")).toBe(true);
		expect(may(policy, { ...person("ann@x"), id: "s2" }, "unit.read", "a")).toBe(false);
		expect(may(policy, { ...person(""), id: "s1" }, "unit.read", "a")).toBe(true);
	});

	test("before there are roles only administrators act", () => {
		const ann = person("ann@x");
		for (const none of [null, { ...dev, enabled: null }]) {
			expect(may(none, ann, "unit.read", "dev/a")).toBe(false);
			expect(may(none, { ...ann, roles: ["dev"] }, "unit.read", "dev/a")).toBe(false);
			expect(may(none, ann, "unit.delete", "dev/a", {}, ["ann@x"])).toBe(true);
			const token: Principal = { id: "admin", credentialKind: "admin-token", loginId: "a" };
			expect(may(none, token, "rbac.manage", "*")).toBe(true);
		}
	});

	test("administrators cannot be denied, and the name alone makes nobody one", () => {
		const policy = policyOf({
			permissions: { no: ["deny:*:*"] },
			roles: { no: ["no"] },
			assignments: [give("ann@x", "no")],
		});
		expect(may(policy, person("ann@x"), "rbac.manage", "*", {}, ["ann@x"])).toBe(true);
		expect(may(policy, { ...person(""), id: "user:admin" }, "rbac.manage", "*")).toBe(false);
		// Whoever logged in with the admin token; other sources of people have a prefix.
		const byToken = { ...person(""), id: "admin" };
		expect(may(policy, byToken, "rbac.manage", "*")).toBe(true);
		expect(may(null, byToken, "rbac.manage", "*")).toBe(true);
		expect(may(null, { ...byToken, id: "user:admin" }, "rbac.manage", "*")).toBe(false);
		expect(may(null, { ...byToken, scope: { units: ["a"], roles: null } }, "unit.read", "b")).toBe(
			false,
		);
	});
});

describe("a narrowed credential", () => {
	const narrow = (units: string[] | null, roles: string[] | null = null) => ({
		scope: { units, roles },
	});

	test("reaches no other units, nor what belongs to none", () => {
		const ann = person("ann@x", narrow(["dev/a", "dev/b/*"]));
		expect(may(dev, ann, "unit.write", "dev/a")).toBe(true);
		expect(may(dev, ann, "unit.write", "dev/c")).toBe(false);
		const admin = person("root@x", narrow(["dev/*"]));
		expect(may(dev, admin, "unit.delete", "dev/a", {}, ["root@x"])).toBe(true);
		expect(may(dev, admin, "unit.delete", "prod/a", {}, ["root@x"])).toBe(false);
		expect(may(dev, admin, "rbac.manage", "*", {}, ["root@x"])).toBe(false);
		expect(may(dev, person("ann@x", narrow([])), "unit.read", "dev/a")).toBe(false);
		expect(may(dev, person("ann@x", narrow(["dev/("])), "unit.read", "dev/a")).toBe(false);
	});

	test("to one role keeps the denials of the others", () => {
		const bob = person("bob@x", narrow(null, ["dev"]));
		expect(may(dev, bob, "unit.lock", "dev/a")).toBe(true);
		expect(may(dev, bob, "unit.lock", "dev/frozen")).toBe(false);
		expect(may(dev, person("bob@x", narrow(null, ["prod"])), "unit.read", "dev/a")).toBe(false);
		expect(may(dev, person("ann@x", narrow(null, ["admin"])), "unit.delete", "x")).toBe(false);
	});

	test("that was derived is as good as what it was derived from", () => {
		const derived = { id: "s", credentialKind: "s3-credentials", loginId: "l" } as const;
		expect(may(null, { ...derived, derivedFrom: "admin-token" }, "unit.write", "a")).toBe(true);
		expect(may(null, derived, "unit.write", "a")).toBe(false);
		const ofToken = { ...derived, id: "ci", derivedFrom: "api-token" } as const;
		expect(may(dev, ofToken, "unit.write", "dev/a")).toBe(true);
		expect(may(dev, { ...derived, id: "ci" }, "unit.write", "dev/a")).toBe(false);
	});

	test("of an administrator may be narrowed to any role", () => {
		const admin = person("root@x", narrow(null, ["dev"]));
		expect(may(dev, admin, "unit.write", "dev/a", {}, ["root@x"])).toBe(true);
		expect(may(dev, admin, "unit.write", "prod/a", {}, ["root@x"])).toBe(false);
	});
});

const emails = ["ann@x", "bob@x"];
const ids = ["dev", "dev/a", "dev/b/c", "prod/a", "dev-prod/x"];
const patterns = ["*", "dev/*", "dev/a", "*/a", "env=prod", "prod/*"];
const roleIds = ["r1", "r2", "r3"];

function randomRule(random: Seeded): string {
	const effect = random.pick(["allow", "allow", "deny"]);
	const chosen = random.some(["unit.read", "unit.write", "*"], 2, 1);
	return `${effect}:${chosen.join(",")}:${random.some(patterns, 2, 1).join(",")}`;
}

function randomPolicy(random: Seeded): Policy {
	const permissions = Object.fromEntries(
		["p1", "p2", "p3"].map((id) => [
			id,
			Array.from({ length: 1 + random.below(3) }, () => randomRule(random)),
		]),
	);
	const roles = Object.fromEntries(
		roleIds.map((id) => [id, random.some(Object.keys(permissions), 3)]),
	);
	const assignments = Array.from({ length: random.below(5) }, () =>
		give(
			random.pick(emails),
			random.pick(roleIds),
			random.fraction() < 0.6 ? null : random.pick(patterns),
		),
	);
	return policyOf({ permissions, roles, assignments });
}

function questions(random: Seeded) {
	return ids.flatMap((resource) =>
		(["unit.read", "unit.write"] as const).flatMap((action) =>
			emails.map((email) => ({
				resource,
				action,
				email,
				labels: random.fraction() < 0.5 ? { env: "prod" } : { env: "dev" },
			})),
		),
	);
}

/** The rule of the documentation, written as plainly as possible. */
function oracle(policy: Policy, email: string, action: string, id: string, env: string): boolean {
	const hits = (resource: string) =>
		resource.includes("=")
			? resource === `env=${env}`
			: new RegExp(`^${resource.replaceAll(/[.]/g, "\\.").replaceAll("*", "[^\\n]*")}$`).test(id);
	const found = policy.assignments
		.filter((one) => one.email === email && (one.within === null || hits(one.within.text)))
		.map((one) => policy.roles.find((role) => role.id === one.role))
		.flatMap((role) => role?.permissions ?? [])
		.flatMap((p) => policy.permissions.find((permission) => permission.id === p)?.rules ?? [])
		.map((rule) => ruleText(rule).split(":"))
		.filter(
			([, list = "", resources = ""]) =>
				list.split(",").some((one) => one === "*" || one === action) &&
				resources.split(",").some(hits),
		)
		.map(([effect]) => effect);
	return found.includes("allow") && !found.includes("deny");
}

describe("for any roles", () => {
	test("the decision is the plain rule's", () => {
		forSeeds(1500, (random) => {
			const policy = randomPolicy(random);
			for (const { resource, action, email, labels } of questions(random)) {
				const expected = oracle(policy, email, action, resource, labels.env);
				if (may(policy, person(email), action, resource, labels) !== expected) {
					throw new Error(`${email} ${action} ${resource} ${labels.env}, expected ${expected}`);
				}
			}
		});
	});

	test("adding a denial never gives anything, and removing one never takes anything", () => {
		forSeeds(1500, (random) => {
			const policy = randomPolicy(random);
			const denial = `deny:${random.pick(["unit.read", "*"])}:${random.pick(patterns)}`;
			const more = {
				...policy,
				permissions: policy.permissions.map((one, i) =>
					i === 0 ? { ...one, rules: [...one.rules, parseRuleText(denial)] } : one,
				),
			};
			for (const { resource, action, email, labels } of questions(random)) {
				if (!may(more, person(email), action, resource, labels)) continue;
				expect(may(policy, person(email), action, resource, labels)).toBe(true);
			}
		});
	});

	test("order and repetition do not matter", () => {
		forSeeds(1500, (random) => {
			const policy = randomPolicy(random);
			const twice = <T>(items: readonly T[]) =>
				random.shuffled([...items, ...random.some(items.length > 0 ? items : [], 2)]);
			const other: Policy = {
				...policy,
				permissions: random
					.shuffled(policy.permissions)
					.map((one) => ({ ...one, rules: twice(one.rules) })),
				roles: random.shuffled(policy.roles).map((one) => ({
					...one,
					permissions: one.permissions.length > 0 ? twice(one.permissions) : [],
				})),
				assignments: policy.assignments.length > 0 ? twice(policy.assignments) : [],
			};
			for (const { resource, action, email, labels } of questions(random)) {
				expect(may(other, person(email), action, resource, labels)).toBe(
					may(policy, person(email), action, resource, labels),
				);
			}
		});
	});

	test("narrowing a credential never gives anything", () => {
		forSeeds(1000, (random) => {
			const policy = randomPolicy(random);
			const scope = {
				units: random.fraction() < 0.5 ? null : random.some(patterns, 2),
				roles: random.fraction() < 0.5 ? null : random.some(roleIds, 2),
			};
			for (const { resource, action, email, labels } of questions(random)) {
				if (!may(policy, person(email, { scope }), action, resource, labels)) continue;
				expect(may(policy, person(email), action, resource, labels)).toBe(true);
			}
		});
	});

	test("storing and reading changes nothing", () => {
		forSeeds(300, (random) => {
			const policy = randomPolicy(random);
			const stored = JSON.parse(JSON.stringify(plainPolicy(policy)));
			expect(parsePolicy(stored)).toEqual(policy);
			expect(parsePolicy(stored)).toBe(parsePolicy(stored));
		});
	});
});

describe("a stored document", () => {
	const good = () => JSON.parse(JSON.stringify(plainPolicy(initialPolicy(stamp))));

	test("with anything that is not understood is refused whole", () => {
		expect(parsePolicy(good()).roles.map((role) => role.id)).toEqual([
			"admin",
			"default",
			"reader",
		]);
		const spoilt: ((value: ReturnType<typeof good>) => void)[] = [
			(value) => delete value.schema,
			(value) => delete value.enabled,
			(value) => delete value.permissions,
			(value) => value.permissions.pop(),
			(value) => value.roles.push(value.roles[0]),
			(value) => value.assignments.push({ kind: "user", subject: null, email: null }),
			(value) => value.assignments.push({ ...give("a@b", "gone"), within: null }),
			(value) => {
				value.permissions[0].rules[0].effect = "maybe";
			},
			(value) => {
				value.permissions[0].rules[0].actions = ["unit.fly"];
			},
			(value) => {
				value.permissions[0].rules[0].resources = ["a\\b"];
			},
		];
		for (const spoil of spoilt) {
			const value = good();
			spoil(value);
			expect(() => parsePolicy(value)).toThrow(
				expect.objectContaining({ code: "storage_corrupt" }),
			);
		}
		for (const value of [null, [], "x", 1]) expect(() => parsePolicy(value)).toThrow();
		expect(() => parsePolicy({ ...good(), schema: 2 })).toThrow(
			expect.objectContaining({ code: "schema_too_new" }),
		);
	});

	test("of the beginning lets administrators do everything and readers read", () => {
		const policy: Policy = {
			...initialPolicy(stamp),
			assignments: [give("ann@x", "admin"), give("bob@x", "reader")],
		};
		for (const action of actions) {
			expect(may(policy, person("ann@x"), action, "*")).toBe(true);
			const isReading = action === "unit.read" || action === "unit.read-variables";
			expect(may(policy, person("bob@x"), action, "a/b")).toBe(isReading);
		}
	});
});

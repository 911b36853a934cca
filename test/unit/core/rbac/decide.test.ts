import { describe, expect, test } from "bun:test";
import type { Principal } from "../../../../src/core/principal.ts";
import { type Action, actions } from "../../../../src/core/rbac/action.ts";
import { decide } from "../../../../src/core/rbac/decide.ts";
import {
	initialPolicy,
	type Policy,
	parsePolicy,
	plainPolicy,
} from "../../../../src/core/rbac/model.ts";
import { give, person, policyOf, stamp } from "../../../support/policies.ts";

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

/** Without a name: whether any output may be read. */
function mayRead(
	policy: Policy,
	principal: Principal,
	resource: string,
	output: string | undefined,
	labels = {},
): boolean {
	const action = "unit.read-outputs";
	const admins = new Set<string>();
	return decide({ policy, admins, principal, action, resource, labels, output }).allowed;
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

	test("about outputs may name single ones, to allow and to deny", () => {
		const policy = policyOf({
			permissions: {
				vpc: ["allow:unit.read-outputs:network/*#vpc_*,label:env=prod#vpc_id"],
				all: ["allow:unit.read-outputs:network/*"],
				not: ["deny:unit.read-outputs:*#secret_*"],
				none: ["deny:unit.read-outputs:network/x#*"],
			},
			roles: { vpc: ["vpc"], all: ["all", "not"], none: ["vpc", "none"] },
			assignments: [give("ann@x", "vpc"), give("bob@x", "all"), give("cat@x", "none")],
		});
		const [ann, bob, cat] = [person("ann@x"), person("bob@x"), person("cat@x")];
		expect(mayRead(policy, ann, "network/x", "vpc_id")).toBe(true);
		expect(mayRead(policy, ann, "network/x", "vpc")).toBe(false);
		expect(mayRead(policy, ann, "network/x", undefined)).toBe(true);
		expect(mayRead(policy, ann, "db", undefined)).toBe(false);
		expect(mayRead(policy, ann, "db", "vpc_id", { env: "prod" })).toBe(true);
		expect(mayRead(policy, ann, "db", "vpc_cidr", { env: "prod" })).toBe(false);
		expect(mayRead(policy, bob, "network/x", "vpc_id")).toBe(true);
		expect(mayRead(policy, bob, "network/x", "secret_key")).toBe(false);
		expect(mayRead(policy, bob, "network/x", undefined)).toBe(true);
		expect(mayRead(policy, cat, "network/y", "vpc_id")).toBe(true);
		expect(mayRead(policy, cat, "network/x", "vpc_id")).toBe(false);
		expect(mayRead(policy, cat, "network/x", undefined)).toBe(false);
		// Of a unit whose outputs one may read, nothing else is opened.
		for (const action of actions.filter((one) => one !== "unit.read-outputs")) {
			expect(may(policy, ann, action, "network/x")).toBe(false);
		}
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

	test("to outputs reads these, and nothing else", () => {
		const root = { ...person("root@x"), id: "admin", ...narrow(["network/*#vpc_*"]) };
		expect(mayRead(dev, root, "network/x", "vpc_id")).toBe(true);
		expect(mayRead(dev, root, "network/x", "secret")).toBe(false);
		expect(mayRead(dev, root, "network/x", undefined)).toBe(true);
		expect(mayRead(dev, root, "dev/a", "vpc_id")).toBe(false);
		for (const action of actions.filter((one) => one !== "unit.read-outputs")) {
			expect(may(dev, root, action, "network/x")).toBe(false);
			expect(may(dev, { ...root, ...narrow(["*#*"]) }, action, "*")).toBe(false);
		}
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

/** Actions that wider ones include: both kinds of rules about the wider one are about these too. */
import { describe, expect, test } from "bun:test";
import type { Action } from "../../../../src/core/rbac/action.ts";
import { decide } from "../../../../src/core/rbac/decide.ts";
import { emptyPolicy, type Policy } from "../../../../src/core/rbac/model.ts";
import { parseRuleText } from "../../../../src/core/rbac/rule.ts";

const stamp = { at: "2026-01-02T03:04:05.000Z", by: "root" };
const named = (id: string) => ({ id, name: id, description: "", created: stamp });

/** Each person has one role, made of these rules. */
function policyOf(rules: Readonly<Record<string, readonly string[]>>): Policy {
	const all = Object.entries(rules);
	return {
		...emptyPolicy,
		enabled: stamp,
		permissions: all.map(([who, texts]) => ({ ...named(who), rules: texts.map(parseRuleText) })),
		roles: all.map(([who]) => ({ ...named(who), permissions: [who] })),
		assignments: all.map(([who]) => ({
			...{ kind: "user", subject: who, email: null, role: who, within: null, created: stamp },
		})),
	};
}

describe("an action that another one includes", () => {
	const policy = policyOf({
		ann: ["allow:unit.read,unit.write:*"],
		bob: ["allow:unit.read,unit.write:*", "deny:unit.read-variables:*"],
		cat: ["allow:unit.write-variables:*", "deny:unit.write:frozen/*"],
	});

	test.each<[string, Action, string, boolean]>([
		["ann", "unit.read-variables", "a", true],
		["ann", "unit.write-variables", "a", true],
		["bob", "unit.read-variables", "a", false],
		["bob", "unit.read", "a", true],
		["cat", "unit.write-variables", "a", true],
		["cat", "unit.write", "a", false],
		["cat", "unit.write-variables", "frozen/a", false],
	])("%s, %s on %s: %p", (id, action, resource, allowed) => {
		const principal = { id, credentialKind: "access-token", loginId: "l" } as const;
		const input = { policy, admins: new Set<string>(), principal, action, resource, labels: {} };
		expect(decide(input).allowed).toBe(allowed);
	});
});

/** Policies for tests of decisions. */
import type { Principal } from "../../src/core/principal.ts";
import type { Assignment, Policy } from "../../src/core/rbac/model.ts";
import { parseResource } from "../../src/core/rbac/resource.ts";
import { parseRuleText } from "../../src/core/rbac/rule.ts";

export const stamp = { at: "2026-01-02T03:04:05.000Z", by: "root" };

export function person(email: string, more: Partial<Principal> = {}): Principal {
	return { id: `sub-${email}`, credentialKind: "access-token", loginId: "l", email, ...more };
}

export function give(email: string, role: string, within: string | null = null): Assignment {
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

export function policyOf({ permissions = {}, roles = {}, assignments = [] }: Parts): Policy {
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

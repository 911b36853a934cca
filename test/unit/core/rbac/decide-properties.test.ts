/** What holds of decisions for any roles, rules and questions. */
import { describe, expect, test } from "bun:test";
import type { Principal } from "../../../../src/core/principal.ts";
import type { Action } from "../../../../src/core/rbac/action.ts";
import { decide } from "../../../../src/core/rbac/decide.ts";
import { type Policy, parsePolicy, plainPolicy } from "../../../../src/core/rbac/model.ts";
import { parseRuleText, ruleText } from "../../../../src/core/rbac/rule.ts";
import { give, person, policyOf } from "../../../support/policies.ts";
import { forSeeds, type Seeded } from "../../../support/seeded.ts";

const emails = ["ann@x", "bob@x"];
const ids = ["dev", "dev/a", "dev/b/c", "prod/a", "dev-prod/x"];
const outputNames = ["vpc_id", "vpc", "secret", undefined];
const outputPatterns = ["*", "vpc_*", "vpc*", "secret", "**"];
const patterns = ["*", "dev/*", "dev/a", "*/a", "env=prod", "prod/*"];
const roleIds = ["r1", "r2", "r3"];

function randomRule(random: Seeded): string {
	const effect = random.pick(["allow", "allow", "deny"]);
	if (random.fraction() < 0.4) {
		const resources = random
			.some(patterns, 2, 1)
			.map((one) => (random.fraction() < 0.3 ? one : `${one}#${random.pick(outputPatterns)}`));
		return `${effect}:unit.read-outputs:${resources.join(",")}`;
	}
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

interface Question {
	readonly resource: string;
	readonly action: Action;
	readonly email: string;
	readonly labels: { readonly env: string };
	readonly output: string | undefined;
}

function questions(random: Seeded): Question[] {
	return ids.flatMap((resource) =>
		(["unit.read", "unit.write", "unit.read-outputs"] as const).flatMap((action) =>
			emails.flatMap((email) =>
				(action === "unit.read-outputs" ? outputNames : [undefined]).map((output) => ({
					...{ resource, action, email, output },
					labels: random.fraction() < 0.5 ? { env: "prod" } : { env: "dev" },
				})),
			),
		),
	);
}

function answer(policy: Policy, question: Question, more: Partial<Principal> = {}): boolean {
	const principal = person(question.email, more);
	return decide({ ...question, policy, admins: new Set(), principal }).allowed;
}

const glob = (pattern: string, text: string) =>
	new RegExp(`^${pattern.replaceAll(/[.]/g, "\\.").replaceAll("*", "[^\\n]*")}$`).test(text);

/** The rule of the documentation, written as plainly as possible. */
function oracle(
	policy: Policy,
	{ email, action, resource: id, labels, output }: Question,
): boolean {
	const hitsUnit = (units: string) =>
		units.includes("=") ? units === `env=${labels.env}` : glob(units, id);
	const hits = (resource: string, effect: string) => {
		const [units = "", pattern] = resource.split("#");
		if (!hitsUnit(units)) return false;
		if (pattern === undefined) return true;
		if (output !== undefined) return glob(pattern, output);
		return effect === "allow" || /^[*]+$/.test(pattern);
	};
	const found = policy.assignments
		.filter((one) => one.email === email && (one.within === null || hitsUnit(one.within.text)))
		.map((one) => policy.roles.find((role) => role.id === one.role))
		.flatMap((role) => role?.permissions ?? [])
		.flatMap((p) => policy.permissions.find((permission) => permission.id === p)?.rules ?? [])
		.map((rule) => ruleText(rule).split(":"))
		.filter(
			([effect = "", list = "", resources = ""]) =>
				list.split(",").some((one) => one === "*" || one === action) &&
				resources.split(",").some((one) => hits(one, effect)),
		)
		.map(([effect]) => effect);
	return found.includes("allow") && !found.includes("deny");
}

describe("for any roles", () => {
	test("the decision is the plain rule's", () => {
		forSeeds(500, (random) => {
			const policy = randomPolicy(random);
			for (const question of questions(random)) {
				const expected = oracle(policy, question);
				if (answer(policy, question) !== expected) {
					throw new Error(`${JSON.stringify(question)}, expected ${expected}`);
				}
			}
		});
	});

	test("who may read one output may look for outputs", () => {
		forSeeds(400, (random) => {
			const policy = randomPolicy(random);
			for (const question of questions(random)) {
				if (question.output === undefined || !answer(policy, question)) continue;
				expect(answer(policy, { ...question, output: undefined })).toBe(true);
			}
		});
	});

	test("adding a denial never gives anything, and removing one never takes anything", () => {
		forSeeds(500, (random) => {
			const policy = randomPolicy(random);
			const outputs = random.fraction() < 0.5;
			const target = `${random.pick(patterns)}${outputs ? `#${random.pick(outputPatterns)}` : ""}`;
			const what = outputs ? "unit.read-outputs" : random.pick(["unit.read", "*"]);
			const more = {
				...policy,
				permissions: policy.permissions.map((one, i) =>
					i === 0
						? { ...one, rules: [...one.rules, parseRuleText(`deny:${what}:${target}`)] }
						: one,
				),
			};
			for (const question of questions(random)) {
				if (answer(more, question)) expect(answer(policy, question)).toBe(true);
			}
		});
	});

	test("order and repetition do not matter", () => {
		forSeeds(500, (random) => {
			const policy = randomPolicy(random);
			const twice = <T>(items: readonly T[]) =>
				random.shuffled([...items, ...random.some(items.length > 0 ? items : [], 2)]);
			const other: Policy = {
				...policy,
				permissions: random.shuffled(policy.permissions).map((one) => ({
					...one,
					rules: twice(one.rules).map((rule) => ({ ...rule, resources: twice(rule.resources) })),
				})),
				roles: random.shuffled(policy.roles).map((one) => ({
					...one,
					permissions: one.permissions.length > 0 ? twice(one.permissions) : [],
				})),
				assignments: policy.assignments.length > 0 ? twice(policy.assignments) : [],
			};
			for (const question of questions(random)) {
				expect(answer(other, question)).toBe(answer(policy, question));
			}
		});
	});

	test("narrowing a credential never gives anything", () => {
		forSeeds(400, (random) => {
			const policy = randomPolicy(random);
			const units = random
				.some(patterns, 2)
				.map((one) => (random.fraction() < 0.5 ? one : `${one}#${random.pick(outputPatterns)}`));
			const scope = {
				units: random.fraction() < 0.5 ? null : units,
				roles: random.fraction() < 0.5 ? null : random.some(roleIds, 2),
			};
			for (const question of questions(random)) {
				if (answer(policy, question, { scope })) expect(answer(policy, question)).toBe(true);
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

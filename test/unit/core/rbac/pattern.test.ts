import { describe, expect, test } from "bun:test";
import { matchesPattern, parsePattern } from "../../../../src/core/rbac/pattern.ts";
import { coversUnit, parseResource, parseUnits } from "../../../../src/core/rbac/resource.ts";
import { parseRule, parseRuleText, ruleText } from "../../../../src/core/rbac/rule.ts";
import { forSeeds } from "../../../support/seeded.ts";

const matches = (pattern: string, id: string) => matchesPattern(parsePattern(pattern), id);

/** The definition, without any care for time. */
function oracle(pattern: string, id: string): boolean {
	if (pattern === "") return id === "";
	if (pattern[0] === "*") {
		return oracle(pattern.slice(1), id) || (id !== "" && oracle(pattern, id.slice(1)));
	}
	return id !== "" && pattern[0] === id[0] && oracle(pattern.slice(1), id.slice(1));
}

describe("patterns of units", () => {
	test.each([
		["dev/*", "dev/x", true],
		["dev/*", "dev/x/y", true],
		["dev/*", "dev", false],
		["dev/*", "dev-prod/x", false],
		["dev/*", "DEV/x", false],
		["dev/*", "devX/a", false],
		["dev/*", "prod/dev/x", false],
		["prod.db/*", "prodXdb/a", false],
		["prod.db/*", "prod.db/a", true],
		["*/prod", "a/b/prod", true],
		["*/prod", "prod", false],
		["a*a", "a", false],
		["a*a", "aa", true],
		["a*b*c", "abbc", true],
		["a*bc*c", "abc", false],
		["**", "x", true],
		["x", "x", true],
		["x", "xy", false],
	])("%s on %s: %p", (pattern, id, expected) => {
		expect(matches(pattern, id)).toBe(expected);
	});

	test("match as the definition says", () => {
		forSeeds(5000, (random) => {
			const pattern = Array.from({ length: 1 + random.below(8) }, () => random.pick([..."aab*."]));
			const id = Array.from({ length: 1 + random.below(10) }, () => random.pick([..."aab."]));
			const [text, word] = [`x${pattern.join("")}`, `x${id.join("")}`];
			if (text.split("*").length > 8) return;
			expect({ text, word, is: matches(text, word) }).toEqual({
				text,
				word,
				is: oracle(text, word),
			});
		});
	});

	test.each([
		"",
		"dev/",
		"/dev",
		"dev//x",
		"dev/../prod",
		"./dev",
		"dev__x",
		"dev/(a|b)",
		"dev/[a]",
		"a+",
		"a\\",
		"dév/*",
		"de\u0301v/*",
		"a b",
		"a?",
		"*".repeat(9),
		"*".repeat(10_000),
		"a".repeat(257),
	])("%p is refused", (pattern) => {
		expect(() => parsePattern(pattern)).toThrow(
			expect.objectContaining({ code: "invalid_request" }),
		);
	});
});

describe("resources", () => {
	const covers = (text: string, id: string, labels = {}) =>
		coversUnit(parseResource(text), id, labels);

	test("select by label, exactly", () => {
		for (const form of ["env=prod", "label:env=prod"]) {
			expect(covers(form, "a", { env: "prod" })).toBe(true);
			expect(covers(form, "a", { env: "prod2" })).toBe(false);
			expect(covers(form, "a", { ENV: "prod" })).toBe(false);
			expect(covers(form, "a")).toBe(false);
			expect(covers(form, "*", { env: "prod" })).toBe(false);
			expect(parseResource(form).text).toBe("env=prod");
		}
		expect(covers("constructor=x", "a")).toBe(false);
		expect(covers("label:a=b=c", "u", { a: "b=c" })).toBe(true);
	});

	test("what belongs to no unit is covered by stars only", () => {
		expect(covers("*", "*")).toBe(true);
		expect(covers("dev/*", "*")).toBe(false);
		expect(covers("*a", "*")).toBe(false);
	});

	test("name outputs behind a hash", () => {
		for (const text of ["dev/app#vpc_id", "*#*", "env=prod#vpc_*", "dev/*#über-1"]) {
			const [units = "", output] = text.split("#");
			expect(parseResource(text)).toEqual({
				...parseResource(units),
				text,
				output: expect.objectContaining({ text: output }),
			});
		}
		expect(parseResource("label:env=prod#a").text).toBe("env=prod#a");
		for (const text of ["dev/app", "*", "env=prod"]) expect(parseUnits(text).output).toBeNull();
		expect(() => parseUnits("dev/app#a")).toThrow("whole units");
	});

	test.each([
		"dev/app#",
		"#a",
		"dev/app#a#b",
		"dev/app#a b",
		"dev/app#a.b",
		"dev/#a",
		"env=#a",
		`a#${"*".repeat(9)}`,
	])("%p is refused", (text) => {
		expect(() => parseResource(text)).toThrow();
	});

	test("a rule about outputs has one action", () => {
		expect(ruleText(parseRuleText("deny:unit:read-outputs:dev/*#a,label:env=prod#b*"))).toBe(
			"deny:unit.read-outputs:dev/*#a,env=prod#b*",
		);
		for (const list of ["unit.read", "*", "unit.read-outputs,unit.read"]) {
			expect(() => parseRuleText(`allow:${list}:dev/*,dev/*#a`)).toThrow("another action");
		}
	});

	test.each(["env=*", "=prod", "env=", "label:dev/*", "env=a\nb"])("%p is refused", (text) => {
		expect(() => parseResource(text)).toThrow();
	});
});

describe("rules", () => {
	test.each([
		["allow:unit.read,unit.write:dev/*", "allow:unit.read,unit.write:dev/*"],
		["allow:unit:read,unit:write:dev/*,env=prod", "allow:unit.read,unit.write:dev/*,env=prod"],
		["deny:*:*", "deny:*:*"],
		["allow:unit:read-outputs:label:team=a", "allow:unit.read-outputs:team=a"],
		["allow:*,unit.read:a", "allow:*,unit.read:a"],
		["allow:rbac.manage:*", "allow:rbac.manage:*"],
		["allow:audit.read:dev/*", "allow:audit.read:dev/*"],
	])("%s is read as %s", (text, canonical) => {
		expect(ruleText(parseRuleText(text))).toBe(canonical);
	});

	test.each([
		"",
		"allow",
		"allow:unit.read",
		"allow:unit.read:",
		"allow::dev/*",
		"permit:unit.read:*",
		"Allow:unit.read:*",
		"allow:unit.reed:*",
		"allow:unit.read:dev/*,",
		"allow:unit.*:dev/*",
		"deny:rbac.manage:dev/*",
		"allow:unit.read,system.manage:env=prod",
	])("%p is refused", (text) => {
		expect(() => parseRuleText(text)).toThrow(expect.objectContaining({ code: "invalid_request" }));
	});

	test("too many parts are refused", () => {
		const resources = Array.from({ length: 65 }, (_, i) => `u${i}`);
		expect(() => parseRule({ effect: "allow", actions: ["*"], resources })).toThrow();
	});
});

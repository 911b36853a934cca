/**
 * Which CI jobs are let in: issuers, and rules over the claims of their ID tokens. A JSON file of
 * the operator's; a mistake in it refuses to start, because a rule that is read wrongly lets in the
 * world.
 */
import { limits } from "../../core/limits.ts";
import { AuthConfigError } from "../config-error.ts";
import { isFetchable } from "../oidc/bounded-fetch.ts";

export interface TrustRule {
	readonly name: string;
	/** Every claim must fit one of its patterns; `*` stands for any characters. */
	readonly claims: Readonly<Record<string, readonly string[]>>;
	readonly roles: readonly string[];
	/** Patterns of unit ids; null: what the roles allow. */
	readonly units: readonly string[] | null;
	/** Name of the organization whose roles they are; null: the default one. */
	readonly organization: string | null;
}

export interface TrustedIssuer {
	readonly issuer: string;
	readonly audience: string;
	readonly jwksUrl: string | null;
	readonly rules: readonly TrustRule[];
}

/** Reads the text of the file. Throws AuthConfigError that names the place. */
export function parseTrust(text: string, defaultAudience: string | null): TrustedIssuer[] {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw wrong("the file", "is not JSON");
	}
	const document = fields(value, "the file", ["issuers"]);
	const issuers = list(document.issuers, "issuers").map((one, index) =>
		issuerFrom(one, `issuers[${index}]`, defaultAudience),
	);
	if (issuers.reduce((sum, one) => sum + one.rules.length, 0) > limits.trustRulesMax) {
		throw wrong("issuers", `has more than ${limits.trustRulesMax} rules`);
	}
	if (new Set(issuers.map((one) => one.issuer)).size !== issuers.length) {
		throw wrong("issuers", "names an issuer twice");
	}
	return issuers;
}

/** The first rule that the claims fit; null when none does. */
export function matchingRule(
	rules: readonly TrustRule[],
	claims: Readonly<Record<string, unknown>>,
): TrustRule | null {
	const fits = (name: string, patterns: readonly string[]): boolean => {
		const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
		const text = typeof value === "boolean" || typeof value === "number" ? String(value) : value;
		return typeof text === "string" && patterns.some((pattern) => matchesGlob(pattern, text));
	};
	const found = rules.find((rule) =>
		Object.entries(rule.claims).every(([name, patterns]) => fits(name, patterns)),
	);
	return found ?? null;
}

/** `*` matches any run of characters, everything else itself. Linear in the text for each star. */
export function matchesGlob(pattern: string, text: string): boolean {
	const [first = "", ...rest] = pattern.split("*");
	if (rest.length === 0) return pattern === text;
	if (!text.startsWith(first)) return false;
	let at = first.length;
	const last = rest.pop() ?? "";
	for (const part of rest) {
		const found = text.indexOf(part, at);
		if (found === -1) return false;
		at = found + part.length;
	}
	return text.length - at >= last.length && text.endsWith(last);
}

function issuerFrom(value: unknown, at: string, defaultAudience: string | null): TrustedIssuer {
	const given = fields(value, at, ["issuer", "audience", "jwks_url", "rules"]);
	const issuer = string(given.issuer, `${at}.issuer`);
	const jwksUrl = given.jwks_url === undefined ? null : string(given.jwks_url, `${at}.jwks_url`);
	for (const url of [issuer, jwksUrl]) {
		if (url !== null && !isFetchable(url)) throw wrong(at, "has a URL that is not https");
	}
	const audience =
		given.audience === undefined ? defaultAudience : string(given.audience, `${at}.audience`);
	if (audience === null) throw wrong(at, "needs an audience, as there is no public base URL");
	const rules = list(given.rules, `${at}.rules`).map((rule, index) =>
		ruleFrom(rule, `${at}.rules[${index}]`),
	);
	return { issuer, audience, jwksUrl, rules };
}

function ruleFrom(value: unknown, at: string): TrustRule {
	const given = fields(value, at, ["name", "claims", "roles", "units", "organization"]);
	const claims = Object.entries(fields(given.claims, `${at}.claims`, null)).map(
		([name, patterns]) =>
			[name, strings(typeof patterns === "string" ? [patterns] : patterns, at)] as const,
	);
	if (claims.every(([, patterns]) => patterns.every((one) => /^\**$/.test(one)))) {
		throw wrong(`${at}.claims`, "asks for nothing: everybody who can use that issuer would fit");
	}
	return {
		name: string(given.name, `${at}.name`),
		claims: Object.fromEntries(claims),
		roles: strings(given.roles, `${at}.roles`),
		units: given.units === undefined ? null : strings(given.units, `${at}.units`),
		organization:
			given.organization === undefined ? null : string(given.organization, `${at}.organization`),
	};
}

function fields(
	value: unknown,
	at: string,
	known: readonly string[] | null,
): Readonly<Record<string, unknown>> {
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		throw wrong(at, "must be an object");
	}
	const unknown =
		known === null ? undefined : Object.keys(value).find((key) => !known.includes(key));
	if (unknown !== undefined) throw wrong(`${at}.${unknown}`, "is not known");
	return value as Record<string, unknown>;
}

function list(value: unknown, at: string): readonly unknown[] {
	if (!Array.isArray(value) || value.length === 0)
		throw wrong(at, "must be a list that is not empty");
	return value;
}

function string(value: unknown, at: string): string {
	if (typeof value !== "string" || value === "") throw wrong(at, "must be a text");
	return value;
}

function strings(value: unknown, at: string): readonly string[] {
	return list(value, at).map((one) => string(one, at));
}

function wrong(at: string, why: string): AuthConfigError {
	return new AuthConfigError(`OPENTACO_CI_TRUST: ${at} ${why}`);
}

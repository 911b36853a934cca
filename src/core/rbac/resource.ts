/**
 * What a rule is about: units by a pattern of their ids, or by a label that they carry, and of these
 * units everything, or outputs whose names match a pattern. A rule with several resources is about
 * everything that one of them covers.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import {
	matchesAnything,
	matchesPattern,
	type Pattern,
	parseOutputPattern,
	parsePattern,
} from "./pattern.ts";

export type Resource = {
	readonly text: string;
	/** Only outputs with such a name; null: the units as a whole. */
	readonly output: Pattern | null;
} & (
	| { readonly kind: "pattern"; readonly pattern: Pattern }
	| { readonly kind: "label"; readonly key: string; readonly value: string }
);

export type Labels = Readonly<Record<string, string>>;

/** The resource of what belongs to no unit, and the pattern of everything. */
export const everything = "*";

const labelMark = "label:";
const outputMark = "#";

/**
 * Reads `*`, `dev/*`, `dev/app`, `env=prod` or `label:env=prod`, each also with outputs behind it:
 * `dev/app#vpc_*`. Fails with `invalid_request`.
 */
export function parseResource(given: string): Resource {
	const isMarked = given.startsWith(labelMark);
	const text = isMarked ? given.slice(labelMark.length) : given;
	const at = text.indexOf(outputMark);
	const units = at === -1 ? text : text.slice(0, at);
	const output = at === -1 ? null : parseOutputPattern(text.slice(at + 1));
	if (isMarked || units.includes("=")) return { ...parseLabel(units), text, output };
	return { kind: "pattern", text, pattern: parsePattern(units), output };
}

/** Reads a resource that is whole units. Fails with `invalid_request`. */
export function parseUnits(text: string): Resource {
	const resource = parseResource(text);
	if (resource.output === null) return resource;
	throw new DomainError("invalid_request", "whole units are meant here, not single outputs", {
		hint: "name the outputs in the rule, e.g. allow:unit.read-outputs:network/*#vpc_*",
	});
}

function parseLabel(text: string) {
	const at = text.indexOf("=");
	const key = text.slice(0, Math.max(at, 0));
	const value = text.slice(at + 1);
	const isBad =
		at < 1 ||
		value === "" ||
		Buffer.byteLength(key) > limits.labelKeyBytesMax ||
		Buffer.byteLength(value) > limits.labelValueBytesMax ||
		/[\u0000-\u001f\u007f,*]/.test(text);
	if (isBad) {
		throw new DomainError("invalid_request", "a label selector is not of the form key=value", {
			hint: "write `env=prod`: labels are compared exactly, without `*`, `#` and commas",
		});
	}
	return { kind: "label", key, value } as const;
}

/** Whether the resource covers a unit with these labels; `id` is `*` for what belongs to no unit. */
export function coversUnit(resource: Resource, id: string, labels: Labels): boolean {
	return resource.output === null && isOf(resource, id, labels);
}

/**
 * Whether the resource covers an output of a unit. Without a name: whether it covers one at least
 * (`some`), or whatever there is (`every`).
 */
export function coversOutput(
	resource: Resource,
	id: string,
	labels: Labels,
	name: string | { readonly of: "some" | "every" },
): boolean {
	if (!isOf(resource, id, labels)) return false;
	if (resource.output === null) return true;
	if (typeof name === "string") return matchesPattern(resource.output, name);
	return name.of === "some" || matchesAnything(resource.output);
}

function isOf(resource: Resource, id: string, labels: Labels): boolean {
	if (resource.kind === "pattern") {
		// The literal `*` is no unit's id, so only a pattern of nothing but stars covers it.
		return matchesPattern(resource.pattern, id);
	}
	return (
		id !== everything &&
		Object.hasOwn(labels, resource.key) &&
		labels[resource.key] === resource.value
	);
}

/** Whether the resource covers everything, also what belongs to no unit. */
export function coversEverything(resource: Resource): boolean {
	return (
		resource.output === null &&
		resource.kind === "pattern" &&
		matchesPattern(resource.pattern, everything)
	);
}

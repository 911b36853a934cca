/**
 * What a rule is about: units by a pattern of their ids, or by a label that they carry. A rule with
 * several resources is about every unit that one of them matches.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { matchesPattern, type Pattern, parsePattern } from "./pattern.ts";

export type Resource =
	| { readonly kind: "pattern"; readonly text: string; readonly pattern: Pattern }
	| { readonly kind: "label"; readonly text: string; readonly key: string; readonly value: string };

export type Labels = Readonly<Record<string, string>>;

/** The resource of what belongs to no unit, and the pattern of everything. */
export const everything = "*";

const labelMark = "label:";

/**
 * Reads `*`, `dev/*`, `dev/app`, `env=prod` or `label:env=prod`. Fails with `invalid_request`;
 * single outputs (`dev/app#vpc_id`) are refused by name.
 */
export function parseResource(given: string): Resource {
	const isMarked = given.startsWith(labelMark);
	const text = isMarked ? given.slice(labelMark.length) : given;
	if (isMarked || text.includes("=")) return parseLabel(text);
	if (text.includes("#")) {
		throw new DomainError("invalid_request", "a resource names a single output", {
			hint: "rules reach whole units; allow unit.read-outputs on the unit instead",
		});
	}
	return { kind: "pattern", text, pattern: parsePattern(text) };
}

function parseLabel(text: string): Resource {
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
			hint: "write `env=prod`: labels are compared exactly, without `*` and commas",
		});
	}
	return { kind: "label", text, key, value };
}

/** Whether the resource covers a unit with these labels; `id` is `*` for what belongs to no unit. */
export function coversUnit(resource: Resource, id: string, labels: Labels): boolean {
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
	return resource.kind === "pattern" && matchesPattern(resource.pattern, everything);
}

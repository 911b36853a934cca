/**
 * What a rule is about: units by a pattern of their ids, by a label that they carry, or by the
 * project that they are in. A rule with several resources is about every unit that one of them
 * matches.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { matchesPattern, type Pattern, parsePattern } from "./pattern.ts";

export type Resource =
	| { readonly kind: "pattern"; readonly text: string; readonly pattern: Pattern }
	| { readonly kind: "label"; readonly text: string; readonly key: string; readonly value: string }
	| {
			readonly kind: "project";
			readonly text: string;
			readonly project: string;
			/** Not a unit that is about to be made there. */
			readonly isExisting: boolean;
	  };

export type Labels = Readonly<Record<string, string>>;

/** The resource of what belongs to no unit, and the pattern of everything. */
export const everything = "*";

const labelMark = "label:";
const projectMark = "project:";

/** No selector of labels can spell these. */
const projectTrait = "\u0000project";
const newTrait = "\u0000new";

/**
 * What a decision about a unit looks at beside its id: its labels and its project; and whether it is
 * only about to be made. Whatever decides on labels is given these.
 */
export function traitsOf(
	labels: Labels,
	project: string,
	stage: "existing" | "new" = "existing",
): Labels {
	return { ...labels, [projectTrait]: project, [newTrait]: stage === "new" ? "yes" : "no" };
}

/** The labels with the other traits of the unit that they are meant for. */
export function withTraits(labels: Labels, unit: Labels): Labels {
	const { [projectTrait]: project = "", [newTrait]: isNew = "no" } = unit;
	return { ...labels, [projectTrait]: project, [newTrait]: isNew };
}

/** Whether the traits are known and need not be asked for. */
export function hasTraits(labels: Labels | undefined): labels is Labels {
	return labels !== undefined && Object.hasOwn(labels, projectTrait);
}

/** The units of a project; with `isExisting` not those that are about to be made there. */
export function projectResource(project: string, isExisting: boolean): Resource {
	const text = `${projectMark}${project}${isExisting ? " (existing)" : ""}`;
	return { kind: "project", text, project, isExisting };
}

/**
 * Reads `*`, `dev/*`, `dev/app`, `env=prod`, `label:env=prod` or `project:prj-…`. Fails with
 * `invalid_request`;
 * single outputs (`dev/app#vpc_id`) are refused by name.
 */
export function parseResource(given: string): Resource {
	const isMarked = given.startsWith(labelMark);
	const text = isMarked ? given.slice(labelMark.length) : given;
	if (isMarked || text.includes("=")) return parseLabel(text);
	if (text.startsWith(projectMark)) return parseProject(text.slice(projectMark.length));
	if (text.includes("#")) {
		throw new DomainError("invalid_request", "a resource names a single output", {
			hint: "rules reach whole units; allow unit.read-outputs on the unit instead",
		});
	}
	return { kind: "pattern", text, pattern: parsePattern(text) };
}

function parseProject(project: string): Resource {
	if (/^prj-[A-Za-z0-9-]{1,64}$/.test(project)) return projectResource(project, false);
	throw new DomainError("invalid_request", "a project is not named by its id", {
		hint: "write `project:prj-…` with the project's id, not its name",
	});
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
	if (resource.kind === "project") {
		const isMeant = id !== everything && labels[projectTrait] === resource.project;
		return isMeant && !(resource.isExisting && labels[newTrait] === "yes");
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

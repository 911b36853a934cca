/**
 * What a rule is about: units by a pattern of their ids, by a label that they carry, or by the
 * project that they are in; and of these units everything, or outputs whose names match a pattern. A
 * rule with several resources is about everything that one of them covers.
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
} & Units;

type Units =
	| { readonly kind: "pattern"; readonly pattern: Pattern }
	| { readonly kind: "label"; readonly key: string; readonly value: string }
	| {
			readonly kind: "project";
			readonly project: string;
			/** Only what stands so to the project; null: however. */
			readonly stage: Stage | null;
	  };

/** How something stands to its project: in it, about to be made in it, or the project itself. */
export type Stage = "existing" | "new" | "itself";

export type Labels = Readonly<Record<string, string>>;

/** The resource of what belongs to no unit, and the pattern of everything. */
export const everything = "*";

const labelMark = "label:";
const outputMark = "#";
const projectMark = "project:";

/** No selector of labels can spell these. */
const projectTrait = "\u0000project";
const stageTrait = "\u0000stage";

/**
 * What a decision about a unit looks at beside its id: its labels and its project; and whether it is
 * only about to be made. Whatever decides on labels is given these.
 */
export function traitsOf(labels: Labels, project: string, stage: Stage = "existing"): Labels {
	return { ...labels, [projectTrait]: project, [stageTrait]: stage };
}

/** What to ask about a project itself: no unit has this id. */
export function projectQuestion(project: string): {
	readonly resource: string;
	readonly traits: Labels;
} {
	return { resource: `${projectMark}${project}`, traits: traitsOf({}, project, "itself") };
}

/** The labels with the other traits of the unit that they are meant for. */
export function withTraits(labels: Labels, unit: Labels): Labels {
	const { [projectTrait]: project = "", [stageTrait]: stage = "" } = unit;
	return { ...labels, [projectTrait]: project, [stageTrait]: stage };
}

/** Whether the traits are known and need not be asked for. */
export function hasTraits(labels: Labels | undefined): labels is Labels {
	return labels !== undefined && Object.hasOwn(labels, projectTrait);
}

/** The project, its units and those that are about to be made in it; or one kind of these. */
export function projectResource(project: string, stage: Stage | null): Resource {
	const text = `${projectMark}${project}${stage === null ? "" : ` (${stage})`}`;
	return { kind: "project", text, project, stage, output: null };
}

/**
 * Reads `*`, `dev/*`, `dev/app`, `env=prod`, `label:env=prod` or `project:prj-…`, each also with
 * outputs behind it: `dev/app#vpc_*`. Fails with `invalid_request`.
 */
export function parseResource(given: string): Resource {
	const isMarked = given.startsWith(labelMark);
	const text = isMarked ? given.slice(labelMark.length) : given;
	const at = text.indexOf(outputMark);
	const output = at === -1 ? null : parseOutputPattern(text.slice(at + 1));
	const units = at === -1 ? text : text.slice(0, at);
	return { ...parseUnitsPart(units, isMarked), text, output };
}

function parseUnitsPart(text: string, isMarked: boolean): Units {
	if (isMarked || text.includes("=")) return parseLabel(text);
	if (text.startsWith(projectMark)) return parseProject(text.slice(projectMark.length));
	return { kind: "pattern", pattern: parsePattern(text) };
}

/** Reads a resource that is whole units. Fails with `invalid_request`. */
export function parseUnits(text: string): Resource {
	const resource = parseResource(text);
	if (resource.output === null) return resource;
	throw new DomainError("invalid_request", "whole units are meant here, not single outputs", {
		hint: "name the outputs in the rule, e.g. allow:unit.read-outputs:network/*#vpc_*",
	});
}

function parseProject(project: string): Units {
	if (/^prj-[A-Za-z0-9-]{1,64}$/.test(project)) return projectResource(project, null);
	throw new DomainError("invalid_request", "a project is not named by its id", {
		hint: "write `project:prj-…` with the project's id, not its name",
	});
}

function parseLabel(text: string): Units {
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
	if (resource.kind === "project") {
		const isMeant = id !== everything && labels[projectTrait] === resource.project;
		return isMeant && (resource.stage === null || labels[stageTrait] === resource.stage);
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

/** What a set of variables is, where it applies, and whose value counts. Pure. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { nameOfVariable, type Variable } from "./variable.ts";

export interface VariableSet {
	readonly id: string;
	readonly name: string;
	readonly description: string;
	/** Applies to every unit; of a project's own set, to every unit of the project. */
	readonly isGlobal: boolean;
	/** Its values go before those of the unit itself. */
	readonly isPriority: boolean;
	/** The project that it belongs to; null: the organization. */
	readonly parent: string | null;
	readonly units: readonly UnitId[];
	/** Ids of projects. */
	readonly projects: readonly string[];
	/** ISO 8601. */
	readonly created: string;
	readonly updated: string;
}

export interface VariableSetInput {
	readonly name: string;
	readonly description: string;
	readonly isGlobal: boolean;
	readonly isPriority: boolean;
	readonly units: readonly UnitId[];
	readonly projects: readonly string[];
}

export type VariableSetChange = {
	readonly [K in keyof VariableSetInput]?: VariableSetInput[K] | undefined;
};

/** A unit, as far as it matters for sets. */
export interface Placed {
	readonly id: UnitId;
	readonly project: string;
}

/** How closely a set is bound to a unit; null: it does not apply. */
export type SetScope = "unit" | "project" | "global";

/** No such set, or one that the caller may not see. */
export function setNotFound(): DomainError {
	return new DomainError("not_found", "there is no such variable set");
}

/** The set with the change on top. Fails with `invalid_request`. */
export function changedSet(before: VariableSet, change: VariableSetChange): VariableSet {
	const after: VariableSet = {
		...before,
		name: change.name ?? before.name,
		description: change.description ?? before.description,
		isGlobal: change.isGlobal ?? before.isGlobal,
		isPriority: change.isPriority ?? before.isPriority,
		units: [...new Set(change.units ?? before.units)],
		projects: [...new Set(change.projects ?? before.projects)],
	};
	const isGood =
		/^[\p{L}\p{N}](?:[\p{L}\p{N} _-]*[\p{L}\p{N}_-])?$/u.test(after.name) &&
		Buffer.byteLength(after.name) <= limits.variableSetNameBytesMax &&
		Buffer.byteLength(after.description) <= limits.variableDescriptionBytesMax;
	if (!isGood) {
		throw new DomainError("invalid_request", "the variable set's name or description is no good", {
			hint: `letters, digits, spaces, dashes and underscores, at most ${limits.variableSetNameBytesMax} bytes; descriptions at most ${limits.variableDescriptionBytesMax}`,
		});
	}
	const isElsewhere = after.projects.some((project) => project !== after.parent);
	if (after.parent !== null && isElsewhere) {
		throw new DomainError("invalid_request", "a project's own set applies in that project only");
	}
	return after;
}

/** Fails with `conflict` for a name that is taken, `too_large` for too many. */
export function checkSets(sets: readonly VariableSet[]): void {
	if (new Set(sets.map(({ name }) => name)).size < sets.length) {
		throw new DomainError("conflict", "a variable set of this name exists");
	}
	const places = sets.reduce((sum, { units, projects }) => sum + units.length + projects.length, 0);
	const isOver =
		sets.length > limits.variableSetsMax ||
		places > limits.variableSetPlacesMax ||
		Buffer.byteLength(JSON.stringify(sets)) > limits.variablesBytesMax;
	if (!isOver) return;
	throw new DomainError(
		"too_large",
		`there are more than ${limits.variableSetsMax} variable sets, or ${limits.variableSetPlacesMax} places that they apply to`,
		{ hint: "apply sets to projects instead of units, or make them global" },
	);
}

/** How the set applies to the unit; null: not at all. */
export function scopeOfSet(set: VariableSet, { id, project }: Placed): SetScope | null {
	if (set.parent !== null && set.parent !== project) return null;
	if (set.isGlobal) return "global";
	if (set.units.includes(id)) return "unit";
	return set.projects.includes(project) ? "project" : null;
}

/** Variables of one source: of the unit itself (null), or of a set. */
export interface VariableSource {
	readonly set: VariableSet | null;
	readonly scope: SetScope;
	readonly variables: readonly Variable[];
}

/** A variable as a unit has it. */
export interface InheritedVariable {
	readonly variable: Variable;
	/** null: the unit's own. */
	readonly set: VariableSet | null;
	/** The id of the one whose value counts instead; null: this one's does. */
	readonly overwriter: string | null;
	/** The ids of those whose values do not count because of this one. */
	readonly overwritten: readonly string[];
}

const closeness: readonly SetScope[] = ["global", "project", "unit"];

/**
 * The more, the sooner its values count: a global set, one of the project, one of the unit, the
 * unit's own; then, the other way round, sets with priority.
 */
function rankOf({ set, scope }: VariableSource): number {
	const close = closeness.indexOf(scope);
	if (set === null) return closeness.length;
	return set.isPriority ? 2 * closeness.length - close : close;
}

/** All variables of a unit, those whose values count last. Between equal sets the first name wins. */
export function inherited(sources: readonly VariableSource[]): InheritedVariable[] {
	const ordered = [...sources].sort(
		(a, b) => rankOf(a) - rankOf(b) || ((a.set?.name ?? "") < (b.set?.name ?? "") ? 1 : -1),
	);
	const all = ordered.flatMap(({ set, variables }) =>
		variables.map((variable) => ({ variable, set, name: nameOfVariable(variable) })),
	);
	const counting = new Map(all.map(({ name, variable }) => [name, variable.id]));
	return all.map(({ variable, set, name }) => {
		const winner = counting.get(name);
		const counts = winner === variable.id;
		return {
			variable,
			set,
			overwriter: counts ? null : (winner ?? null),
			overwritten: counts
				? all
						.filter((one) => one.name === name && one.variable.id !== winner)
						.map((one) => one.variable.id)
				: [],
		};
	});
}

/** Where a team may do something, shared by the commands of `taco team access`. */
import {
	type TeamAccessView,
	type TeamProjectAccess,
	type TeamUnitAccess,
	teamDetails,
} from "../../../api/teams.ts";
import { parseUnitId } from "../../../core/unit/unit-id.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";
import { projectNamed } from "../project/project-arguments.ts";

export const placeFlags = {
	unit: { type: "string", valueHint: "UNIT", description: "In this unit" },
	project: { type: "string", valueHint: "NAME", description: "In this project, by name or id" },
} as const;

/** A unit, or a project with its id. */
export type Place = { readonly unit: string } | { readonly project: string; readonly name: string };

/** The place that the flags name; null without any. @throws CliError, DomainError, ClientError. */
export async function placeIn(cli: Cli): Promise<Place | null> {
	const [unit, project] = [cli.all("unit").at(-1), cli.all("project").at(-1)];
	if (unit !== undefined && project !== undefined) {
		throw usageError("give either --unit or --project");
	}
	if (unit !== undefined) return { unit: parseUnitId(unit) };
	if (project === undefined) return null;
	const { id, name } = await projectNamed(cli, project);
	return { project: id, name };
}

/** The same, where one must be named. @throws CliError `usage`, DomainError, ClientError. */
export async function demandedPlace(cli: Cli): Promise<Place> {
	const place = await placeIn(cli);
	if (place !== null) return place;
	throw usageError("this needs a unit or a project", "add --unit or --project");
}

/** The place in words: `shop/prod`, `project shop`. */
export function shownPlace(place: Place): string {
	return "unit" in place ? place.unit : `project ${place.name}`;
}

/** The place of an access in words. */
export function placeOf(
	{ unit, project }: TeamAccessView,
	names: ReadonlyMap<string, string>,
): string {
	return unit ?? `project ${names.get(project ?? "") ?? project}`;
}

/** The query or body for a place. */
export function placeFields(place: Place): { unit: string } | { project: string } {
	return "unit" in place ? { unit: place.unit } : { project: place.project };
}

const ofProject: ReadonlySet<string> = new Set(Object.keys(teamDetails.project));

/** `NAME=VALUE` as fields of a custom access. @throws CliError `usage`. */
export function detailsIn(pairs: readonly string[]): {
	readonly unit_access?: TeamUnitAccess;
	readonly project_access?: TeamProjectAccess;
} {
	const unit: Record<string, string | boolean> = {};
	const project: Record<string, string | boolean> = {};
	for (const pair of pairs) {
		const equals = pair.indexOf("=");
		if (equals <= 0) throw usageError("a detail must be written name=value");
		const name = pair.slice(0, equals).replaceAll("-", "_");
		const text = pair.slice(equals + 1);
		const value = text === "true" || text === "false" ? text === "true" : text;
		(ofProject.has(name) ? project : unit)[name] = value;
	}
	return {
		...(Object.keys(unit).length === 0 ? {} : { unit_access: unit as TeamUnitAccess }),
		...(Object.keys(project).length === 0 ? {} : { project_access: project as TeamProjectAccess }),
	};
}

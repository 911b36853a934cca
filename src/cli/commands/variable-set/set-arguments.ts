/** What the commands of `taco variable-set` share. */
import type { VariableSetView } from "../../../api/variables.ts";
import { DomainError } from "../../../core/errors.ts";
import { parseUnitId } from "../../../core/unit/unit-id.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";

export const setArgument = {
	type: "positional",
	required: true,
	description: "The set's name, or its id",
} as const;

export const placeFlags = {
	unit: { type: "string", valueHint: "UNIT", description: "A unit; may be repeated" },
	project: { type: "string", valueHint: "ID", description: "A project's id; may be repeated" },
} as const;

/** The set of that name or id. @throws DomainError `not_found`, ClientError. */
export async function setNamed(cli: Cli, name: string): Promise<VariableSetView> {
	const { variableSets } = await cli.client();
	const all = await variableSets.list({ signal: cli.signal });
	const found = all.find((set) => set.name === name || set.id === name);
	if (found !== undefined) return found;
	throw new DomainError("not_found", "there is no such variable set", {
		hint: "taco variable-set ls lists them",
	});
}

/** The places that the flags name. @throws DomainError `invalid_unit_id`. */
export function placesOf(cli: Cli): { readonly units: string[]; readonly projects: string[] } {
	return { units: cli.all("unit").map(parseUnitId), projects: [...cli.all("project")] };
}

/** The same, where at least one must be named. @throws CliError `usage`. */
export function demandedPlaces(cli: Cli): ReturnType<typeof placesOf> {
	const places = placesOf(cli);
	if (places.units.length + places.projects.length > 0) return places;
	throw usageError("this needs a unit or a project", "add --unit or --project");
}

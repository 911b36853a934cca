/** What the commands of `taco variable-set` share. */
import type { VariableSetView } from "../../../api/variables.ts";
import { DomainError } from "../../../core/errors.ts";
import { parseUnitId } from "../../../core/unit/unit-id.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";
import { projectNamed } from "../project/project-arguments.ts";

export const setArgument = {
	type: "positional",
	required: true,
	description: "The set's name, or its id",
} as const;

export const placeFlags = {
	unit: { type: "string", valueHint: "UNIT", description: "A unit; may be repeated" },
	project: {
		type: "string",
		valueHint: "NAME",
		description: "A project, by name or id; may be repeated",
	},
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

interface Places {
	readonly units: string[];
	/** Ids. */
	readonly projects: string[];
}

/** The places that the flags name. @throws DomainError `invalid_unit_id`, `not_found`, ClientError. */
export async function placesOf(cli: Cli): Promise<Places> {
	const units = cli.all("unit").map(parseUnitId);
	const projects: string[] = [];
	for (const name of cli.all("project")) projects.push((await projectNamed(cli, name)).id);
	return { units, projects };
}

/** The same, where at least one must be named. @throws CliError `usage`, and as `placesOf`. */
export async function demandedPlaces(cli: Cli): Promise<Places> {
	const places = await placesOf(cli);
	if (places.units.length + places.projects.length > 0) return places;
	throw usageError("this needs a unit or a project", "add --unit or --project");
}

import {
	type TeamAccessView,
	type TeamProjectAccess,
	type TeamUnitAccess,
	teamDetails,
	teamLevels,
} from "../../api/teams.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { type Diagnostic, ProviderError } from "../plugin/diagnostic.ts";
import type { Attribute, PlainMap, ResourceType } from "../plugin/schema.ts";
import { emptyFault, textMapOf, textOf, unitIdFault } from "./checks.ts";
import { gone } from "./rbac.ts";

type Details = Readonly<Record<string, string | boolean>>;

/** What a custom access consists of when nothing is said. */
const inUnit: Details = teamDetails.unit;
const inProject: Details = teamDetails.unitsOfProject;
const ofProject: Details = teamDetails.project;

const fixed = (mode: Attribute["mode"], description: string): Attribute => ({
	type: "string",
	mode,
	replaces: true,
	description,
	check: emptyFault,
});

export const teamAccessResource: ResourceType<Api> = {
	description:
		"What a team may do in a unit, or in all units of a project. Import it as `<team_id>,unit,<unit_id>` or `<team_id>,project,<project_id>`.",
	attributes: {
		team_id: fixed("required", "The team."),
		unit_id: { ...fixed("optional", "The unit. Either this or `project_id`."), check: unitIdFault },
		project_id: fixed("optional", "The project."),
		level: {
			type: "string",
			mode: "required",
			description:
				"In a unit `read`, `plan`, `write`, `admin` or `custom`; in a project `read`, `write`, `maintain`, `admin` or `custom`.",
		},
		details: {
			type: ["map", "string"],
			mode: "optional",
			description:
				'What a `custom` access allows beyond the least, such as `state_versions = "read"` or `create = true`.',
		},
		id: { type: "string", mode: "computed", description: "Given by the server." },
	},
	validate: accessFaults,
	async create(planned, { api, signal }) {
		const [unit, project] = [textOf(planned, "unit_id"), textOf(planned, "project_id")];
		const wanted = {
			...{ team: textOf(planned, "team_id") ?? "", ...wishOf(planned) },
			...(unit === undefined ? {} : { unit }),
			...(project === undefined ? {} : { project }),
		};
		try {
			return { id: (await api.units.teams.giveAccess(wanted, { signal })).id };
		} catch (error) {
			const isThere = isClientError(error, "conflict") && /an access there/.test(error.message);
			throw isThere ? exists(planned) : error;
		}
	},
	async read(state, { api, signal }) {
		const { teams } = api.units;
		const id = textOf(state, "id");
		try {
			if (id !== undefined) return shown(await teams.getAccess(id, { signal }), state);
			const filter = {
				...{ team: textOf(state, "team_id"), unit: textOf(state, "unit_id") },
				project: textOf(state, "project_id"),
			};
			const [found] = await teams.access(filter, { signal });
			return found === undefined ? null : shown(found, state);
		} catch (error) {
			const isGone = isClientError(error, "not_found") || isClientError(error, "unit_not_found");
			if (isGone) return null;
			throw error;
		}
	},
	async update(planned, prior, { api, signal }) {
		await api.units.teams.changeAccess(textOf(prior, "id") ?? "", wishOf(planned), { signal });
		return {};
	},
	remove: (state, { api, signal }) =>
		gone(() => api.units.teams.takeAccess(textOf(state, "id") ?? "", { signal })),
	importFrom(id) {
		const [team, kind, where, ...more] = id.split(",");
		const isKnown = kind === "unit" || kind === "project";
		if (!team || !isKnown || !where || more.length > 0) {
			throw new ProviderError(
				"The import id is not understood",
				"Write <team_id>,unit,<unit_id> or <team_id>,project,<project_id>.",
			);
		}
		return { team_id: team, ...(kind === "unit" ? { unit_id: where } : { project_id: where }) };
	},
};

/** Level and details; of a custom access all of them, so that those that are gone from here go. */
function wishOf(planned: PlainMap): {
	readonly level: string;
	readonly unit_access?: TeamUnitAccess;
	readonly project_access?: TeamProjectAccess;
} {
	const level = textOf(planned, "level") ?? "";
	if (level !== "custom") return { level };
	const given = Object.entries(textMapOf(planned, "details")).map(([name, text]) => {
		const isFlag = text === "true" || text === "false";
		return [name, isFlag ? text === "true" : text] as const;
	});
	const within = (known: Details) => ({
		...known,
		...Object.fromEntries(given.filter(([name]) => Object.hasOwn(known, name))),
	});
	if (textOf(planned, "unit_id") !== undefined) return { level, unit_access: within(inUnit) };
	return { level, unit_access: within(inProject), project_access: within(ofProject) };
}

/** Details are shown that are more than the least, and those that stood there. */
function shown(access: TeamAccessView, state: PlainMap): PlainMap {
	const { id, team, unit, project, level, unit_access, project_access } = access;
	const told = textMapOf(state, "details");
	const least: Details = unit === null ? { ...inProject, ...ofProject } : inUnit;
	const details = Object.entries({ ...unit_access, ...project_access } as Details)
		.filter(([name, value]) => value !== least[name] || Object.hasOwn(told, name))
		.map(([name, value]) => [name, String(value)]);
	const isEmpty = level !== "custom" || (details.length === 0 && (state.details ?? null) === null);
	return {
		...{ id, team_id: team, unit_id: unit, project_id: project, level },
		details: isEmpty ? null : Object.fromEntries(details),
	};
}

function accessFaults(config: PlainMap, isUnknown: (name: string) => boolean): Diagnostic[] {
	const problem = (detail: string, at: Diagnostic["at"]): Diagnostic[] => [
		{ severity: "error", summary: "Invalid access", detail, ...(at === undefined ? {} : { at }) },
	];
	const has = (name: string) => isUnknown(name) || (config[name] ?? null) !== null;
	if (has("unit_id") && has("project_id")) {
		return problem("Set either unit_id or project_id.", "project_id");
	}
	if (!has("unit_id") && !has("project_id")) {
		return problem("Set unit_id or project_id.", "unit_id");
	}
	const isUnit = has("unit_id");
	const levels: readonly string[] = isUnit ? teamLevels.unit : teamLevels.project;
	const level = textOf(config, "level");
	if (level !== undefined && !levels.includes(level)) {
		const where = isUnit ? "a unit" : "a project";
		return problem(`The level in ${where} is one of ${levels.join(", ")}.`, "level");
	}
	const names = Object.keys(textMapOf(config, "details"));
	if (names.length > 0 && level !== undefined && level !== "custom") {
		return problem("Only the level custom has details.", "details");
	}
	const known: Details = isUnit ? inUnit : { ...inProject, ...ofProject };
	const empty = Object.entries((config.details ?? {}) as PlainMap).find(([, one]) => one === null);
	if (empty !== undefined)
		return problem("A detail must have a value.", ["details", { key: empty[0] }]);
	return names
		.filter((name) => !Object.hasOwn(known, name))
		.flatMap((key) =>
			problem(`There is no such detail; they are ${Object.keys(known).join(", ")}.`, [
				"details",
				{ key },
			]),
		);
}

function exists(planned: PlainMap): ProviderError {
	const [team, unit] = [textOf(planned, "team_id"), textOf(planned, "unit_id")];
	const where = unit === undefined ? `project,${textOf(planned, "project_id")}` : `unit,${unit}`;
	return new ProviderError(
		"The team has an access there already",
		[
			"A team has one access to a unit or project. Either",
			`- import it: terraform import opentaco_team_access.NAME ${team},${where}`,
			"- or take it away first: taco team access revoke",
		].join("\n"),
		unit === undefined ? "project_id" : "unit_id",
	);
}

import type { UnitView } from "../../api/units.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { ProviderError } from "../plugin/diagnostic.ts";
import type { Attribute, Attributes, DataSource, PlainMap, ValueType } from "../plugin/schema.ts";
import { textMapOf, textOf, unitIdFault } from "../resources/checks.ts";

const computed = (type: ValueType, description: string): Attribute => ({
	type,
	mode: "computed",
	description,
});

const facts: Attributes = {
	size: computed("number", "Bytes of the current state, 0 when there is none."),
	updated: computed("string", "When it last changed, ISO 8601."),
	created: computed("string", "When it was created, ISO 8601."),
	locked: computed("bool", "Whether somebody holds its lock."),
	lock_id: computed("string", "The lock's id; null when it is not locked."),
	lock_who: computed("string", "Who holds it, as they said; null when it is not locked."),
	labels: computed(["map", "string"], "Its labels."),
	has_state: computed("bool", "Whether it has a state yet."),
	serial: computed("number", "The state's serial; null without a readable state."),
	lineage: computed("string", "The state's lineage; null without a readable state."),
	terraform_version: computed("string", "Which version wrote the state; null if unknown."),
	version: computed("number", "The number of the current version; null when there is none."),
};

function factsOf(unit: UnitView): PlainMap {
	return {
		size: unit.size,
		updated: unit.updated,
		created: unit.created,
		locked: unit.locked,
		lock_id: unit.lock?.id ?? null,
		lock_who: unit.lock?.who ?? null,
		labels: unit.labels,
		has_state: unit.has_state,
		serial: unit.serial,
		lineage: unit.lineage,
		terraform_version: unit.terraform_version,
		version: unit.version,
	};
}

export const unitData: DataSource<Api> = {
	description: "What is known about a unit, without its state.",
	attributes: {
		id: {
			type: "string",
			mode: "required",
			description: "Such as `myapp/prod`.",
			check: unitIdFault,
		},
		...facts,
	},
	async read(config, { api, signal }) {
		const id = textOf(config, "id") ?? "";
		return factsOf(await api.units.getUnit(id, { signal }).catch(noSuchUnit(id, "id")));
	},
};

/** Tells of a unit that is not there at the attribute that names it. */
export function noSuchUnit(id: string, at: string): (error: unknown) => never {
	return (error) => {
		if (!isClientError(error, "unit_not_found")) throw error;
		const detail = `The server has no unit ${id}, or it may not be read with this token.`;
		throw new ProviderError("There is no such unit", detail, at);
	};
}

const listedType: ValueType = [
	"object",
	{
		id: "string",
		...Object.fromEntries(Object.entries(facts).map(([name, { type }]) => [name, type])),
	},
];

export const unitsData: DataSource<Api> = {
	description:
		"The units that may be read, sorted by id; all, or those that the filters let through.",
	attributes: {
		prefix: { type: "string", mode: "optional", description: "What their ids start with." },
		labels: {
			type: ["map", "string"],
			mode: "optional",
			description: "Labels that each of them has, with these values.",
		},
		ids: computed(["list", "string"], "Their ids."),
		units: computed(
			["list", listedType],
			"Objects with `id` and what the data source `opentaco_unit` has.",
		),
	},
	async read(config, { api, signal }) {
		const prefix = textOf(config, "prefix");
		const labels = textMapOf(config, "labels");
		const units = await api.units.listUnits({ prefix, labels }, { signal });
		return {
			ids: units.map(({ id }) => id),
			units: units.map((unit) => ({ id: unit.id, ...factsOf(unit) })),
		};
	},
};

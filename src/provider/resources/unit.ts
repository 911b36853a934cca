import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { ProviderError } from "../plugin/diagnostic.ts";
import type { Call, PlainMap, ResourceType } from "../plugin/schema.ts";
import { textMapOf, textOf, unitIdFault } from "./checks.ts";

/** Deleting waits for nobody: a locked unit is an error, which the server words. */
export const unitResource: ResourceType<Api> = {
	description:
		"A unit: one state with its lock and its history. Destroying it deletes the unit, which `taco unit undelete` brings back.",
	attributes: {
		id: {
			type: "string",
			mode: "required",
			replaces: true,
			description: "Such as `myapp/prod`.",
			check: unitIdFault,
		},
		labels: {
			type: ["map", "string"],
			mode: "optional",
			description:
				"Free key/value pairs, stored at the server. Rights may depend on them. Without it the unit has none.",
			check: (value) =>
				Object.values(value as PlainMap).includes(null) ? "A label must have a value." : null,
		},
		adopt: {
			type: "bool",
			mode: "optional",
			description:
				"Take over a unit that exists already, with its state and history, instead of failing. It gets the labels that stand here.",
		},
	},
	create,
	read,
	async update(planned, _prior, { api, signal }) {
		await api.units.updateUnit(idOf(planned), textMapOf(planned, "labels"), { signal });
		return {};
	},
	async remove(state, { api, signal }) {
		try {
			await api.units.deleteUnit(idOf(state), { signal });
		} catch (error) {
			if (!isClientError(error, "unit_not_found")) throw error;
		}
	},
	importFrom: (id) => ({ id }),
};

function idOf(map: PlainMap): string {
	return textOf(map, "id") ?? "";
}

async function create(planned: PlainMap, { api, signal }: Call<Api>): Promise<PlainMap> {
	const id = idOf(planned);
	const labels = textMapOf(planned, "labels");
	try {
		await api.units.createUnit(id, labels, { signal });
	} catch (error) {
		if (!isClientError(error, "unit_exists")) throw error;
		if (planned.adopt !== true) throw exists(id);
		await api.units.updateUnit(id, labels, { signal });
	}
	return {};
}

function exists(id: string): ProviderError {
	return new ProviderError(
		"Unit already exists",
		[
			`The server has a unit ${id} already. Renaming the resource block does not change that. Either`,
			`- import it: terraform import opentaco_unit.NAME ${id}`,
			"- set adopt = true, which takes it over as it is, state included",
			"- choose another id",
			`- or delete it first: taco unit rm ${id}`,
		].join("\n"),
		"id",
	);
}

async function read(state: PlainMap, { api, signal }: Call<Api>): Promise<PlainMap | null> {
	try {
		const unit = await api.units.getUnit(idOf(state), { signal });
		return { labels: unit.labels };
	} catch (error) {
		if (isClientError(error, "unit_not_found")) return null;
		throw error;
	}
}

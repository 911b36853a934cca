import type { UnitSettingsChange } from "../../api/units.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { type Diagnostic, ProviderError } from "../plugin/diagnostic.ts";
import {
	type Attribute,
	type Attributes,
	type Call,
	objectOf,
	type PlainMap,
	type ResourceType,
	type ValueType,
} from "../plugin/schema.ts";
import { emptyFault, textMapOf, textOf, unitIdFault } from "./checks.ts";

const setting = (type: ValueType, description: string, check?: Attribute["check"]): Attribute => ({
	type,
	mode: "optional-computed",
	description,
	...(check === undefined ? {} : { check }),
});

const modes = ["local", "remote"];

/** Those of `/v1/units/:id/settings`, all of them. */
const settings: Attributes = {
	description: setting("string", "What it is."),
	project: setting("string", "The name of the project that it is in.", emptyFault),
	terraform_version: setting("string", "`latest`, a version or a constraint.", emptyFault),
	execution_mode: setting(
		"string",
		"`local` or `remote`. This server keeps states and runs nothing.",
		(value) => (modes.includes(String(value)) ? null : "It must be local or remote."),
	),
	auto_apply: setting("bool", "Whether runs apply by themselves."),
	working_directory: setting("string", "Where runs start, below the configuration."),
	global_remote_state: setting("bool", "What the TFE API says of shared states; roles decide."),
	allow_destroy_plan: setting("bool", "Whether runs may plan to destroy."),
};

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
		},
		settings: {
			type: objectOf(settings),
			nested: settings,
			mode: "optional-computed",
			description: "Its settings as a workspace. What is not set here stays as it is.",
		},
		adopt: {
			type: "bool",
			mode: "optional",
			description:
				"Take over a unit that exists already, with its state and history, instead of failing. It gets the labels that stand here.",
		},
	},
	validate: ({ labels }) =>
		Object.entries((labels ?? {}) as PlainMap).flatMap(([key, value]) =>
			value === null ? [labelWithoutValue(key)] : [],
		),
	create,
	read,
	async update(planned, prior, call) {
		const { api, signal } = call;
		const labels = textMapOf(planned, "labels");
		if (!Bun.deepEquals(labels, textMapOf(prior, "labels"))) {
			await api.units.updateUnit(idOf(planned), labels, { signal });
		}
		return { settings: await settled(planned, call) };
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

function labelWithoutValue(key: string): Diagnostic {
	const detail = "A label must have a value.";
	return { severity: "error", summary: "Invalid label", detail, at: ["labels", { key }] };
}

function idOf(map: PlainMap): string {
	return textOf(map, "id") ?? "";
}

async function create(planned: PlainMap, call: Call<Api>): Promise<PlainMap> {
	const { api, signal } = call;
	const id = idOf(planned);
	const labels = textMapOf(planned, "labels");
	let isNew = true;
	try {
		await api.units.createUnit(id, labels, { signal });
	} catch (error) {
		if (!isClientError(error, "unit_exists")) throw error;
		if (planned.adopt !== true) throw exists(id);
		isNew = false;
		await api.units.updateUnit(id, labels, { signal });
	}
	try {
		return { settings: await settled(planned, call) };
	} catch (error) {
		// A unit that is half made would be in the way of the next attempt.
		if (isNew) await api.units.deleteUnit(id).catch(() => {});
		throw error;
	}
}

/** The settings after those that are planned are there; nothing is sent when nothing is. */
async function settled(planned: PlainMap, { api, signal }: Call<Api>): Promise<PlainMap> {
	const wanted = Object.entries((planned.settings ?? {}) as PlainMap).filter(
		([, value]) => value !== null,
	);
	if (wanted.length === 0) return await api.units.getUnitSettings(idOf(planned), { signal });
	const change = Object.fromEntries(wanted) as UnitSettingsChange;
	try {
		return await api.units.updateUnitSettings(idOf(planned), change, { signal });
	} catch (error) {
		if (!isClientError(error, "not_found")) throw error;
		throw new ProviderError(
			"There is no such project",
			"A project is named by its name, as in Default Project. Resources opentaco_project make them.",
			["settings", { key: "project" }],
		);
	}
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
		const id = idOf(state);
		const [{ labels }, found] = await Promise.all([
			api.units.getUnit(id, { signal }),
			api.units.getUnitSettings(id, { signal }),
		]);
		return { labels, settings: found };
	} catch (error) {
		if (isClientError(error, "unit_not_found")) return null;
		throw error;
	}
}

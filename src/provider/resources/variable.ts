import type { UpdateVariable, VariableView } from "../../api/variables.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { type Diagnostic, ProviderError } from "../plugin/diagnostic.ts";
import type { Attributes, Call, Plain, PlainMap, ResourceType } from "../plugin/schema.ts";
import { emptyFault, textOf, unitIdFault } from "./checks.ts";

const categories = ["terraform", "env"] as const;

/** What the server takes for what is not set. */
const initial = { category: "terraform", hcl: false, sensitive: false, description: "" } as const;

const attributes: Attributes = {
	unit_id: {
		type: "string",
		mode: "required",
		replaces: true,
		description: "The unit that it belongs to.",
		check: unitIdFault,
	},
	key: { type: "string", mode: "required", description: "Its name.", check: emptyFault },
	value: {
		type: "string",
		mode: "optional",
		sensitive: true,
		description: "Its value, which the state then holds. Empty when no value is set.",
	},
	value_wo: {
		type: "string",
		mode: "optional",
		writeOnly: true,
		sensitive: true,
		description:
			"Its value, sent to the server and kept in no state or plan; may come from something ephemeral. Needs `value_wo_version`, and Terraform 1.11 or OpenTofu 1.11.",
	},
	value_wo_version: {
		type: "number",
		mode: "optional",
		description: "Another number sends `value_wo` again.",
	},
	category: {
		type: "string",
		mode: "optional",
		description: "`terraform`, an input variable, which is the default, or `env`.",
		check: (value) =>
			categories.some((one) => one === value) ? null : "It must be terraform or env.",
	},
	hcl: {
		type: "bool",
		mode: "optional",
		description: "The value is an expression and not a text.",
	},
	sensitive: {
		type: "bool",
		mode: "optional",
		replaces: (prior, planned) => prior === true && planned !== true,
		description:
			"The server never gives the value out again. What is sensitive stays so: turning it off makes a new variable.",
	},
	description: { type: "string", mode: "optional", description: "For people." },
	id: { type: "string", mode: "computed", description: "Given by the server." },
	version_id: {
		type: "string",
		mode: "computed",
		volatile: true,
		description: "Another one after each change, also of a value that cannot be read.",
	},
};

/** A variable of a unit. The state never holds what was given as `value_wo`. */
export const variableResource: ResourceType<Api> = {
	description:
		"A variable of a unit, as `cloud` blocks and `taco variable export` give it to runs. Import it as `<unit>,<key>` or `<unit>,<category>,<key>`.",
	attributes,
	validate: variableFaults,
	async create(planned, call) {
		const wanted = { key: "", ...changeOf(planned, null, call) };
		try {
			const { api, signal } = call;
			const made = await api.units.variables.create(unitOf(planned), wanted, { signal });
			return { id: made.id, version_id: made.version_id };
		} catch (error) {
			throw isClientError(error, "conflict") ? exists(planned) : error;
		}
	},
	async read(state, { api, signal }) {
		try {
			const variables = await api.units.variables.list(unitOf(state), { signal });
			const found = variables.find((one) => isThis(one, state));
			return found === undefined ? null : shown(found, state);
		} catch (error) {
			if (isClientError(error, "unit_not_found")) return null;
			throw error;
		}
	},
	async update(planned, prior, call) {
		const change = changeOf(planned, prior, call);
		const { api, signal } = call;
		const [unit, id] = [unitOf(planned), textOf(prior, "id") ?? ""];
		const made = await api.units.variables.update(unit, id, change, { signal });
		return { version_id: made.version_id };
	},
	async remove(state, { api, signal }) {
		try {
			await api.units.variables.delete(unitOf(state), textOf(state, "id") ?? "", { signal });
		} catch (error) {
			const isGone = isClientError(error, "not_found") || isClientError(error, "unit_not_found");
			if (!isGone) throw error;
		}
	},
	importFrom(id) {
		const parts = id.split(",");
		const [unit, category, key] = parts.length === 2 ? [parts[0], null, parts[1]] : parts;
		const isKnown = category === null || categories.some((one) => one === category);
		if (parts.length > 3 || !unit || !key || !isKnown) {
			throw new ProviderError(
				"The import id is not understood",
				"Write <unit>,<key> or <unit>,<category>,<key>; the category is terraform or env.",
			);
		}
		return { unit_id: unit, key, category: category === initial.category ? null : category };
	},
};

function unitOf(map: PlainMap): string {
	return textOf(map, "unit_id") ?? "";
}

/** By its id, or after an import by its name. */
function isThis(one: VariableView, state: PlainMap): boolean {
	if (state.id !== null) return one.id === state.id;
	return one.key === state.key && one.category === (state.category ?? initial.category);
}

/** What is sent: of a change what changes, and the value only when it has to go again. */
function changeOf(planned: PlainMap, prior: PlainMap | null, { config }: Call<Api>) {
	const change: Record<string, Plain> = {};
	if (prior === null || prior.key !== planned.key) change.key = planned.key ?? "";
	for (const [name, otherwise] of Object.entries(initial)) {
		const wanted = planned[name] ?? otherwise;
		if (prior === null || (prior[name] ?? otherwise) !== wanted) change[name] = wanted;
	}
	const isNew = ["value", "value_wo_version"].some((name) => prior?.[name] !== planned[name]);
	const secret = textOf(config, "value_wo");
	if (isNew) change.value = secret ?? textOf(planned, "value") ?? "";
	return change as UpdateVariable;
}

/** A value that changed elsewhere and cannot be read is shown as none, so that it is sent again. */
function shown(found: VariableView, state: PlainMap): PlainMap {
	const { id, key, version_id, value } = found;
	const isChanged = state.version_id !== null && state.version_id !== version_id;
	const isWriteOnly = (state.value_wo_version ?? null) !== null;
	const settings = Object.entries(initial).map(([name, otherwise]) => {
		const fresh = found[name as keyof typeof initial];
		return [name, (state[name] ?? null) === null && fresh === otherwise ? null : fresh];
	});
	const values = {
		value:
			isWriteOnly || (value === "" && (state.value ?? null) === null)
				? null
				: (value ?? (isChanged ? null : (state.value ?? null))),
		...(isWriteOnly && isChanged ? { value_wo_version: null } : {}),
	};
	return { id, key, version_id, ...Object.fromEntries(settings), ...values };
}

function exists(planned: PlainMap): ProviderError {
	const [unit, key] = [unitOf(planned), textOf(planned, "key")];
	const category = textOf(planned, "category") ?? initial.category;
	return new ProviderError(
		"Variable already exists",
		[
			`The unit ${unit} has a variable ${key} of this category already. Either`,
			`- import it: terraform import opentaco_variable.NAME ${unit},${category},${key}`,
			"- choose another key",
			`- or delete it first: taco variable rm ${unit} ${key}${category === "env" ? " --env" : ""}`,
		].join("\n"),
		"key",
	);
}

function variableFaults(config: PlainMap, isUnknown: (name: string) => boolean): Diagnostic[] {
	const has = (name: string) => isUnknown(name) || (config[name] ?? null) !== null;
	const problem = (detail: string, at: string): Diagnostic[] => [
		{ severity: "error", summary: "Invalid variable", detail, at },
	];
	if (has("value") && has("value_wo")) return problem("Set either value or value_wo.", "value_wo");
	if (has("value_wo") && !has("value_wo_version")) {
		return problem("value_wo needs value_wo_version: another number sends it again.", "value_wo");
	}
	if (has("value_wo_version") && !has("value_wo")) {
		return problem("value_wo_version is of no use without value_wo.", "value_wo_version");
	}
	if (config.sensitive !== true || !has("value")) return [];
	return [
		{
			severity: "warning",
			summary: "The state holds a sensitive value",
			detail: "value is kept in the state. value_wo (Terraform 1.11, OpenTofu 1.11) is not.",
			at: "value",
		},
	];
}

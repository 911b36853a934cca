import type { OutputView } from "../../api/outputs.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { ProviderError } from "../plugin/diagnostic.ts";
import {
	type Attribute,
	type Attributes,
	type Call,
	type DataSource,
	Dynamic,
	type EphemeralType,
	type PlainMap,
} from "../plugin/schema.ts";
import { parseJson } from "../plugin/value.ts";
import { textOf, textsOf, unitIdFault } from "../resources/checks.ts";
import type { Raw } from "../wire/msgpack.ts";
import { noSuchUnit } from "./units.ts";

const asked: Attributes = {
	unit_id: {
		type: "string",
		mode: "required",
		description: "Such as `network/prod`.",
		check: unitIdFault,
	},
	names: {
		type: ["set", "string"],
		mode: "optional",
		description: "Only these outputs; an error when one is not there or may not be read.",
	},
};

const told: Attributes = {
	values: {
		type: "dynamic",
		mode: "computed",
		description: "An object of the outputs that are not sensitive: `values.vpc_id`.",
	},
	sensitive_values: {
		type: "dynamic",
		mode: "computed",
		sensitive: true,
		description: "An object of those that are. The state holds them, as with every data source.",
	},
};

/**
 * What it read stands in the state of the configuration, by which the graph of units knows the edge:
 * `unit_id` with `server` and `organization`, and a member of `values` or `sensitive_values` for each
 * output.
 */
export const outputsData: DataSource<Api> = {
	description:
		"The outputs of a unit's current state, all that may be read or those that are named. The right to read outputs is enough, the state itself need not be readable. What is read here is an edge in the graph of units.",
	attributes: {
		...asked,
		...told,
		server: {
			type: "string",
			mode: "computed",
			description: "The address of the server that it was read from.",
		},
		organization: {
			type: "string",
			mode: "computed",
			description: "The organization that it was read in; null for the default one.",
		},
	},
	async read(config, call) {
		const { units, organization } = call.api;
		return { ...(await valuesOf(config, call)), server: units.serverUrl, organization };
	},
};

/** What is read here is in no state, so it makes no edge of its own. */
export const ephemeralOutputs: EphemeralType<Api> = {
	description:
		"The outputs of a unit's current state, read for the time of one run and kept in no state or plan: for provider configurations, write-only attributes and other ephemeral places. The graph of units does not see it; declare the edge with `opentaco_dependency`.",
	attributes: {
		...asked,
		values: {
			...(told.values as Attribute),
			description: "An object of the outputs that are not sensitive.",
		},
		sensitive_values: {
			...(told.sensitive_values as Attribute),
			description: "An object of those that are.",
		},
	},
	open: async (config, call) => ({
		result: await valuesOf(config, call),
		handle: "",
		renewAt: null,
	}),
	renew: async (handle) => ({ handle, renewAt: null }),
	close: async () => {},
};

async function valuesOf(config: PlainMap, call: Call<Api>) {
	const id = textOf(config, "unit_id") ?? "";
	const outputs = Object.entries(await readOutputs(id, textsOf(config, "names"), call));
	const only = (isSensitive: boolean) =>
		objectOfOutputs(outputs.filter(([, { sensitive }]) => sensitive === isSensitive));
	return { values: only(false), sensitive_values: only(true) };
}

async function readOutputs(
	id: string,
	names: readonly string[],
	{ api, signal }: Call<Api>,
): Promise<Readonly<Record<string, OutputView>>> {
	const read = (wanted: readonly string[]) =>
		api.units.outputs(id, { names: wanted, signal }).catch(noSuchUnit(id, "unit_id"));
	try {
		const { encrypted, outputs } = await read(names);
		if (encrypted) throw isEncrypted(id);
		return outputs;
	} catch (error) {
		if (names.length === 0 || !isClientError(error, "not_found")) throw error;
		const { encrypted, outputs } = await read([]);
		if (encrypted) throw isEncrypted(id);
		const missing = names.filter((name) => !Object.hasOwn(outputs, name)).sort();
		throw new ProviderError(
			"There is no such output",
			`The unit ${id} has no output ${missing.join(", ")}, or it may not be read with this token. Apply that unit first, or correct the name.`,
			"names",
		);
	}
}

function isEncrypted(id: string): ProviderError {
	return new ProviderError(
		"The outputs cannot be read",
		`The state of ${id} was encrypted by OpenTofu: only terraform_remote_state of OpenTofu, with its key, reads it.`,
		"unit_id",
	);
}

function objectOfOutputs(outputs: readonly (readonly [string, OutputView])[]): Dynamic {
	const types: string[] = [];
	const values = Object.create(null) as Record<string, Raw>;
	for (const [name, { type, value }] of outputs) {
		// The text has the digits of every number.
		const raw = parseJson(JSON.stringify(value));
		types.push(`${JSON.stringify(name)}:${JSON.stringify(type ?? typeOfJson(raw))}`);
		values[name] = raw;
	}
	return new Dynamic(`["object",{${types.join(",")}}]`, values);
}

/** The type that Terraform takes for JSON of which it knows no other. */
function typeOfJson(value: Raw): unknown {
	if (value === null) return "dynamic";
	if (typeof value === "string") return "string";
	if (typeof value === "boolean") return "bool";
	if (Array.isArray(value)) return ["tuple", (value as readonly Raw[]).map(typeOfJson)];
	// A number, or one that only its text holds.
	if (typeof value !== "object" || !isPlainObject(value)) return "number";
	const types = Object.entries(value).map(([name, one]) => [name, typeOfJson(one)]);
	return ["object", Object.fromEntries(types)];
}

function isPlainObject(value: object): value is Readonly<Record<string, Raw>> {
	const prototype = Object.getPrototypeOf(value);
	return prototype === null || prototype === Object.prototype;
}

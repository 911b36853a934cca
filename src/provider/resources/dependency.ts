import { createHash } from "node:crypto";
import type { GraphEdgeView } from "../../api/graph.ts";
import { base58 } from "../../lib/base58.ts";
import type { Api } from "../configuration.ts";
import { ProviderError } from "../plugin/diagnostic.ts";
import type { Attribute, Call, Plain, PlainMap, ResourceType } from "../plugin/schema.ts";
import { emptyFault, textOf, unitIdFault } from "./checks.ts";
import { declaredEdges } from "./declared-edges.ts";

const kept = (description: string): Attribute => ({
	type: "string",
	mode: "computed",
	description,
});

/** Lives in the state alone: the graph of units is read from the states that hold these. */
export const dependencyResource: ResourceType<Api> = {
	description:
		"One edge of the graph of units: an output of one unit is an input of another. It counts in the state of the system unit, `__opentaco_system`; the units need not exist yet. The computed attributes belong to the server, which keeps digests there and never values: it writes them into that state itself, and they are no change to be applied. Imported by its id, or by its attributes in one line with commas between: `network/prod,vpc_id,app/prod`, and the input after them if there is one.",
	attributes: {
		from_unit_id: {
			type: "string",
			mode: "required",
			replaces: true,
			description: "The unit whose output it is.",
			check: unitIdFault,
		},
		from_output: {
			type: "string",
			mode: "required",
			replaces: true,
			description: "The output's name.",
			check: outputFault,
		},
		to_unit_id: {
			type: "string",
			mode: "required",
			replaces: true,
			description: "The unit that uses it.",
			check: unitIdFault,
		},
		to_input: {
			type: "string",
			mode: "optional",
			replaces: true,
			description: "What the using unit calls it.",
			check: inputFault,
		},
		id: kept("Follows from the four attributes above."),
		in_digest: kept("Digest of the output as the first unit has it; null until one is known."),
		out_digest: kept("Digest that the second unit has used; null until one is known."),
		status: kept("`ok`, `pending` or `unknown`."),
		last_in_at: kept("When the first digest changed."),
		last_out_at: kept("When the second digest changed."),
	},
	validate(config) {
		const [from, to] = [textOf(config, "from_unit_id"), textOf(config, "to_unit_id")];
		if (from === undefined || from !== to) return [];
		const detail = "from_unit_id and to_unit_id are the same unit.";
		const summary = "A unit cannot depend on itself";
		return [{ severity: "error", summary, detail, at: "to_unit_id" }];
	},
	create: async (planned) => ({ id: edgeId(planned), status: "unknown" }),
	read,
	remove: async () => {},
	importFrom,
};

/** Outputs have names of Terraform's grammar. */
function outputFault(value: Plain): string | null {
	return /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u.test(String(value))
		? null
		: "It must be the name of an output: letters, digits, underscores and dashes, not a digit first.";
}

function inputFault(value: Plain): string | null {
	return /[\r\n]/.test(String(value)) ? "It must stand in one line." : emptyFault(value);
}

/** The values that the server has now; the state's own where it does not know the edge. */
async function read(state: PlainMap, call: Call<Api>): Promise<PlainMap> {
	const edges = await declaredEdges(call);
	const edge = edges?.get(textOf(state, "id") ?? "");
	if (textOf(state, "from_unit_id") === undefined) return imported(edge);
	const isImported = textOf(state, "status") === undefined;
	if (isImported && edge === undefined) return { ...state, status: "unknown" };
	if (edges !== null && edge === undefined) warnOnce(call);
	// Where the version that was consumed is gone, the state may know more of it than the server does.
	const isLeft = edge === undefined || edge.reason === "consumed_version_gone";
	return isLeft ? state : { ...state, ...liveValues(edge, state) };
}

const warned = new WeakSet<Api>();

/** Declarations in another state than the system unit's are otherwise without effect in silence. */
function warnOnce({ api, warn }: Call<Api>): void {
	if (warned.has(api)) return;
	warned.add(api);
	warn(
		"The server does not count this edge",
		"An opentaco_dependency counts in the state of the system unit alone: __opentaco_system, or what OPENTACO_SYSTEM_UNIT names at the server. Keep the state of this configuration there, as `taco provider init` writes it. The server also shows edges only to those who may read both units.",
	);
}

/** A time stays as long as its digest does, as in the state that the server writes. */
function liveValues(edge: GraphEdgeView, shown: PlainMap): PlainMap {
	const { in_digest, out_digest, status } = edge;
	const inAt = in_digest === shown.in_digest ? textOf(shown, "last_in_at") : undefined;
	const outAt = out_digest === shown.out_digest ? textOf(shown, "last_out_at") : undefined;
	return {
		in_digest,
		out_digest,
		status,
		last_in_at: inAt ?? wholeSeconds(edge.last_in_at),
		last_out_at: outAt ?? wholeSeconds(edge.last_out_at),
	};
}

function wholeSeconds(time: string | null): string | null {
	return time === null ? null : time.replace(/\.[0-9]+Z$/, "Z");
}

function imported(edge: GraphEdgeView | undefined): PlainMap {
	if (edge === undefined) {
		throw new ProviderError(
			"The server knows no such edge",
			"Only edges that the state of the system unit declares can be imported by their id. Import by the attributes instead, with commas between: network/prod,vpc_id,app/prod.",
		);
	}
	const { from_unit_id, from_output, to_unit_id, to_input } = edge;
	return { from_unit_id, from_output, to_unit_id, to_input, ...liveValues(edge, {}) };
}

/** By the id, or by the attributes with commas between. No id of a unit holds a comma. */
function importFrom(text: string): PlainMap {
	if (!text.includes(",")) return { id: text };
	const [from_unit_id = "", from_output = "", to_unit_id = "", ...rest] = text.split(",");
	const to_input = rest.length === 0 ? null : rest.join(",");
	const faults = [
		unitIdFault(from_unit_id),
		outputFault(from_output),
		unitIdFault(to_unit_id),
		to_input === null ? null : inputFault(to_input),
	];
	const fault = faults.find((one) => one !== null);
	if (fault !== undefined) {
		throw new ProviderError(
			"Invalid import id",
			`It is the edge's id, or from_unit_id,from_output,to_unit_id and the input if there is one. ${fault}`,
		);
	}
	const ends = { from_unit_id, from_output, to_unit_id, to_input };
	return { ...ends, id: edgeId(ends) };
}

const parts = ["from_unit_id", "from_output", "to_unit_id", "to_input"] as const;

/** As the first OpenTaco computed it, so that its states go on. */
export function edgeId(edge: PlainMap): string {
	const text = parts.map((name) => textOf(edge, name) ?? "").join("\n");
	return base58(createHash("sha256").update(text).digest());
}

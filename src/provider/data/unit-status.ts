import type { GraphEdgeView } from "../../api/graph.ts";
import type { Api } from "../configuration.ts";
import type { Attribute, DataSource, PlainMap, ValueType } from "../plugin/schema.ts";
import { textOf, unitIdFault } from "../resources/checks.ts";
import { noSuchUnit } from "./units.ts";

const computed = (type: ValueType, description: string): Attribute => ({
	type,
	mode: "computed",
	description,
});

const edgeFields = [
	...["edge_id", "from_unit_id", "from_output", "to_unit_id", "to_input", "status", "reason"],
	...["last_in_at", "last_out_at"],
] as const;

const edgesType: ValueType = [
	"list",
	["object", Object.fromEntries(edgeFields.map((name) => [name, "string" as const]))],
];

const reasonsType: ValueType = [
	"list",
	["object", { code: "string", unit_id: "string", output: "string" }],
];

function edgesOf(edges: readonly GraphEdgeView[]): PlainMap[] {
	return edges.map((edge) =>
		Object.fromEntries(
			edgeFields.map((name) => [name, edge[name as keyof GraphEdgeView] as string | null]),
		),
	);
}

export const unitStatusData: DataSource<Api> = {
	description:
		"Whether a unit is up to date with the outputs of others that it uses, and why not; only of units that may be read.",
	attributes: {
		unit_id: {
			type: "string",
			mode: "required",
			description: "Such as `myapp/prod`.",
			check: unitIdFault,
		},
		status: computed(
			"string",
			"`green`: up to date; `red`: to be applied again; `yellow`: a unit upstream is red; `unknown`: an edge cannot be judged.",
		),
		incoming_ok: computed("number", "Edges whose value is the one that was used."),
		incoming_pending: computed("number", "Edges whose value is another one now."),
		incoming_unknown: computed("number", "Edges that cannot be judged."),
		reasons: computed(
			reasonsType,
			"Why it is not green: objects of `code`, `unit_id` and `output`, of which the last two may be null.",
		),
		incoming: computed(
			edgesType,
			`Edges to the unit, as objects of \`${edgeFields.join("`, `")}\`.`,
		),
		outgoing: computed(edgesType, "Edges from the unit, as such objects."),
	},
	async read(config, { api, signal }) {
		const id = textOf(config, "unit_id") ?? "";
		const found = await api.units.graph.unitStatus(id, { signal }).catch(noSuchUnit(id, "unit_id"));
		return {
			status: found.status,
			...found.summary,
			reasons: found.reasons.map(({ code, unit_id = null, output = null }) => ({
				code,
				unit_id,
				output,
			})),
			incoming: edgesOf(found.incoming),
			outgoing: edgesOf(found.outgoing),
		};
	},
};

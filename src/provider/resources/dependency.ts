import { createHash } from "node:crypto";
import { base58 } from "../../lib/base58.ts";
import type { Api } from "../configuration.ts";
import type { Attribute, PlainMap, ResourceType } from "../plugin/schema.ts";
import { emptyFault, textOf, unitIdFault } from "./checks.ts";

const kept = (description: string): Attribute => ({
	type: "string",
	mode: "computed",
	description,
});

/** Lives in the state alone: the graph of units is read from the states that hold these. */
export const dependencyResource: ResourceType<Api> = {
	description:
		"One edge of the graph of units: an output of one unit is an input of another. It lives in the state that holds it, best that of the unit `__opentaco_system`; the units need not exist yet. The computed attributes belong to the server, which keeps digests there and never values.",
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
			check: emptyFault,
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
			check: emptyFault,
		},
		id: kept("Follows from the four attributes above."),
		in_digest: kept("Digest of the output as the first unit has it; null until one is known."),
		out_digest: kept("Digest that the second unit has used; null until one is known."),
		status: kept("`ok`, `pending` or `unknown`."),
		last_in_at: kept("When the first digest changed."),
		last_out_at: kept("When the second unit last used the output."),
	},
	validate(config) {
		const [from, to] = [textOf(config, "from_unit_id"), textOf(config, "to_unit_id")];
		if (from === undefined || from !== to) return [];
		const detail = "from_unit_id and to_unit_id are the same unit.";
		const summary = "A unit cannot depend on itself";
		return [{ severity: "error", summary, detail, at: "to_unit_id" }];
	},
	create: async (planned) => ({ id: edgeId(planned), status: "unknown" }),
	// Whatever the server has written into the state is the truth.
	read: async (state) => state,
	remove: async () => {},
};

const parts = ["from_unit_id", "from_output", "to_unit_id", "to_input"] as const;

/** As the first OpenTaco computed it, so that its states go on. */
export function edgeId(edge: PlainMap): string {
	const text = parts.map((name) => textOf(edge, name) ?? "").join("\n");
	return base58(createHash("sha256").update(text).digest());
}

import { command } from "../../command.ts";
import { paintWords, statusWords } from "../../graph/words.ts";
import { unitOf } from "../unit/unit-arguments.ts";

export default command({
	details:
		"Each unit comes after those that it depends on. Units of one wave do not depend on each other and may be applied at once; the members of a cycle share a wave.",
	examples: [
		"taco graph order",
		"taco graph order --stale",
		"taco graph order --from network/vpc --json | jq -r '.units[].unit_id'",
	],
	args: {
		stale: { type: "boolean", description: "Only units that need re-apply or might" },
		from: {
			type: "string",
			valueHint: "UNIT",
			description: "Only this unit and what depends on it, directly or not",
		},
		prefix: { type: "string", valueHint: "START", description: "Only ids that start with this" },
	},
	async run(cli, { stale, from, prefix }) {
		const { graph } = await cli.client();
		const question = {
			isStaleOnly: stale === true,
			from: from === undefined ? undefined : unitOf(from),
			prefix,
		};
		const order = await graph.order(question, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(order);
			return;
		}
		if (order.units.length === 0) {
			await cli.output.note(stale === true ? "Everything is up to date" : "No units found");
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "WAVE", right: true },
				{ title: "UNIT", keep: true },
				{ title: "STATUS", keep: true, paint: paintWords(cli.output) },
				{ title: "NOTE" },
			],
			rows: order.units.map(({ wave, unit_id, status, in_cycle }) => [
				String(wave),
				unit_id,
				statusWords[status],
				in_cycle ? "in a cycle" : "",
			]),
		});
		for (const cycle of order.cycles) await cli.output.warn(`a cycle: ${cycle.join(" -> ")}`);
	},
});

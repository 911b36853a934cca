import type { VariableSetView } from "../../../api/variables.ts";
import { command } from "../../command.ts";

export default command({
	args: {},
	async run(cli) {
		const { variableSets } = await cli.client();
		const list = await variableSets.list({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ variable_sets: list, count: list.length });
			return;
		}
		if (list.length === 0) {
			await cli.output.note("No variable sets");
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "NAME", keep: true },
				{ title: "APPLIES TO" },
				{ title: "PRIORITY" },
				{ title: "DESCRIPTION" },
			],
			rows: list.map((set) => [
				set.name,
				placesIn(set),
				set.priority ? "yes" : "no",
				set.description,
			]),
		});
	},
});

function placesIn({ global, project, units, projects }: VariableSetView): string {
	if (global) return project === null ? "all units" : `all of ${project}`;
	const places = [...units, ...projects];
	return places.length === 0 ? "nothing" : places.join(", ");
}

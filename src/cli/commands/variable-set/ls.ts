import type { VariableSetView } from "../../../api/variables.ts";
import { command } from "../../command.ts";
import { projectNames } from "../project/project-arguments.ts";

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
		const isAbout = ({ project, projects }: VariableSetView) =>
			project !== null || projects.length > 0;
		const names = list.some(isAbout) ? await projectNames(cli) : new Map<string, string>();
		await cli.output.table({
			columns: [
				{ title: "NAME", keep: true },
				{ title: "APPLIES TO" },
				{ title: "PRIORITY" },
				{ title: "DESCRIPTION" },
			],
			rows: list.map((set) => [
				set.name,
				placesIn(set, names),
				set.priority ? "yes" : "no",
				set.description,
			]),
		});
	},
});

function placesIn(
	{ global, project, units, projects }: VariableSetView,
	names: ReadonlyMap<string, string>,
): string {
	const shown = (id: string) => `project ${names.get(id) ?? id}`;
	if (global) return project === null ? "all units" : `all of ${shown(project)}`;
	const places = [...units, ...projects.map(shown)];
	return places.length === 0 ? "nothing" : places.join(", ");
}

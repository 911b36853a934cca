import type { TeamAccessView } from "../../../api/teams.ts";
import { command } from "../../command.ts";
import { projectNames } from "../project/project-arguments.ts";
import { placeFields, placeFlags, placeIn, placeOf } from "./access-arguments.ts";
import { teamNamed } from "./team-arguments.ts";

export default command({
	details:
		"Of all teams that you see, or of one; in all units that you may read and in projects, or in one.",
	examples: [
		"taco team access ls",
		"taco team access ls platform",
		"taco team access ls --unit shop/prod",
	],
	args: {
		team: { type: "positional", required: false, description: "The team's name, or its id" },
		...placeFlags,
	},
	async run(cli, args) {
		const place = await placeIn(cli);
		const team = args.team === undefined ? undefined : (await teamNamed(cli, args.team)).id;
		const { teams } = await cli.client();
		const options = { signal: cli.signal };
		const where = place === null ? {} : placeFields(place);
		const list = await teams.access({ team, ...where }, options);
		if (cli.output.json) {
			await cli.output.document({ team_access: list, count: list.length });
			return;
		}
		if (list.length === 0) {
			await cli.output.note("No accesses");
			return;
		}
		const [all, projects] = await Promise.all([teams.list(options), projectNames(cli)]);
		const names = new Map(all.map(({ id, name }) => [id, name]));
		await cli.output.table({
			columns: [
				{ title: "TEAM", keep: true },
				{ title: "WHERE", keep: true },
				{ title: "LEVEL" },
				{ title: "DETAILS" },
			],
			rows: list.map((one) => [
				...[names.get(one.team) ?? one.team, placeOf(one, projects)],
				...[one.level, one.level === "custom" ? shownDetails(one) : ""],
			]),
		});
	},
});

/** What is more than nothing. */
function shownDetails({ unit_access: unit, project_access: project }: TeamAccessView): string {
	return Object.entries({ ...project, ...unit })
		.filter(([, value]) => value !== false && value !== "none")
		.map(([name, value]) => `${name.replaceAll("_", "-")}=${value}`)
		.join(" ");
}

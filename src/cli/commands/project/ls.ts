import { command } from "../../command.ts";

export default command({
	details: "taco unit settings <unit> shows the project that a unit is in, and moves it.",
	args: {},
	async run(cli) {
		const client = await cli.client();
		const projects = await client.projects.list({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ projects, count: projects.length });
			return;
		}
		if (projects.length === 0) {
			await cli.output.note("No projects");
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "NAME", keep: true },
				{ title: "ID", keep: true },
				{ title: "CREATED" },
				{ title: "DESCRIPTION" },
			],
			rows: projects.map((one) => [
				...[one.name, one.id, one.created ?? "always there", one.description],
			]),
		});
	},
});

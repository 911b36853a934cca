import { command } from "../../command.ts";

export default command({
	details: "Secret teams are shown to their members and to whoever manages teams.",
	args: {},
	async run(cli) {
		const client = await cli.client();
		const teams = await client.teams.list({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ teams, count: teams.length });
			return;
		}
		if (teams.length === 0) {
			await cli.output.note("No teams");
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "NAME", keep: true },
				{ title: "MEMBERS", right: true },
				{ title: "GROUP" },
				{ title: "VISIBLE TO" },
				{ title: "DESCRIPTION" },
			],
			rows: teams.map((team) => [
				...[team.name, String(team.members_count), team.sso_team_id ?? "-"],
				...[team.visibility === "secret" ? "members" : "all", team.description],
			]),
		});
	},
});

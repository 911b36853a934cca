import { command } from "../../command.ts";
import { memberName, teamArgument, teamNamed } from "./team-arguments.ts";

export default command({
	details:
		"Those whom you may see. People who are in the team by a group of the identity provider are not\nlisted: the server learns of them when they come.",
	args: { team: teamArgument },
	async run(cli, args) {
		const { id, sso_team_id: group } = await teamNamed(cli, args.team);
		const { teams } = await cli.client();
		const members = await teams.members(id, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ members, count: members.length });
			return;
		}
		if (group !== null) await cli.output.note(`Everybody in the group ${group} is in it too`);
		if (members.length === 0) {
			await cli.output.note("No members");
			return;
		}
		await cli.output.table({
			columns: [{ title: "WHO", keep: true }, { title: "IN THE ORGANIZATION SINCE" }],
			rows: members.map((one) => [memberName(one), one.created]),
		});
	},
});

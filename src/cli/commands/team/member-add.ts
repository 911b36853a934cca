import { command } from "../../command.ts";
import { teamArgument, teamNamed, whoArgument } from "./team-arguments.ts";

export default command({
	details:
		"People need not have logged in yet. Whoever is in the team already stays, and is no error. The\nchange counts everywhere within five seconds.",
	examples: [
		"taco team member add platform alice@example.com",
		"taco team member add platform service:deployer",
	],
	args: { team: teamArgument, who: whoArgument },
	async run(cli, args) {
		const { id, name } = await teamNamed(cli, args.team);
		const { teams } = await cli.client();
		const members = await teams.addMembers(id, [args.who], { signal: cli.signal });
		await cli.output.result(`Added to ${name}: ${args.who}`, { members, count: members.length });
	},
});

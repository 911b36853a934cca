import { command } from "../../command.ts";
import { teamFields, teamFlags, teamRepeatable } from "./team-arguments.ts";

export default command({
	details:
		"A new team is empty and may do nothing: go on with taco team member add and taco team access\ngrant. Access to the organization needs its own right.",
	examples: [
		"taco team create platform",
		"taco team create platform --sso-team-id platform-engineers --visibility organization",
		"taco team create admins --organization-access manage-workspaces --organization-access manage-projects",
	],
	args: {
		name: {
			type: "positional",
			required: true,
			description: "Letters, digits, spaces, - and _",
		},
		...teamFlags,
	},
	repeatable: teamRepeatable,
	async run(cli, { name }) {
		const wanted = { name, ...teamFields(cli) };
		const team = await (await cli.client()).teams.create(wanted, { signal: cli.signal });
		await cli.output.result(`Team created: ${team.name}`, team);
	},
});

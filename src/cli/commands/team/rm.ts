import { command } from "../../command.ts";
import { teamArgument, teamNamed } from "./team-arguments.ts";

export default command({
	details:
		"Its people stay in the organization. What it was given ends, and so do its tokens. The owners\nstay.",
	examples: ["taco team rm platform", "taco team rm --yes platform"],
	args: {
		team: teamArgument,
		yes: { type: "boolean", alias: "y", description: "Do not ask" },
	},
	async run(cli, args) {
		if (args.yes !== true) cli.requireInteractive("taco team rm", "add --yes");
		const { id, name } = await teamNamed(cli, args.team);
		if (args.yes !== true) {
			await cli.confirm(`Delete the team ${name}, with its accesses and tokens?`);
		}
		await (await cli.client()).teams.delete(id, { signal: cli.signal });
		await cli.output.result(`Team deleted: ${name}`, { id, name, deleted: true });
	},
});

import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import {
	teamArgument,
	teamFields,
	teamFlags,
	teamNamed,
	teamRepeatable,
} from "./team-arguments.ts";

export default command({
	details:
		"What is not given stays. --organization-access names all that it may do there from now on; none\ntakes everything away.",
	examples: [
		"taco team update platform --name infrastructure",
		"taco team update platform --organization-access read-workspaces",
	],
	args: {
		team: teamArgument,
		name: { type: "string", valueHint: "NAME", description: "Its new name" },
		...teamFlags,
	},
	repeatable: teamRepeatable,
	async run(cli, args) {
		const { name } = args;
		const change = { ...(name === undefined ? {} : { name }), ...teamFields(cli) };
		if (Object.keys(change).length === 0) {
			throw usageError("there is nothing to change", "see taco team update --help");
		}
		const { id } = await teamNamed(cli, args.team);
		const team = await (await cli.client()).teams.update(id, change, { signal: cli.signal });
		await cli.output.result(`Team changed: ${team.name}`, team);
	},
});

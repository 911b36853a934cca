import { DomainError } from "../../../core/errors.ts";
import { command } from "../../command.ts";
import { teamArgument, teamNamed, whoArgument } from "./team-arguments.ts";

export default command({
	details: "They stay in the organization. The last way into the owners stays.",
	examples: ["taco team member rm platform alice@example.com"],
	args: { team: teamArgument, who: whoArgument },
	async run(cli, args) {
		const { who } = args;
		const { id, name } = await teamNamed(cli, args.team);
		const { teams } = await cli.client();
		const options = { signal: cli.signal };
		const before = await teams.members(id, options);
		await teams.removeMember(id, who, options);
		const isThere = before.some(
			(one) => one.id === who || one.subject === who || one.email === who.toLowerCase(),
		);
		if (!isThere) {
			throw new DomainError("not_found", "this person is not in the team", {
				hint: "taco team member ls <team> lists who is",
			});
		}
		await cli.output.result(`Taken out of ${name}: ${who}`, { team: id, member: who });
	},
});

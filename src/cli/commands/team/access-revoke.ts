import { DomainError } from "../../../core/errors.ts";
import { command } from "../../command.ts";
import { demandedPlace, placeFields, placeFlags, shownPlace } from "./access-arguments.ts";
import { teamArgument, teamNamed } from "./team-arguments.ts";

export default command({
	details: "The change counts everywhere within five seconds.",
	examples: [
		"taco team access revoke platform --unit shop/prod",
		"taco team access revoke platform --project shop",
	],
	args: { team: teamArgument, ...placeFlags },
	async run(cli, args) {
		const place = await demandedPlace(cli);
		const team = await teamNamed(cli, args.team);
		const { teams } = await cli.client();
		const options = { signal: cli.signal };
		const [known] = await teams.access({ team: team.id, ...placeFields(place) }, options);
		if (known === undefined) {
			throw new DomainError("not_found", "the team has no access there", {
				hint: "taco team access ls <team> shows where it has",
			});
		}
		await teams.takeAccess(known.id, options);
		await cli.output.result(`Access taken: ${team.name} in ${shownPlace(place)}`, known);
	},
});

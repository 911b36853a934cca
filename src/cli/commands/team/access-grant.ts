import { command } from "../../command.ts";
import {
	demandedPlace,
	detailsIn,
	placeFields,
	placeFlags,
	shownPlace,
} from "./access-arguments.ts";
import { teamArgument, teamNamed } from "./team-arguments.ts";

export default command({
	details:
		"Levels in a unit: read, plan, write, admin, custom; in a project, for all units in it now and\nlater: read, write, maintain, admin, custom. A custom access consists of what --detail says; details\nthat an access has already stay. An access that is there is changed.",
	examples: [
		"taco team access grant platform write --unit shop/prod",
		"taco team access grant platform maintain --project shop",
		"taco team access grant auditors custom --unit shop/prod --detail state-versions=read-outputs",
	],
	args: {
		team: teamArgument,
		level: { type: "positional", required: true, description: "How much it may do" },
		...placeFlags,
		detail: {
			type: "string",
			valueHint: "NAME=VALUE",
			description: "Of a custom access, such as state-versions=read; may be repeated",
		},
	},
	repeatable: ["detail"],
	async run(cli, args) {
		const details = detailsIn(cli.all("detail"));
		const place = await demandedPlace(cli);
		const team = await teamNamed(cli, args.team);
		const { teams } = await cli.client();
		const options = { signal: cli.signal };
		const change = { level: args.level, ...details };
		const where = placeFields(place);
		const [known] = await teams.access({ team: team.id, ...where }, options);
		const access =
			known === undefined
				? await teams.giveAccess({ team: team.id, ...where, ...change }, options)
				: await teams.changeAccess(known.id, change, options);
		const done = known === undefined ? "given" : "changed";
		const what = `${team.name}, ${access.level} in ${shownPlace(place)}`;
		await cli.output.result(`Access ${done}: ${what}`, access);
	},
});

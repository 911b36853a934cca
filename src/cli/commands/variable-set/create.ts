import { command } from "../../command.ts";
import { placeFlags, placesOf } from "./set-arguments.ts";

export default command({
	examples: [
		"taco variable-set create region --global",
		"taco variable-set create credentials --unit shop/prod --unit shop/dev",
	],
	args: {
		name: { type: "positional", required: true, description: "The set's name" },
		global: { type: "boolean", description: "It applies to every unit" },
		priority: { type: "boolean", description: "It goes before the units' own variables" },
		...placeFlags,
		"own-project": {
			type: "string",
			valueHint: "ID",
			description: "Make it this project's own: it applies there only",
		},
		description: { type: "string", valueHint: "TEXT", description: "What it is for" },
	},
	repeatable: ["unit", "project"],
	async run(cli, args) {
		const { name, global = false, priority = false, description } = args;
		const project = args["own-project"];
		const { variableSets } = await cli.client();
		const wanted = {
			...{ name, global, priority, ...placesOf(cli) },
			...(description === undefined ? {} : { description }),
			...(project === undefined ? {} : { project }),
		};
		const set = await variableSets.create(wanted, { signal: cli.signal });
		await cli.output.result(`Variable set created: ${set.name}`, set);
	},
});

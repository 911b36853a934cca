import { command } from "../../command.ts";
import { projectNamed } from "../project/project-arguments.ts";
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
			valueHint: "NAME",
			description: "Make it this project's own, by name or id: it applies there only",
		},
		description: { type: "string", valueHint: "TEXT", description: "What it is for" },
	},
	repeatable: ["unit", "project"],
	async run(cli, args) {
		const { name, global = false, priority = false, description } = args;
		const own = args["own-project"];
		const project = own === undefined ? undefined : (await projectNamed(cli, own)).id;
		const { variableSets } = await cli.client();
		const wanted = {
			...{ name, global, priority, ...(await placesOf(cli)) },
			...(description === undefined ? {} : { description }),
			...(project === undefined ? {} : { project }),
		};
		const set = await variableSets.create(wanted, { signal: cli.signal });
		await cli.output.result(`Variable set created: ${set.name}`, set);
	},
});

import { command } from "../../command.ts";
import { labelsOf } from "../unit/unit-arguments.ts";

export default command({
	details:
		"Units come into it with taco unit settings <unit> --project <name>, and by the cloud blocks that\nname it.",
	examples: [
		"taco project create shop",
		'taco project create shop --description "The shop and what it needs"',
	],
	args: {
		name: { type: "positional", required: true, description: "3 to 40 characters" },
		description: { type: "string", valueHint: "TEXT", description: "What it is for" },
		label: {
			type: "string",
			alias: "l",
			valueHint: "KEY=VALUE",
			description: "A label that its units have too; may be given several times",
		},
	},
	repeatable: ["label"],
	async run(cli, { name, description }) {
		const labels = labelsOf(cli.all("label"));
		const wanted = {
			name,
			...(description === undefined ? {} : { description }),
			...(labels === undefined ? {} : { labels }),
		};
		const project = await (await cli.client()).projects.create(wanted, { signal: cli.signal });
		await cli.output.result(`Project created: ${project.name}`, project);
	},
});

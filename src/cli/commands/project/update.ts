import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { projectArgument, projectNamed } from "./project-arguments.ts";

export default command({
	details: "What is not given stays. Cloud blocks that name the project need the new name.",
	examples: ["taco project update shop --name store"],
	args: {
		project: projectArgument,
		name: { type: "string", valueHint: "NAME", description: "Its new name" },
		description: { type: "string", valueHint: "TEXT", description: "What it is for" },
	},
	async run(cli, args) {
		const { name, description } = args;
		if (name === undefined && description === undefined) {
			throw usageError("there is nothing to change", "add --name or --description");
		}
		const change = {
			...(name === undefined ? {} : { name }),
			...(description === undefined ? {} : { description }),
		};
		const { id } = await projectNamed(cli, args.project);
		const { projects } = await cli.client();
		const project = await projects.update(id, change, { signal: cli.signal });
		await cli.output.result(`Project changed: ${project.name}`, project);
	},
});

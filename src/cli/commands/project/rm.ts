import { command } from "../../command.ts";
import { projectArgument, projectNamed } from "./project-arguments.ts";

export default command({
	details:
		"Only a project without units goes: move them first, with taco unit settings <unit> --project. The\ndefault project stays.",
	examples: ["taco project rm shop", "taco project rm --yes shop"],
	args: {
		project: projectArgument,
		yes: { type: "boolean", alias: "y", description: "Do not ask" },
	},
	async run(cli, args) {
		if (args.yes !== true) cli.requireInteractive("taco project rm", "add --yes");
		const { id, name } = await projectNamed(cli, args.project);
		if (args.yes !== true) {
			await cli.confirm(`Delete the project ${name}?`);
		}
		await (await cli.client()).projects.delete(id, { signal: cli.signal });
		await cli.output.result(`Project deleted: ${name}`, { id, name, deleted: true });
	},
});

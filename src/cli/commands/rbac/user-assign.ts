import { command } from "../../command.ts";
import { assignmentArguments, assignmentOf } from "./assignment-arguments.ts";

export default command({
	details:
		"What is assigned already is no error. The change counts everywhere within five seconds.",
	examples: [
		"taco rbac user assign alice@example.com reader",
		"taco rbac user assign alice@example.com developers 'dev/*'",
		"taco rbac user assign platform-team admin --group",
		"taco rbac user assign deployer writer env=prod --token",
	],
	args: assignmentArguments,
	async run(cli, args) {
		const assignment = assignmentOf(args);
		const answer = await (await cli.client()).rbac.assign(assignment, { signal: cli.signal });
		await cli.output.result(answer.message, { ...assignment, ...answer });
	},
});

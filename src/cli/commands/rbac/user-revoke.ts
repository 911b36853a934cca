import { command } from "../../command.ts";
import { assignmentArguments, assignmentOf } from "./assignment-arguments.ts";

export default command({
	details:
		"Without <units> the role goes wherever it holds; with them only the assignment for exactly these.\nWhat is not assigned is no error.",
	examples: [
		"taco rbac user revoke alice@example.com reader",
		"taco rbac user revoke alice@example.com developers 'dev/*'",
	],
	args: assignmentArguments,
	async run(cli, args) {
		const assignment = assignmentOf(args);
		const answer = await (await cli.client()).rbac.revoke(assignment, { signal: cli.signal });
		await cli.output.result(answer.message, { ...assignment, ...answer });
	},
});

import { command } from "../../command.ts";
import { showVariables } from "./shown.ts";
import { unitArgument, unitOf } from "./variable-arguments.ts";

export default command({
	details: "Sensitive values are never shown: the server does not give them out.",
	examples: ["taco variable ls myapp/prod", "taco variable ls myapp/prod --json"],
	args: {
		unit: unitArgument,
		inherited: {
			type: "boolean",
			description: "Those of variable sets too; what does not count is marked",
		},
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const inherited = args.inherited === true;
		const { variables } = await cli.client();
		const list = await variables.list(id, { inherited, signal: cli.signal });
		await showVariables(cli, list, { inherited });
	},
});

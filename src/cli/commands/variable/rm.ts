import { command } from "../../command.ts";
import { categoryOf, demanded, envFlag, unitArgument, unitOf } from "./variable-arguments.ts";

export default command({
	args: {
		unit: unitArgument,
		key: { type: "positional", required: true, description: "The variable's key" },
		env: envFlag,
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const { variables } = await cli.client();
		const options = { signal: cli.signal };
		const category = categoryOf(args.env);
		const found = demanded(await variables.list(id, options), args.key, category);
		await variables.delete(id, found.id, options);
		await cli.output.result(`Variable deleted: ${found.key}`, { id: found.id, key: found.key });
	},
});

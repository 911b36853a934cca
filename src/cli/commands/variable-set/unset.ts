import { command } from "../../command.ts";
import { categoryOf, demanded, envFlag } from "../variable/variable-arguments.ts";
import { setArgument, setNamed } from "./set-arguments.ts";

export default command({
	args: {
		set: setArgument,
		key: { type: "positional", required: true, description: "The variable's key" },
		env: envFlag,
	},
	async run(cli, args) {
		const { variableSets } = await cli.client();
		const { id } = await setNamed(cli, args.set);
		const options = { signal: cli.signal };
		const all = await variableSets.variables(id, options);
		const found = demanded(all, args.key, categoryOf(args.env));
		await variableSets.deleteVariable(id, found.id, options);
		await cli.output.result(`Variable deleted: ${found.key}`, { id: found.id, key: found.key });
	},
});

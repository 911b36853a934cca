import { command } from "../../command.ts";
import { showVariables } from "../variable/shown.ts";
import { setArgument, setNamed } from "./set-arguments.ts";

export default command({
	details: "Sensitive values are never shown: the server does not give them out.",
	args: { set: setArgument },
	async run(cli, args) {
		const { variableSets } = await cli.client();
		const { id } = await setNamed(cli, args.set);
		const list = await variableSets.variables(id, { signal: cli.signal });
		await showVariables(cli, list, { inherited: false });
	},
});

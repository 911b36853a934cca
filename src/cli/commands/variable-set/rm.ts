import { command } from "../../command.ts";
import { setArgument, setNamed } from "./set-arguments.ts";

export default command({
	args: { set: setArgument },
	async run(cli, args) {
		const { variableSets } = await cli.client();
		const { id, name } = await setNamed(cli, args.set);
		await variableSets.delete(id, { signal: cli.signal });
		await cli.output.result(`Variable set deleted: ${name}`, { id, name });
	},
});

import { command } from "../../command.ts";
import { unitArgument, unitOf } from "./unit-arguments.ts";

export default command({
	examples: ["taco unit ls --deleted", "taco unit undelete myapp/old"],
	args: { unit: unitArgument },
	async run(cli, { unit }) {
		const id = unitOf(unit);
		const client = await cli.client();
		const view = await client.undeleteUnit(id, { signal: cli.signal });
		await cli.output.result(`Unit undeleted: ${id}`, view);
	},
});

import { command } from "../../command.ts";
import { unitArgument, unitOf } from "./unit-arguments.ts";

export default command({
	details: "Always writes JSON.",
	examples: ["taco unit info myapp/prod", "taco unit info myapp/prod | jq .lock"],
	args: { unit: unitArgument },
	async run(cli, { unit }) {
		const client = await cli.client();
		await cli.output.document(await client.getUnit(unitOf(unit), { signal: cli.signal }));
	},
});

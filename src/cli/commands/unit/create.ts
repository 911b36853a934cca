import { command } from "../../command.ts";
import { labelsOf, unitArgument, unitOf } from "./unit-arguments.ts";

export default command({
	details: "A new unit has no state; the first push or the first terraform apply brings one.",
	examples: ["taco unit create myapp/prod", "taco unit create myapp/prod -l team=core -l tier=1"],
	args: {
		unit: unitArgument,
		label: {
			type: "string",
			alias: "l",
			valueHint: "KEY=VALUE",
			description: "A label; may be given several times",
		},
	},
	repeatable: ["label"],
	async run(cli, { unit }) {
		const id = unitOf(unit);
		const labels = labelsOf(cli.all("label"));
		const client = await cli.client();
		const created = await client.createUnit(id, labels, { signal: cli.signal });
		await cli.output.result(`Unit created: ${id}`, created);
	},
});

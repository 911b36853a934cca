import { command } from "../../command.ts";
import { unitArgument, unitOf } from "./variable-arguments.ts";

export default command({
	details: "Sensitive values are never shown: the server does not give them out.",
	examples: ["taco variable ls myapp/prod", "taco variable ls myapp/prod --json"],
	args: { unit: unitArgument },
	async run(cli, args) {
		const id = unitOf(args.unit);
		const { variables } = await cli.client();
		const list = await variables.list(id, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ variables: list, count: list.length });
			return;
		}
		if (list.length === 0) {
			await cli.output.note("No variables");
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "KEY", keep: true },
				{ title: "CATEGORY", keep: true },
				{ title: "VALUE" },
				{ title: "DESCRIPTION" },
			],
			rows: list.map(({ key, category, value, hcl, description }) => [
				key,
				hcl ? `${category}, hcl` : category,
				value === null ? "(sensitive)" : JSON.stringify(value).slice(1, -1),
				description,
			]),
		});
	},
});

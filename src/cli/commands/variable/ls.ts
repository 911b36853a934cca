import { command } from "../../command.ts";
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
				...(inherited ? [{ title: "FROM" }] : []),
				{ title: "DESCRIPTION" },
			],
			rows: list.map(({ key, category, value, hcl, description, set, counts }) => [
				key,
				hcl ? `${category}, hcl` : category,
				value === null ? "(sensitive)" : JSON.stringify(value).slice(1, -1),
				...(inherited
					? [`${set?.name ?? "the unit"}${counts === false ? " (does not count)" : ""}`]
					: []),
				description,
			]),
		});
	},
});

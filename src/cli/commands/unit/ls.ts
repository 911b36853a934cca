import type { UnitView } from "../../../api/units.ts";
import { command } from "../../command.ts";
import type { Column } from "../../table.ts";
import { either, labelsOf } from "./unit-arguments.ts";

export default command({
	details: "The prefix is plain text: dev lists dev/app and development.",
	examples: ["taco unit ls", "taco unit ls myapp/", "taco unit ls -l team=core --json"],
	args: {
		start: { type: "positional", required: false, description: "Only ids that start with this" },
		prefix: { type: "string", valueHint: "START", description: "The same as the argument" },
		label: {
			type: "string",
			alias: "l",
			valueHint: "KEY=VALUE",
			description: "Only units with this label; may be given several times",
		},
		deleted: { type: "boolean", description: "Deleted units, which undelete can bring back" },
	},
	repeatable: ["label"],
	async run(cli, args) {
		const prefix = either(args.start, args.prefix, "the prefix");
		const labels = labelsOf(cli.all("label"));
		const deleted = args.deleted === true;
		const client = await cli.client();
		const units = await client.listUnits({ prefix, labels, deleted }, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ units, count: units.length });
			return;
		}
		if (units.length === 0) {
			await cli.output.note(deleted ? "No deleted units found" : "No units found");
			return;
		}
		await cli.output.table({
			columns: deleted ? [...columns, { title: "DELETED" }] : columns,
			rows: units.map((unit) => (deleted ? [...row(unit), unit.deleted ?? ""] : row(unit))),
		});
		await cli.output.note(`Total: ${units.length} unit${units.length === 1 ? "" : "s"}`);
	},
});

const columns: readonly Column[] = [
	{ title: "ID", keep: true },
	{ title: "SIZE", right: true },
	{ title: "UPDATED" },
	{ title: "LOCKED" },
];

function row({ id, size, updated, locked }: UnitView): string[] {
	return [id, String(size), updated, locked ? "yes" : ""];
}

import type { Restored, UnitView, VersionView } from "../../../api/units.ts";
import { command } from "../../command.ts";
import type { Cli } from "../../context.ts";
import { formatTable, type Table } from "../../table.ts";
import { unitArgument, unitOf, versionOf } from "./unit-arguments.ts";

export default command({
	details:
		"The version's content becomes a new version with a higher serial; nothing is lost. It shows\nwhat would change and, on a terminal, asks; without one it needs --yes.",
	examples: ["taco unit restore myapp/prod 7 --preview", "taco unit restore myapp/prod 7 --yes"],
	args: {
		unit: unitArgument,
		version: {
			type: "positional",
			required: true,
			description: "The version's number, as taco unit versions shows it",
		},
		preview: { type: "boolean", description: "Only show what would change" },
		yes: { type: "boolean", alias: "y", description: "Do not ask" },
		"lock-id": {
			type: "string",
			valueHint: "LOCK-ID",
			description: "The lock under which to restore; by default the one saved in .taco",
		},
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const version = versionOf(args.version, "<version>");
		const lockId = args["lock-id"] ?? (await (await cli.locks()).read(id));
		const request = { version, ...(lockId === null ? {} : { lock_id: lockId }) };
		const preview = args.preview === true;
		if (!preview && args.yes !== true) {
			cli.requireInteractive(
				"restore",
				`see it first with --preview: taco unit restore ${id} ${version} --preview`,
			);
		}
		const client = await cli.client();
		const call = { signal: cli.signal };
		const chosen = await client.version(id, version, call);
		if (preview || args.yes !== true) {
			const planned = await client.restore(id, { ...request, preview: true }, call);
			if (preview && cli.output.json) return await cli.output.document(planned);
			await show(cli, await client.getUnit(id, call), chosen, planned, preview);
			if (preview) return;
			await cli.confirm(`Restore version ${version} of ${id}?`);
		}
		const restored = await client.restore(id, request, call);
		if (restored.version === null) {
			await cli.output.result(`Unit ${id} has the content of version ${version} already`, restored);
			return;
		}
		await cli.output.result(
			`Unit ${id} restored to version ${version} (hash: ${chosen.hash.slice(0, 8)}, created: ${chosen.timestamp})`,
			restored,
		);
	},
});

/** As data when it was asked for, as talk before a question. */
async function show(
	cli: Cli,
	unit: UnitView,
	chosen: VersionView,
	planned: Restored,
	asData: boolean,
): Promise<void> {
	const table = comparison(unit, chosen, planned);
	const remarks = planned.verbatim
		? ["The state is encrypted: it is restored as it is, and its serial cannot be raised."]
		: [];
	if (asData) {
		await cli.output.table(table);
	} else {
		await cli.io.err.write(formatTable(table, cli.io.err.columns));
	}
	for (const remark of remarks) await cli.output.note(remark);
}

function comparison(unit: UnitView, chosen: VersionView, planned: Restored): Table {
	const text = (value: string | number | null): string => (value === null ? "-" : String(value));
	return {
		columns: [{ title: "" }, { title: "NOW" }, { title: "RESTORED" }],
		rows: [
			["version", text(unit.version), `new, from ${chosen.version}`],
			["serial", text(planned.previous_serial ?? unit.serial), text(planned.serial)],
			["size", text(unit.size), text(planned.size)],
			["written", unit.updated, chosen.timestamp],
			["author", "", chosen.author],
			["terraform", text(unit.terraform_version), text(chosen.terraform_version)],
			["lineage", text(unit.lineage), text(chosen.lineage)],
		],
	};
}

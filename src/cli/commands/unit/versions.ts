import type { VersionView } from "../../../api/units.ts";
import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import type { Column } from "../../table.ts";
import { isStream, saveState } from "./state-file.ts";
import { unitArgument, unitOf, versionOf } from "./unit-arguments.ts";

export default command({
	details: "Version numbers never change: what was 7 yesterday is 7 tomorrow.",
	examples: [
		"taco unit versions myapp/prod",
		"taco unit versions myapp/prod --download 7 -f old.tfstate",
	],
	args: {
		unit: unitArgument,
		download: { type: "string", valueHint: "NUMBER", description: "Download this version" },
		file: {
			type: "string",
			alias: "f",
			valueHint: "FILE",
			description: "Where to; stdout by default",
		},
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const { file } = args;
		if (args.download === undefined && file !== undefined) {
			throw usageError("--file goes with --download");
		}
		const client = await cli.client();
		if (args.download !== undefined) {
			const version = versionOf(args.download, "--download");
			const download = await client.download(id, { version, signal: cli.signal });
			const bytes = await saveState(cli, download, file);
			if (isStream(file)) return;
			await cli.output.result(`Unit downloaded to: ${file}`, { id, file, version, bytes });
			return;
		}
		const list = await client.versions(id, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(list);
		} else if (list.versions.length === 0) {
			await cli.output.note("No versions found");
		} else {
			await cli.output.table({ columns, rows: list.versions.map(row) });
			await cli.output.note(
				`Total: ${list.versions.length} version${list.versions.length === 1 ? "" : "s"}`,
			);
		}
	},
});

const columns: readonly Column[] = [
	{ title: "VERSION", right: true, keep: true },
	{ title: "CREATED" },
	{ title: "SIZE", right: true },
	{ title: "SERIAL", right: true, keep: true },
	{ title: "AUTHOR" },
	{ title: "SURFACE" },
	{ title: "CAUSE" },
	{ title: "HASH" },
];

function row(version: VersionView): string[] {
	return [
		String(version.version),
		version.timestamp,
		String(version.size),
		version.serial === null ? "-" : String(version.serial),
		version.author,
		version.surface,
		version.restored_from === null ? version.cause : `${version.cause}:${version.restored_from}`,
		version.available ? version.hash.slice(0, 8) : "(removed)",
	];
}

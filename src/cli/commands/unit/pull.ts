import { command } from "../../command.ts";
import { isStream, saveState } from "./state-file.ts";
import { either, unitArgument, unitOf, versionOf } from "./unit-arguments.ts";

export default command({
	details:
		"Without a file the state goes to stdout. A file is written whole or not at all, and only its\nowner can read it: states hold secrets.",
	examples: [
		"taco unit pull myapp/prod terraform.tfstate",
		"taco unit pull myapp/prod | jq .serial",
		"taco unit pull myapp/prod --version 7 -f old.tfstate",
	],
	args: {
		unit: unitArgument,
		path: { type: "positional", required: false, description: "Where to write it; - is stdout" },
		file: {
			type: "string",
			alias: "f",
			valueHint: "FILE",
			description: "The same as the argument",
		},
		version: {
			type: "string",
			valueHint: "NUMBER",
			description: "Not the current state but this version",
		},
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const file = either(args.path, args.file, "the file");
		const wanted = args.version === undefined ? undefined : versionOf(args.version, "--version");
		const client = await cli.client();
		const download = await client.download(id, { version: wanted, signal: cli.signal });
		const bytes = await saveState(cli, download, file);
		if (isStream(file)) return;
		const { version, serial, sha256 } = download;
		await cli.output.result(`Unit downloaded to: ${file}`, {
			id,
			file,
			bytes,
			version,
			serial,
			sha256,
		});
	},
});

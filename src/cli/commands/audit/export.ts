import { command } from "../../command.ts";
import { isStream, saveState } from "../unit/state-file.ts";
import { either } from "../unit/unit-arguments.ts";
import { filterFlags, filterOf } from "./filter-flags.ts";

export default command({
	details: "Lines of JSON, log by log, each oldest first: sort them by time if you need to.",
	examples: ["taco audit export audit.jsonl", "taco audit export --since 24h | jq .operation"],
	args: {
		destination: {
			type: "positional",
			required: false,
			description: "Where to; stdout by default",
		},
		...filterFlags,
		file: {
			type: "string",
			alias: "f",
			valueHint: "FILE",
			description: "The same as the argument",
		},
	},
	async run(cli, args) {
		const file = either(args.destination, args.file, "the file");
		const { audit } = await cli.client();
		const download = await audit.export(filterOf(args, Date.now()), { signal: cli.signal });
		const bytes = await saveState(cli, download, file);
		if (isStream(file)) return;
		await cli.output.result(`Audit trail exported to: ${file}`, { file, bytes });
	},
});

import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { either, unitArgument, unitOf } from "./unit-arguments.ts";
import { uploadState } from "./upload.ts";

export default command({
	details:
		"The unit must exist. If this directory has locked it, the state is written only while that\nlock is still held. A lower serial or another lineage is refused unless --force is given.",
	examples: [
		"taco unit push myapp/prod terraform.tfstate",
		"terraform state pull | taco unit push myapp/prod -",
	],
	args: {
		unit: unitArgument,
		path: { type: "positional", required: false, description: "The state; - is stdin" },
		file: {
			type: "string",
			alias: "f",
			valueHint: "FILE",
			description: "The same as the argument",
		},
		"if-locked-by": {
			type: "string",
			valueHint: "LOCK-ID",
			description: "Write only if this lock is held; by default the one saved in .taco",
		},
		force: { type: "boolean", description: "In spite of serial and lineage; needs its own right" },
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const file = either(args.path, args.file, "the file");
		if (file === undefined) throw usageError("taco unit push needs <path>", "- is stdin");
		const ifLockedBy = args["if-locked-by"] ?? (await (await cli.locks()).read(id)) ?? undefined;
		const uploaded = await uploadState(cli, id, file, { ifLockedBy, force: args.force === true });
		await cli.output.result(`Unit uploaded: ${id}`, { id, ...uploaded });
	},
});

import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { lockIdFor, releaseLock } from "./release-lock.ts";
import { either, unitArgument, unitOf } from "./unit-arguments.ts";
import { uploadState } from "./upload.ts";

export default command({
	details: "If the upload fails, the unit stays locked and the lock's id stays saved.",
	examples: ["taco unit release myapp/prod terraform.tfstate"],
	args: {
		unit: unitArgument,
		path: { type: "positional", required: false, description: "The state; - is stdin" },
		file: {
			type: "string",
			alias: "f",
			valueHint: "FILE",
			description: "The same as the argument",
		},
		"lock-id": {
			type: "string",
			valueHint: "LOCK-ID",
			description: "The lock's id; by default the one saved in .taco",
		},
		force: { type: "boolean", description: "In spite of serial and lineage; needs its own right" },
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const file = either(args.path, args.file, "the file");
		if (file === undefined) throw usageError("taco unit release needs <path>", "- is stdin");
		const lockId = await lockIdFor(cli, id, args["lock-id"]);
		const force = args.force === true;
		const uploaded = await uploadState(cli, id, file, { ifLockedBy: lockId, force });
		try {
			await releaseLock(cli, id, lockId);
		} catch (error) {
			await cli.output.warn(
				`the state was uploaded (version ${uploaded.version}), but the unit was not unlocked (lock ID: ${lockId})`,
			);
			throw error;
		}
		await cli.output.result(`Unit released: ${id}`, { id, lock_id: lockId, ...uploaded });
	},
});

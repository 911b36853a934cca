import { command } from "../../command.ts";
import { lockIdFor, releaseLock } from "./release-lock.ts";
import { unitArgument, unitOf } from "./unit-arguments.ts";

export default command({
	details: "Without a lock id, the one that lock or acquire saved in this directory is used.",
	examples: ["taco unit unlock myapp/prod"],
	args: {
		unit: unitArgument,
		"lock-id": { type: "positional", required: false, description: "The lock's id" },
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const lockId = await lockIdFor(cli, id, args["lock-id"]);
		await releaseLock(cli, id, lockId);
		await cli.output.result(`Unit unlocked: ${id}`, { id, lock_id: lockId, unlocked: true });
	},
});

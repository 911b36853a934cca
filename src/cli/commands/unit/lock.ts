import { command } from "../../command.ts";
import { takeLock } from "./take-lock.ts";
import { lockNoteFlags, unitArgument, unitOf } from "./unit-arguments.ts";

export default command({
	details: "The lock's id is saved in .taco, so that push, unlock and release find it.",
	examples: ['taco unit lock myapp/prod --info "moving the database"'],
	args: {
		unit: unitArgument,
		...lockNoteFlags,
		id: {
			type: "string",
			valueHint: "LOCK-ID",
			description: "The lock's id; by default a new one",
		},
	},
	async run(cli, { unit, who, info, id: lockId }) {
		const id = unitOf(unit);
		const lock = await takeLock(cli, id, { id: lockId, who, info, operation: "taco unit lock" });
		await cli.output.result(`Unit locked: ${id} (lock ID: ${lock.id})`, { unit: id, ...lock });
	},
});

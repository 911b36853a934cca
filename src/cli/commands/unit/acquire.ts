import { type ClientError, isClientError } from "../../../client/errors.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { command } from "../../command.ts";
import type { Cli } from "../../context.ts";
import { isStream, saveState } from "./state-file.ts";
import { takeLock } from "./take-lock.ts";
import { either, lockNoteFlags, unitArgument, unitOf } from "./unit-arguments.ts";

/** After Ctrl-C the lock is still given back, but not for ever. */
const givingBackMs = 10_000;

export default command({
	details:
		"If the download fails, the lock is released again. A unit that has no state yet is locked and\nno file is written. Without a file the state goes to stdout.",
	examples: ["taco unit acquire myapp/prod terraform.tfstate"],
	args: {
		unit: unitArgument,
		path: { type: "positional", required: false, description: "Where to write it; - is stdout" },
		file: {
			type: "string",
			alias: "f",
			valueHint: "FILE",
			description: "The same as the argument",
		},
		...lockNoteFlags,
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		const file = either(args.path, args.file, "the file");
		const { who, info } = args;
		const lock = await takeLock(cli, id, { who, info, operation: "taco unit acquire" });
		const loaded = await download(cli, id, lock.id, file);
		if (loaded === null) {
			await cli.output.note("The unit has no state yet; nothing was written.");
		}
		if (!isStream(file)) {
			const saved = loaded === null ? "Unit acquired" : `Unit acquired and saved to: ${file}`;
			await cli.output.result(`${saved} (lock ID: ${lock.id})`, {
				id,
				file: loaded === null ? null : file,
				...loaded,
				lock,
			});
		} else {
			await cli.output.note(`[Unit acquired with lock ID: ${lock.id}]`);
		}
	},
});

interface Loaded {
	readonly bytes: number;
	readonly version: number | null;
	readonly serial: number | null;
}

/** Null when the unit has no state. Gives the lock back when it fails otherwise. */
async function download(
	cli: Cli,
	id: UnitId,
	lockId: string,
	file: string | undefined,
): Promise<Loaded | null> {
	try {
		const client = await cli.client();
		const state = await client.download(id, { signal: cli.signal });
		const bytes = await saveState(cli, state, file);
		return { bytes, version: state.version, serial: state.serial };
	} catch (error) {
		if (isClientError(error, "no_state")) return null;
		await giveBack(cli, id, lockId);
		throw error;
	}
}

async function giveBack(cli: Cli, id: UnitId, lockId: string): Promise<void> {
	try {
		const client = await cli.client();
		await client.unlock(id, lockId, { signal: AbortSignal.timeout(givingBackMs) });
		await (await cli.locks()).remove(id, lockId);
		await cli.output.note("The lock was released again.");
	} catch (error) {
		const reason = (error as ClientError).message;
		await cli.output.warn(`the unit stays locked (lock ID: ${lockId}): ${reason}`);
	}
}

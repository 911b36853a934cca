/** Taking a lock and remembering it, as `lock` and `acquire` do. */
import { randomUUID } from "node:crypto";
import type { LockView } from "../../../api/units.ts";
import { buildInfo } from "../../../build-info.ts";
import { ClientError, isClientError } from "../../../client/errors.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import type { Cli } from "../../context.ts";

export interface LockNote {
	readonly id?: string | undefined;
	readonly who?: string | undefined;
	readonly info?: string | undefined;
	readonly operation: string;
}

/** Locks the unit and saves the lock's id in this directory, also when nobody knows if it worked. */
export async function takeLock(cli: Cli, unit: UnitId, note: LockNote): Promise<LockView> {
	const client = await cli.client();
	const id = note.id ?? randomUUID();
	const request = {
		id,
		who: note.who ?? (await cli.identity()),
		version: buildInfo.version,
		operation: note.operation,
		...(note.info === undefined ? {} : { info: note.info }),
	};
	try {
		const lock = await client.lock(unit, request, { signal: cli.signal });
		await remember(cli, unit, lock.id);
		return lock;
	} catch (error) {
		if (!isClientError(error, "outcome_unknown", "interrupted")) throw error;
		await remember(cli, unit, id);
		throw new ClientError(error.code, `${error.message} (lock ID: ${id})`, {
			hint: `if the lock was taken, taco unit unlock ${unit} releases it`,
			status: error.status ?? undefined,
			requestId: error.requestId ?? undefined,
			cause: error,
		});
	}
}

/** The lock is held whether or not its id can be saved. */
async function remember(cli: Cli, unit: UnitId, lockId: string): Promise<void> {
	try {
		await (await cli.locks()).save(unit, lockId);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		await cli.output.warn(`the lock ID is not saved: ${reason}; keep it: ${lockId}`);
	}
}

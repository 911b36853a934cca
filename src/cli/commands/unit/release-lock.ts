/** Giving a lock back and forgetting it, as `unlock` and `release` do. */
import { isClientError } from "../../../client/errors.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import type { Cli } from "../../context.ts";
import { CliError } from "../../errors.ts";

/**
 * The lock id given, else the one saved in this directory.
 * @throws CliError `no_saved_lock`.
 */
export async function lockIdFor(
	cli: Cli,
	unit: UnitId,
	given: string | undefined,
): Promise<string> {
	const lockId = given ?? (await (await cli.locks()).read(unit));
	if (lockId === null) {
		throw new CliError(
			"no_saved_lock",
			`no lock ID found for unit ${unit} - was it acquired?`,
			"give the id, or see taco unit who; taco unit force-unlock breaks a lock of somebody else",
		);
	}
	return lockId;
}

/** Releases the lock. A lock that is no longer ours is forgotten as well: its id never comes back. */
export async function releaseLock(cli: Cli, unit: UnitId, lockId: string): Promise<void> {
	const client = await cli.client();
	const locks = await cli.locks();
	try {
		await client.unlock(unit, lockId, { signal: cli.signal });
	} catch (error) {
		if (isClientError(error, "lock_mismatch", "unit_not_found")) await locks.remove(unit, lockId);
		throw error;
	}
	await locks.remove(unit, lockId);
}

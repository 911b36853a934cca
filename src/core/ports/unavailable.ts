/** What a failure of the store is to whoever asked: never an answer. */
import { DomainError } from "../errors.ts";
import { StoreError } from "./blob-store.ts";

/** A store failure of which it is certain that nothing was changed. */
export function unavailable(error: StoreError): DomainError {
	// An id may stand for a key of somebody else's bucket that this store has no room for.
	if (error.kind === "invalid_key") {
		return new DomainError("invalid_unit_id", "the storage cannot hold a unit with this id", {
			hint: "choose another id",
			cause: error,
		});
	}
	return new DomainError(
		"storage_unavailable",
		"the store did not answer as it should; nothing was changed",
		{
			hint: "try again; if it persists, see the server's log and /readyz",
			details: { retryAfterSeconds: 2 },
			cause: error,
		},
	);
}

/** Runs what reads or prepares in the store; its failures become `storage_unavailable`. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		if (error instanceof StoreError) throw unavailable(error);
		throw error;
	}
}

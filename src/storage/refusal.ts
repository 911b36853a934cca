/** How a store that does not work is told to people: what is wrong, and what to do. */

import { DomainError } from "../core/errors.ts";
import type { BlobStoreCapabilities, StoreError } from "../core/ports/blob-store.ts";

type StoreKind = BlobStoreCapabilities["kind"];

const hints: Record<StoreKind, Record<StoreError["kind"], string>> = {
	memory: allKinds("This is a defect; please report it."),
	filesystem: {
		...allKinds("Check the disk and the folder, or name another folder."),
		denied:
			"Give the user that runs this program write permission on the folder, without symbolic links in it, or name another folder.",
		no_such_store: "Name a folder whose path does not lead through a file.",
		not_writable: "Free some space or mount the file system writable, or name another folder.",
	},
	s3: {
		...allKinds("Check the endpoint, the region and the network, then start again."),
		denied:
			"Check the credentials and this machine's clock, and that they allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket on the bucket.",
		no_such_store:
			"Create the bucket, or correct the bucket's name, the region or the endpoint; this program makes no buckets.",
		not_writable: "Raise the bucket's quota or free some space.",
		invalid_key: "Shorten the prefix.",
	},
};

function allKinds(hint: string): Record<StoreError["kind"], string> {
	return {
		invalid_key: hint,
		denied: hint,
		no_such_store: hint,
		not_writable: hint,
		throttled: hint,
		timeout: hint,
		unavailable: hint,
		corrupt: hint,
	};
}

/** The public refusal for an operation that failed while the store was opened or probed. */
export function refusalOfStore(error: StoreError, kind: StoreKind, location: string): DomainError {
	return new DomainError(
		"storage_unavailable",
		`The storage at ${location} does not work: ${error.message}.`,
		{ hint: hints[kind][error.kind], cause: error },
	);
}

/** The public refusal of a store that works and cannot be relied on. */
export function refusalOfBehaviour(location: string, problem: string, hint: string): DomainError {
	return new DomainError(
		"storage_unavailable",
		`The storage at ${location} cannot be relied on: ${problem}.`,
		{ hint },
	);
}

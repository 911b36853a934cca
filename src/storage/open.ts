/** The way in: builds a store with its decorators, and probes it before anything relies on it. */

import { DomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { type BlobStore, StoreError } from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Random } from "../core/ports/random.ts";
import { MemoryStore } from "./memory.ts";
import { refusalOfStore } from "./refusal.ts";
import type { S3Options } from "./s3-clients.ts";
import { withCollection } from "./with-collection.ts";
import { withDeadline } from "./with-deadline.ts";
import { type StoreObserver, withMetrics } from "./with-metrics.ts";
import { withRetry } from "./with-retry.ts";

export { type ProbeReport, probeStore } from "./probe.ts";
export type { S3Credentials } from "./s3-credentials.ts";
export type { StoreObserver, StoreOperation, StoreOutcome } from "./with-metrics.ts";

/** Where the data is. */
export type StoreTarget =
	| { readonly kind: "memory" }
	| { readonly kind: "filesystem"; readonly directory: string }
	| ({ readonly kind: "s3" } & S3Options);

export interface StoreParts {
	readonly clock: Clock;
	/** For the jitter of pauses. */
	readonly random: Pick<Random, "fraction">;
	readonly observer?: StoreObserver;
	/** Has garbage collected, now and then while large bodies are read or written. */
	readonly collect?: () => void;
}

/**
 * Opens the store with deadlines, metrics and retries around it (so that every attempt is counted).
 * S3 is not contacted yet. Throws `DomainError("storage_unavailable")` for a folder that cannot be
 * used and `DomainError("invalid_request")` for settings that make no sense; never falls back to
 * another store.
 */
export async function openStore(target: StoreTarget, parts: StoreParts): Promise<BlobStore> {
	const { clock, random, observer, collect } = parts;
	const bounded = withDeadline(await openBare(target, clock), clock, {
		operationMs: limits.storeOperationDeadlineMs,
		streamIdleMs: limits.storeStreamIdleMs,
	});
	const counted = observer === undefined ? bounded : withMetrics(bounded, clock, observer);
	const repeated = withRetry(counted, clock, random, limits.storeReadAttemptsMax);
	if (collect === undefined) return repeated;
	return withCollection(repeated, collect, {
		everyBytes: limits.storeBytesPerCollection,
		bodyBytesMin: limits.collectedBodyBytesMin,
		isCountingWrites: target.kind === "s3",
	});
}

/** Modules of stores that are not used are not loaded: start-up time counts. */
async function openBare(target: StoreTarget, clock: Clock): Promise<BlobStore> {
	switch (target.kind) {
		case "memory":
			return new MemoryStore(clock);
		case "filesystem": {
			const { FilesystemStore } = await import("./filesystem.ts");
			try {
				return await FilesystemStore.open({ directory: target.directory, clock });
			} catch (error) {
				if (!(error instanceof StoreError)) throw error;
				throw refusalOfStore(error, "filesystem", target.directory);
			}
		}
		case "s3": {
			const { S3Store } = await import("./s3.ts");
			return new S3Store(target, clock);
		}
		default:
			throw new DomainError("internal", "No such kind of store.", {
				privateDetail: JSON.stringify(target satisfies never),
			});
	}
}

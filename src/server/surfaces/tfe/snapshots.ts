/**
 * Snapshots: states that a client stores while its apply is still under way, so that a crash loses
 * little. Each is a version like any other, and current at once. How often they come is ours to say.
 */
import { limits } from "../../../core/limits.ts";
import type { Version } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";

/** Seconds between two snapshots of a state of about this size. */
export function snapshotSeconds(sizeBytes: number): number {
	const { snapshotIntervalMs, snapshotBytesPerInterval, snapshotIntervalMaxMs } = limits;
	const intervals = Math.max(1, Math.ceil(sizeBytes / snapshotBytesPerInterval));
	return Math.min(snapshotIntervalMs * intervals, snapshotIntervalMaxMs) / 1000;
}

/** The answer with the word to the client that snapshots are wanted. */
export function withSnapshots(response: Response, { sizeBytes }: UnitSummary): Response {
	response.headers.set("x-terraform-snapshot-interval", String(snapshotSeconds(sizeBytes)));
	return response;
}

/** The versions that others followed under the same lock. `versions` are the newest first. */
export function snapshotsAmong(versions: readonly Version[]): ReadonlySet<number> {
	const snapshots = new Set<number>();
	for (const [at, { number, lock }] of versions.entries()) {
		const next = versions[at - 1];
		if (lock !== null && next?.lock?.id === lock.id) snapshots.add(number);
	}
	return snapshots;
}

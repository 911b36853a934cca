/**
 * Which writes acknowledge what the unit's upstream units had: those of a run that plans and
 * applies, under the lock that it took before it read anything. A write without a lock, or one that
 * only moves things about in the state, has consumed nothing.
 */
import type { Acknowledgement, Lock, Version } from "../unit/record.ts";

/** What Terraform and OpenTofu call the locks of commands that apply no plan. */
const surgery: ReadonlySet<string> = new Set([
	"taint",
	"untaint",
	"import",
	"refresh",
	"console",
	"OperationTypeRefresh",
	"OperationTypePlan",
	"migration destination state",
	"migration source state",
]);

/** Whether a lock with this operation is one of surgery on the state; no text at all is a run. */
export function isSurgery(operation: unknown): boolean {
	if (typeof operation !== "string") return false;
	return surgery.has(operation) || operation.startsWith("state-") || /^workspace/.test(operation);
}

/** What a write of `version` under `lock` acknowledges; null when it acknowledges nothing. */
export function acknowledgementOf(lock: Lock | null, version: Version): Acknowledgement | null {
	if (lock?.upstream === undefined || isSurgery(lock.info.Operation)) return null;
	return { at: version.at, version: version.number, upstream: lock.upstream };
}

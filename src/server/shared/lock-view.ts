/** A lock as the wire shows it. */
import type { LockView } from "../../api/units.ts";
import type { Lock } from "../../core/unit/record.ts";

function field(lock: Lock, name: string): string {
	const value = lock.info[name];
	return typeof value === "string" ? value : "";
}

export function lockView(lock: Lock): LockView {
	return {
		id: lock.info.ID,
		who: field(lock, "Who"),
		version: field(lock, "Version"),
		created: field(lock, "Created") || lock.since,
		operation: field(lock, "Operation"),
		info: field(lock, "Info"),
		path: field(lock, "Path"),
		principal: lock.principal,
		surface: lock.surface,
		since: lock.since,
	};
}

export function isLock(value: unknown): value is Lock {
	const lock = value as Partial<Lock> | null | undefined;
	return typeof lock === "object" && lock !== null && typeof lock.info?.ID === "string";
}

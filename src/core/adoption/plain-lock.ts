/** Reads the lock objects that others left beside a plain state. */
import { limits } from "../limits.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Lock } from "../unit/record.ts";
import { lockKeyOfUnit, tfLockKeyOfUnit, type UnitId } from "../unit/unit-id.ts";

/** The fields of a lock object, whichever spelling its writer uses. */
export type PlainLockFields = Readonly<Record<string, unknown>>;

/** Parses a lock object; null when it is not one. */
export function parsePlainLock(bytes: Uint8Array): PlainLockFields | null {
	if (bytes.length > limits.lockInfoBytesMax) return null;
	try {
		const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
		if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
		return value as PlainLockFields;
	} catch {
		return null;
	}
}

/** The id in a lock object's fields, "" when there is none. */
export function plainLockId(fields: PlainLockFields | null): string {
	const id = fields?.ID ?? fields?.id;
	return typeof id === "string" ? id : "";
}

/**
 * The lock that stands beside a plain state, as the unit's own, or null.
 * An object that cannot be read is a lock all the same (I14): somebody put it there.
 */
export async function findPlainLock(
	store: BlobStore,
	id: UnitId,
	generation: number,
): Promise<Lock | null> {
	const [own, terraform] = await Promise.all([
		store.get(lockKeyOfUnit(id)),
		store.get(tfLockKeyOfUnit(id)),
	]);
	const blob = own.found ? own : terraform;
	if (!blob.found) return null;
	const fields = parsePlainLock(blob.bytes);
	const text = (upper: string, lower: string) => {
		const value = fields?.[upper] ?? fields?.[lower];
		return typeof value === "string" ? value : "";
	};
	const since = new Date(blob.modified).toISOString();
	return {
		info: {
			...(fields ?? {}),
			ID: plainLockId(fields) || "unreadable",
			Operation: text("Operation", "operation"),
			Info: fields === null ? "the lock object could not be read" : text("Info", "info"),
			Who: text("Who", "who"),
			Version: text("Version", "version"),
			Created: text("Created", "created") || since,
			Path: text("Path", "path"),
		},
		principal: "outside",
		loginId: "outside",
		surface: "outside",
		since,
		generation,
	};
}

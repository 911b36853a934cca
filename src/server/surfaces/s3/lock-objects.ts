/**
 * `.tflock` and `.lock`: two views of the unit's one lock, whichever surface it was taken on. Put
 * takes it, get shows its holder, delete releases it.
 */
import { parsePlainLock, plainLockId } from "../../../core/adoption/plain-lock.ts";
import { DomainError, isDomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { describeHolder, isOfLogin } from "../../../core/lock/rules.ts";
import type { Lock, LockInfo } from "../../../core/unit/record.ts";
import { stateKeyOfUnit, type UnitId } from "../../../core/unit/unit-id.ts";
import { noSuchKey, S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";
import { readSmall, type S3Deps } from "./service.ts";

/** A lock as S3 describes an object. */
export interface LockObject {
	readonly bytes: Uint8Array;
	readonly etag: string;
	readonly modified: number;
	readonly versionId: "null";
}

const surfaces = {
	management: "the management API",
	"http-backend": "the HTTP backend",
	s3: "the S3 endpoint",
	tfe: "the cloud backend",
	system: "the server",
	outside: "a client outside of this server",
} as const;

/**
 * The lock info that Terraform reads: as it was put, for a lock that was taken here; for another
 * one with every field that Terraform's reader needs, and where it was taken.
 */
export function lockObject(lock: Lock, bucket: string, id: UnitId): LockObject {
	const info = lock.surface === "s3" ? lock.info : complete(lock, bucket, id);
	const bytes = Buffer.from(JSON.stringify(info));
	return {
		bytes,
		etag: `"${new Bun.CryptoHasher("md5").update(bytes).digest("hex")}"`,
		modified: Date.parse(lock.since),
		versionId: "null",
	};
}

function complete(lock: Lock, bucket: string, id: UnitId): LockInfo {
	const text = (name: string) => {
		const value = lock.info[name];
		return typeof value === "string" ? value : "";
	};
	return {
		ID: lock.info.ID,
		Operation: text("Operation"),
		Info: text("Info") || `taken over ${surfaces[lock.surface]} by ${lock.principal}`,
		Who: text("Who") || lock.principal,
		Version: text("Version"),
		// Terraform refuses the whole document for a time that it cannot read.
		Created: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text("Created")) ? text("Created") : lock.since,
		Path: text("Path") || `${bucket}/${stateKeyOfUnit(id)}`,
	};
}

async function currentLock(deps: S3Deps, request: S3Request, id: UnitId): Promise<Lock | null> {
	try {
		return (await deps.core.units.get(request.caller, id)).lock;
	} catch (error) {
		if (isDomainError(error, "unit_not_found")) return null;
		throw error;
	}
}

/** The lock as an object. Fails with NoSuchKey when nobody holds it. */
export async function readLock(deps: S3Deps, request: S3Request, id: UnitId): Promise<LockObject> {
	const lock = await currentLock(deps, request, id);
	if (lock === null) throw noSuchKey("the unit is not locked");
	return lockObject(lock, request.bucket, id);
}

/**
 * Takes the lock: with `If-None-Match: *` or without it there is only one. The same lock put again
 * by the same principal is a success (I6). Fails with `locked` naming the holder.
 */
export async function putLock(deps: S3Deps, request: S3Request, id: UnitId): Promise<LockObject> {
	const bytes = await readSmall(request, limits.lockInfoBytesMax, "the lock");
	const fields = parsePlainLock(bytes);
	const lockId = plainLockId(fields);
	if (fields === null || lockId === "") {
		throw new DomainError("invalid_request", "the lock is not a JSON object with an ID", {
			hint: "keys that end in .tflock and .lock are the locks of units; use another key for anything else",
		});
	}
	const info: LockInfo = { ...fields, ID: lockId };
	const lock = await deps.core.locks.lock(request.caller, id, info, { autoCreate: true });
	return lockObject(lock, request.bucket, id);
}

/**
 * Releases the lock: its holder's login may, and whoever may force. No lock is success. A request
 * that the client repeats after a lost answer must not release the next holder's lock.
 */
export async function deleteLock(
	deps: S3Deps,
	request: S3Request,
	id: UnitId,
	repeats: RepeatedRequests,
): Promise<void> {
	const { core } = deps;
	if (repeats.isKnown(request)) return;
	const lock = await currentLock(deps, request, id);
	if (lock === null) return;
	if (isOfLogin(lock, request.caller)) {
		await core.locks.unlock(request.caller, id, lock.info.ID);
	} else if (await core.parts.gate.may(request.caller, "unit.force-unlock", id)) {
		await core.locks.forceUnlock(request.caller, id, lock.info.ID);
	} else {
		throw new S3Error(
			403,
			"AccessDenied",
			`only the holder may release the lock, ${describeHolder(lock)}; breaking it needs the force-unlock permission`,
		);
	}
	repeats.note(request);
}

const repeatsMax = 1000;

/** Deletes of locks that were done lately, by the id that SDKs keep over their attempts. */
export class RepeatedRequests {
	readonly #done = new Set<string>();

	#name(request: S3Request): string | null {
		const id = request.headers.get("amz-sdk-invocation-id");
		return id === null || id.length > 128
			? null
			: `${request.caller.principal.id} ${request.context.path} ${id}`;
	}

	isKnown(request: S3Request): boolean {
		const name = this.#name(request);
		return name !== null && this.#done.has(name);
	}

	note(request: S3Request): void {
		const name = this.#name(request);
		if (name === null) return;
		this.#done.add(name);
		const oldest = this.#done.values().next().value;
		if (this.#done.size > repeatsMax && oldest !== undefined) this.#done.delete(oldest);
	}
}

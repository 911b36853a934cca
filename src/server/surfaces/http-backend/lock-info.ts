/** Terraform's lock info: read from requests, and shown to whoever a lock stops. */
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { describeHolder } from "../../../core/lock/rules.ts";
import type { Lock, LockInfo } from "../../../core/unit/record.ts";
import { parseJson } from "../../shared/body.ts";

function asLockInfo(value: unknown): LockInfo | null {
	const info = value as Partial<LockInfo> | null | undefined;
	const isObject = typeof info === "object" && info !== null && !Array.isArray(info);
	return isObject && typeof info.ID === "string" && info.ID !== "" ? (info as LockInfo) : null;
}

/** The lock info in a body, every field kept. Fails with `invalid_request`. */
export function parseLockInfo(bytes: Uint8Array): LockInfo {
	const info = asLockInfo(parseJson(bytes));
	if (info !== null) return info;
	throw new DomainError("invalid_request", "the body is not a lock info with an `ID`", {
		hint: 'Terraform sends one by itself; other clients send at least {"ID": "…"}',
	});
}

/**
 * The lock info that a body of POST or PUT holds, or null when it is anything else. With
 * `lock_method = "POST"` locks and states arrive at one address in one way: a lock info has an `ID`
 * and none of what a state has.
 */
export function lockInfoInWrite(bytes: Uint8Array): LockInfo | null {
	if (bytes.byteLength > limits.lockInfoBytesMax) return null;
	let value: unknown;
	try {
		value = parseJson(bytes);
	} catch {
		return null;
	}
	const info = asLockInfo(value);
	if (info === null) return null;
	const isState = ["version", "serial", "lineage"].some((name) => Object.hasOwn(info, name));
	return isState ? null : info;
}

/**
 * The holder's lock info for whoever it stops. Terraform before 1.15 prints only its `ID`, so the
 * holder stands there in words.
 */
export function holderInfo(lock: Lock): Record<string, unknown> {
	return { ...lock.info, ID: `${lock.info.ID} (${describeHolder(lock)})` };
}

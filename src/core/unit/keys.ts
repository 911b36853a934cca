/** Where things lie below the scope's root. The only place that builds keys of units. */
import { encodeUnitId, stateKeyOfUnit, type UnitId } from "./unit-id.ts";

/** Everything of ours; the rest of the bucket is plain states and their locks. */
export const privatePrefix = "__opentaco/";

export const logRoot = `${privatePrefix}log/`;
/** Shared documents: the admin token, keys, roles. */
export const registerRoot = `${privatePrefix}register/`;
/** Denials and logins, one chain for each run of a server. */
export const auditRoot = `${privatePrefix}audit/`;
export const changesRoot = `${privatePrefix}changes/`;

/** Name of the unit's log: the prefix of its records, without the last slash. */
export function logName(id: UnitId): string {
	return `${logRoot}${encodeUnitId(id)}`;
}

/** Prefix of the unit's version bodies. */
export function bodyRoot(id: UnitId): string {
	return `${privatePrefix}body/${encodeUnitId(id)}/`;
}

/** Key of a body that is meant for `generation`. */
export function bodyKey(id: UnitId, generation: number, nonce: string): string {
	return `${bodyRoot(id)}${String(generation).padStart(10, "0")}-${nonce}`;
}

/** The generation that a body's key names, or null for another key. */
export function generationOfBodyKey(key: string): number | null {
	const match = /\/([0-9]{10})-[0-9a-f]{32}$/.exec(key);
	return match?.[1] === undefined ? null : Number(match[1]);
}

/** Prefix of the unit's pages of older versions. */
export function pageRoot(id: UnitId): string {
	return `${privatePrefix}page/${encodeUnitId(id)}/`;
}

/** Key of a page that is meant for `generation`. */
export function pageKey(id: UnitId, generation: number, nonce: string): string {
	return `${pageRoot(id)}${String(generation).padStart(10, "0")}-${nonce}`;
}

/** Prefix of the version objects that the first OpenTaco kept beside a plain state. */
export function firstLayoutVersionsRoot(id: UnitId): string {
	return stateKeyOfUnit(id).replace(/terraform\.tfstate$/, "versions/");
}

/** Prefix of what is known of the content of the unit's states: a cache that can be deleted. */
export function indexRoot(id: UnitId): string {
	return `${privatePrefix}index/${encodeUnitId(id)}/`;
}

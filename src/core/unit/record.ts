/**
 * The record of a unit's log. The newest one, the head, says everything that a unit is: its lock,
 * its current version, its history. docs/storage.md describes the same for people.
 */
import { DomainError } from "../errors.ts";
import type { LogRecord } from "../log/head-finder.ts";
import type { Attribution, CredentialKind, Surface } from "../principal.ts";

/** Records of a greater schema are read by nobody and never written over. */
export const recordSchema = 1;

export type Operation =
	| "create"
	| "adopt"
	| "adopted"
	| "update"
	| "lock"
	| "unlock"
	| "force-unlock"
	| "write"
	| "restore"
	| "foreign"
	| "acknowledge"
	| "graph"
	| "withhold"
	| "release"
	| "erase"
	| "delete"
	| "undelete";

/** Terraform's lock info, with every field that the client sent. */
export type LockInfo = Readonly<Record<string, unknown>> & { readonly ID: string };

/** A unit's id, and the number of the version that it had; 0 while it had no state. */
export type UpstreamVersion = readonly [unit: string, version: number];

/** Which versions of the declared upstream units a write has taken in. */
export interface Acknowledgement {
	/** ISO 8601 of the record that acknowledged. */
	readonly at: string;
	/** The version that was written, or that was current when somebody said so. */
	readonly version: number;
	readonly upstream: readonly UpstreamVersion[];
	/** Nothing was written: somebody said that the unit is up to date with these. */
	readonly isByHand?: true;
}

export interface Lock {
	readonly info: LockInfo;
	readonly principal: string;
	readonly loginId: string;
	readonly surface: Surface;
	/** ISO 8601, by the server that took it. */
	readonly since: string;
	/** The generation whose record took it: the fencing token. */
	readonly generation: number;
	/** What the unit's declared upstream units had when the lock was taken; absent when not known. */
	readonly upstream?: readonly UpstreamVersion[];
}

export interface LockSummary {
	readonly id: string;
	readonly who: string;
	readonly operation: string;
}

/** How a version came about. */
export type VersionCause = "write" | "forced" | "restore" | "adopted" | "outside";

export interface Version {
	/** 1, 2, 3 … never reused, never shifted. */
	readonly number: number;
	/** The generation whose record made it. */
	readonly generation: number;
	/** Counts the re-creations of a deleted unit; earlier lives are readable with `unit.manage` only. */
	readonly life: number;
	readonly cause: VersionCause;
	/** null when the client encrypted the state and kept them to itself, or the bytes are no state. */
	readonly serial: number | null;
	readonly lineage: string | null;
	readonly terraformVersion: string | null;
	/** OpenTofu encrypted it: nothing inside can be read. */
	readonly encrypted: boolean;
	readonly sizeBytes: number;
	/** SHA-256, hex. */
	readonly sha256: string;
	/** MD5, base64, as HTTP clients send and compare it. */
	readonly md5: string;
	/** Offsets of the serial's digits in the bytes. */
	readonly serialAt: { readonly start: number; readonly end: number } | null;
	/** Key of the body, relative to the scope. */
	readonly body: string;
	readonly encoding: "plain";
	readonly author: string;
	readonly credentialKind: CredentialKind;
	readonly surface: Surface;
	/** ISO 8601, by the server that wrote it. */
	readonly at: string;
	readonly lock: LockSummary | null;
	/** For a restore: the version whose content it is. */
	readonly restoredFrom: number | null;
}

/** A content under which a version was shown and no longer is. */
export interface Presentation {
	/** The version's number. */
	readonly number: number;
	/** Hex. */
	readonly sha256: string;
	/** Base64. */
	readonly md5: string;
}

/** A page of older versions, kept beside the log because the head must stay small. */
export interface VersionPageRef {
	readonly key: string;
	readonly sha256: string;
	readonly firstNumber: number;
	readonly lastNumber: number;
}

/** Where units are that nobody put elsewhere. */
export const defaultProjectId = "prj-default";

/** A setting of a workspace, as the TFE API has them. */
export type SettingValue = string | boolean | null | readonly string[];

/** What a unit is. */
export interface UnitState {
	readonly labels: Readonly<Record<string, string>>;
	/** The project's id; absent: the default one. */
	readonly project?: string;
	/** Settings as a workspace, those that are not as for every unit; absent: there are none. */
	readonly settings?: Readonly<Record<string, SettingValue>>;
	/** ISO 8601. */
	readonly created: string;
	/** ISO 8601 of the last change of content: the current version's time, or `created`. */
	readonly updated: string;
	/** ISO 8601 of the deletion, or null. */
	readonly deleted: string | null;
	readonly life: number;
	/** A plain object is being taken over; whoever sees this finishes it. */
	readonly adopting: boolean;
	readonly lock: Lock | null;
	/** Ids of locks that were released, newest last: a late duplicate must not take them again. */
	readonly released: readonly string[];
	/** Number of the current version, null when there is no state. */
	readonly current: number | null;
	/** The newest versions, oldest first. Always contains the current one. */
	readonly versions: readonly Version[];
	readonly pages: readonly VersionPageRef[];
	/** The last number given to a version. */
	readonly versionCount: number;
	/** Bodies of versions below this number were given up, the current one excepted. */
	readonly bodiesFrom: number;
	/** Numbers of versions whose content nobody gets to see, until it is released. */
	readonly withheld?: readonly number[];
	/** Numbers of versions whose content was given up one by one. */
	readonly erased?: readonly number[];
	/** Numbers of versions written behind our back that did not become current, newest last. */
	readonly keptAside: readonly number[];
	/** What the newest write under a lock has taken in, or somebody acknowledged since; absent or null: nothing. */
	readonly acknowledged?: Acknowledgement | null;
	/**
	 * The current version as it is shown: with live values in place of those that were written. Same
	 * number, serial and lineage; a body, hashes and time of its own. It counts only for the version
	 * that it names, so what does not know of it may leave it behind. Only the system unit has one.
	 */
	readonly overlay?: Version | null;
	/** Overlays that were replaced or cleared, newest last: their bytes are ours wherever they turn up. */
	readonly presented?: readonly Presentation[];
}

/** A record: what happened, by whom, and what the unit is since. */
export interface UnitRecord extends LogRecord, Attribution {
	readonly schema: number;
	readonly unit: string;
	readonly operation: Operation;
	/** ISO 8601, by the server that wrote it. */
	readonly time: string;
	readonly state: UnitState;
}

const encoder = new TextEncoder();

/** Encodes a record as the bytes that are stored and hashed: JSON, one line. */
export function encodeUnitRecord(record: UnitRecord): Uint8Array {
	return encoder.encode(`${JSON.stringify(record)}\n`);
}

/**
 * Decodes a record of the unit `id`.
 * Fails with `schema_too_new` (a newer program wrote it) or `storage_corrupt`.
 */
export function decodeUnitRecord(bytes: Uint8Array, id?: string): UnitRecord {
	let value: unknown;
	try {
		value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch (cause) {
		throw corrupt("a record is not readable", cause);
	}
	const record = value as Partial<UnitRecord> | null;
	if (record === null || typeof record !== "object" || typeof record.schema !== "number") {
		throw corrupt("a record has no schema");
	}
	if (record.schema > recordSchema) {
		throw new DomainError(
			"schema_too_new",
			"a newer version of this program has written this unit",
			{ hint: "upgrade this server" },
		);
	}
	const state = record.state;
	if (
		typeof record.generation !== "number" ||
		typeof record.nonce !== "string" ||
		typeof record.unit !== "string" ||
		state === null ||
		typeof state !== "object" ||
		!Array.isArray(state.versions) ||
		!Array.isArray(state.pages) ||
		!Array.isArray(state.released)
	) {
		throw corrupt("a record lacks fields");
	}
	if (id !== undefined && record.unit !== id) {
		throw corrupt("a record belongs to another unit; is the folder's file system case-sensitive?");
	}
	return record as UnitRecord;
}

function corrupt(message: string, cause?: unknown): DomainError {
	return new DomainError("storage_corrupt", message, {
		hint: "run `taco doctor` on the store",
		...(cause === undefined ? {} : { cause }),
	});
}

/** The version with this number if it stands in the head itself. */
export function versionInHead(state: UnitState, number: number | null): Version | undefined {
	return number === null ? undefined : state.versions.find((v) => v.number === number);
}

/** The overlay of the current version, if it has one. */
export function overlayOf(state: UnitState): Version | undefined {
	const overlay = state.overlay ?? undefined;
	return overlay?.number === state.current ? overlay : undefined;
}

/** The current version as it was written, without an overlay. */
export function writtenVersion(state: UnitState): Version | undefined {
	return versionInHead(state, state.current);
}

/** The current version as everybody sees it, or undefined when there is no state. */
export function currentVersion(state: UnitState): Version | undefined {
	return overlayOf(state) ?? writtenVersion(state);
}

/** Whether retention has left this version's body alone, and nobody has given it up. */
export function hasBody(state: UnitState, { number }: Version): boolean {
	if (number === state.current) return true;
	return number >= state.bodiesFrom && state.erased?.includes(number) !== true;
}

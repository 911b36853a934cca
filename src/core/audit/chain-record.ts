/** The record of a server's own chain: what changes nothing and is worth remembering all the same. */
import { DomainError } from "../errors.ts";
import type { LogRecord, RecordCodec } from "../log/head-finder.ts";
import type { CredentialKind, Surface } from "../principal.ts";
import { auditRoot } from "../unit/keys.ts";

export const auditSchema = 1;

/** A denial or a login. */
export interface AuditEntry {
	/** ISO 8601. */
	readonly time: string;
	readonly kind: "denial" | "login";
	readonly outcome: "success" | "denied" | "failed";
	readonly operation: string;
	readonly unit: string | null;
	readonly detail: string | null;
	/** Empty when nobody proved to be anybody. */
	readonly principal: string;
	readonly credentialKind: CredentialKind | null;
	readonly loginId: string | null;
	readonly email: string | null;
	readonly surface: Surface | null;
	readonly requestId: string | null;
	readonly address: string | null;
}

/** A log's head as this server saw it: the log must hold this record as long as it exists. */
export interface NotedHead {
	/** A unit's id. */
	readonly unit: string;
	readonly generation: number;
	readonly hash: string;
}

export interface AuditRecord extends LogRecord {
	readonly schema: number;
	readonly instance: string;
	/** ISO 8601. */
	readonly time: string;
	readonly entries: readonly AuditEntry[];
	/** How many entries came too fast since the record before. */
	readonly dropped: number;
	readonly heads: readonly NotedHead[];
}

/** Name of a server's chain: the prefix of its records, without the last slash. */
export function chainName(instance: string): string {
	return `${auditRoot}${instance}`;
}

export const auditCodec: RecordCodec<AuditRecord> = {
	encode: (record) => new TextEncoder().encode(`${JSON.stringify(record)}\n`),
	decode: (bytes, name) => {
		const record = decodeAuditRecord(bytes);
		if (chainName(record.instance) !== name) throw damaged();
		return record;
	},
};

/** Reads a chain's record. Fails with `storage_corrupt` or `schema_too_new`. */
export function decodeAuditRecord(bytes: Uint8Array): AuditRecord {
	let record: Partial<AuditRecord> | null;
	try {
		record = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch (cause) {
		throw damaged(cause);
	}
	if (typeof record?.schema !== "number") throw damaged();
	if (record.schema > auditSchema) {
		throw new DomainError(
			"schema_too_new",
			"a newer version of this program wrote the audit trail",
			{
				hint: "upgrade this server",
			},
		);
	}
	const isWhole =
		typeof record.generation === "number" &&
		typeof record.instance === "string" &&
		Array.isArray(record.entries) &&
		Array.isArray(record.heads) &&
		typeof record.dropped === "number";
	if (!isWhole) throw damaged();
	return record as AuditRecord;
}

function damaged(cause?: unknown): DomainError {
	return new DomainError("storage_corrupt", "a record of the audit trail is damaged", {
		hint: "run `taco audit verify`",
		...(cause === undefined ? {} : { cause }),
	});
}

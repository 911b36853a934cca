/** One line of the audit trail, whatever it was made from. */
import type { Attribution, CredentialKind, Surface } from "../principal.ts";
import type { RegisterRecord } from "../register/register.ts";
import { overlayOf, type UnitRecord, writtenVersion } from "../unit/record.ts";
import type { AuditEntry, AuditRecord } from "./chain-record.ts";

export const auditOutcomes = ["success", "denied", "failed"] as const;
export type AuditOutcome = (typeof auditOutcomes)[number];

/** A change is its own record; denials and logins stand in the servers' chains. */
export type AuditKind = "change" | "denial" | "login" | "dropped";

export interface AuditEvent {
	/** ISO 8601, by the server that noted it. */
	readonly time: string;
	readonly kind: AuditKind;
	readonly outcome: AuditOutcome;
	/** What was done (`write`, `rbac.assign`), or the action that was denied (`unit.write`). */
	readonly operation: string;
	/** The unit that it was about. */
	readonly unit: string | null;
	readonly detail: string | null;
	readonly principal: string;
	readonly credentialKind: CredentialKind | null;
	readonly loginId: string | null;
	readonly email: string | null;
	readonly surface: Surface | null;
	readonly requestId: string | null;
	readonly address: string | null;
	/** The log in which it stands: `unit:<id>`, `register:<name>` or `chain:<server>`. */
	readonly source: string;
	/** The record there. */
	readonly generation: number;
}

function attributed(record: Attribution) {
	return {
		principal: record.principal,
		credentialKind: record.credentialKind,
		loginId: record.loginId ?? null,
		email: record.email ?? null,
		surface: record.surface,
		requestId: record.requestId,
		address: record.address ?? null,
	};
}

/** The event that a unit's record is. */
export function eventOfUnit(record: UnitRecord): AuditEvent {
	return {
		time: record.time,
		kind: "change",
		outcome: "success",
		operation: record.operation,
		unit: record.unit,
		detail: detailOfUnit(record),
		...attributed(record),
		source: `unit:${record.unit}`,
		generation: record.generation,
	};
}

function detailOfUnit({ state, operation, generation }: UnitRecord): string | null {
	const version = state.versions.find((one) => one.generation === generation);
	if (version !== undefined) {
		const cause = version.cause === "write" ? "" : `, ${version.cause}`;
		return `version ${version.number}, serial ${version.serial ?? "unknown"}${cause}`;
	}
	if (operation === "lock" && state.lock !== null) return `lock ${state.lock.info.ID}`;
	// The units upstream are not named: whoever reads this need not be allowed to see them.
	if (operation === "acknowledge") return `version ${state.current}, said to be up to date`;
	const shown = operation === "graph" ? writtenVersion(state) : undefined;
	if (shown !== undefined) {
		const how = overlayOf(state) === undefined ? "as it was written" : "shown with live values";
		return `version ${shown.number}, ${how}`;
	}
	const released = state.released.at(-1);
	const isReleasing = operation === "unlock" || operation === "force-unlock";
	return isReleasing && released !== undefined ? `lock ${released}` : null;
}

/** The event that a register's record is; the value stays where it is. */
export function eventOfRegister(record: RegisterRecord): AuditEvent {
	return {
		time: record.time,
		kind: "change",
		outcome: "success",
		operation: record.operation,
		unit: null,
		detail: record.detail ?? null,
		...attributed(record),
		source: `register:${record.register}`,
		generation: record.generation,
	};
}

/** The events of a chain's record, newest first. */
export function eventsOfChain(record: AuditRecord): AuditEvent[] {
	const place = { source: `chain:${record.instance}`, generation: record.generation };
	const events = record.entries.map((entry) => ({ ...eventOfEntry(entry), ...place }));
	if (record.dropped > 0) {
		events.push({
			time: record.time,
			kind: "dropped",
			outcome: "failed",
			operation: "audit.dropped",
			unit: null,
			detail: `${record.dropped} denials or logins came too fast to be written down`,
			principal: "system",
			credentialKind: "system",
			loginId: null,
			email: null,
			surface: "system",
			requestId: null,
			address: null,
			...place,
		});
	}
	return events.reverse();
}

function eventOfEntry(entry: AuditEntry): Omit<AuditEvent, "source" | "generation"> {
	return {
		time: entry.time,
		kind: entry.kind,
		outcome: entry.outcome,
		operation: entry.operation,
		unit: entry.unit,
		detail: entry.detail,
		principal: entry.principal,
		credentialKind: entry.credentialKind,
		loginId: entry.loginId,
		email: entry.email,
		surface: entry.surface,
		requestId: entry.requestId,
		address: entry.address,
	};
}

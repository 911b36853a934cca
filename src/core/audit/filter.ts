/** Which lines of the trail somebody asks for. */
import { DomainError } from "../errors.ts";
import { type AuditEvent, type AuditOutcome, auditOutcomes } from "./event.ts";

export interface AuditFilter {
	/** One unit. */
	readonly unit?: string | undefined;
	/** Units whose id starts with this. */
	readonly prefix?: string | undefined;
	/** A principal's id, or an e-mail address. */
	readonly principal?: string | undefined;
	/** `write`, `rbac.assign`, `unit.read` …; what stands before a dot finds all below it. */
	readonly operation?: string | undefined;
	readonly outcome?: AuditOutcome | undefined;
	/** ISO 8601; not before. */
	readonly since?: string | undefined;
	/** ISO 8601; before. */
	readonly until?: string | undefined;
}

/** The filter with its times in canonical form. Fails with `invalid_request`. */
export function checkFilter(filter: AuditFilter): AuditFilter {
	const { outcome } = filter;
	if (outcome !== undefined && !auditOutcomes.includes(outcome)) {
		throw new DomainError("invalid_request", "there is no such outcome", {
			hint: `the outcomes are ${auditOutcomes.join(", ")}`,
		});
	}
	return {
		...filter,
		principal: filter.principal?.includes("@") ? filter.principal.toLowerCase() : filter.principal,
		since: canonicalTime(filter.since),
		until: canonicalTime(filter.until),
	};
}

function canonicalTime(text: string | undefined): string | undefined {
	if (text === undefined) return undefined;
	const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(ms)) {
		throw new DomainError("invalid_request", "a time is not of the form 2026-01-31T12:00:00Z", {
			hint: "give times as ISO 8601, in UTC or with an offset",
		});
	}
	return new Date(ms).toISOString();
}

/** Whether the event is one that the filter asks for. The filter must have been checked. */
export function isWanted(event: AuditEvent, filter: AuditFilter): boolean {
	const { unit, prefix, principal, operation, outcome, since, until } = filter;
	if (unit !== undefined && event.unit !== unit) return false;
	if (prefix !== undefined && prefix !== "" && !event.unit?.startsWith(prefix)) return false;
	if (principal !== undefined && event.principal !== principal && event.email !== principal) {
		return false;
	}
	if (operation !== undefined && !isOperation(event.operation, operation)) return false;
	if (outcome !== undefined && event.outcome !== outcome) return false;
	return (
		(since === undefined || event.time >= since) && (until === undefined || event.time < until)
	);
}

function isOperation(operation: string, wanted: string): boolean {
	return operation === wanted || operation.startsWith(`${wanted}.`);
}

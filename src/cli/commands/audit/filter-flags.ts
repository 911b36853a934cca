/** Which events are wanted: shared by ls and export. */
import type { AuditFilter } from "../../../client/audit-client.ts";
import { usageError } from "../../errors.ts";

const text = (valueHint: string, description: string) =>
	({ type: "string", valueHint, description }) as const;

export const filterFlags = {
	unit: text("UNIT", "Only this unit"),
	prefix: text("START", "Only units that start with this"),
	principal: text("WHO", "Only this principal, by id or e-mail address"),
	operation: text("NAME", "Only this operation (write, rbac.assign) or denied action (unit.read)"),
	outcome: {
		type: "enum" as const,
		options: ["success", "denied", "failed"],
		description: "Only what ended so",
	},
	since: text("TIME", "Not before: a time in ISO 8601, or 30m, 24h, 7d ago"),
	until: text("TIME", "Before: written in the same way"),
};

const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws CliError `usage`. */
export function filterOf(
	flags: { readonly [K in keyof typeof filterFlags]?: string | undefined },
	nowMs: number,
): AuditFilter {
	return {
		unit: flags.unit,
		prefix: flags.prefix,
		principal: flags.principal,
		operation: flags.operation,
		outcome: flags.outcome,
		since: timeOf(flags.since, "--since", nowMs),
		until: timeOf(flags.until, "--until", nowMs),
	};
}

function timeOf(text: string | undefined, flag: string, nowMs: number): string | undefined {
	if (text === undefined) return undefined;
	const relative = /^(\d{1,6})([mhd])$/.exec(text);
	if (relative !== null) {
		const ago = Number(relative[1]) * (unitsMs[relative[2] ?? ""] ?? 0);
		return new Date(nowMs - ago).toISOString();
	}
	const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(ms)) {
		throw usageError(`${flag} must be a time`, "such as 2026-01-31T12:00:00Z, 2026-01-31 or 24h");
	}
	return new Date(ms).toISOString();
}

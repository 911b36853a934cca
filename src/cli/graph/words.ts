/** Statuses and their reasons in words and colours. */
import type { StatusReasonView, UnitStatus } from "../../api/graph.ts";
import { safeText } from "../../lib/safe-text.ts";
import type { Output } from "../output.ts";

export const statusWords: Readonly<Record<UnitStatus, string>> = {
	green: "up to date",
	yellow: "might need re-apply",
	red: "needs re-apply",
	unknown: "unknown",
};

const colors: Readonly<Record<UnitStatus, number>> = {
	green: 32,
	yellow: 33,
	red: 31,
	unknown: 35,
};

/** The text in the status' colour, where stdout wants colour. */
export function painted(output: Output, status: UnitStatus, text: string): string {
	return output.paint(colors[status], text);
}

/** A painter for a table's column of status words. */
export function paintWords(output: Output): (shown: string, cell: string) => string {
	const statuses = Object.keys(statusWords) as UnitStatus[];
	return (shown, cell) => {
		const status = statuses.find((one) => statusWords[one] === cell);
		return status === undefined ? shown : painted(output, status, shown);
	};
}

const sentences: Readonly<Record<string, (subject: string) => string>> = {
	output_changed: (subject) => `${subject} has changed`,
	not_applied: (subject) => `${subject} was never taken in`,
	upstream_missing: (subject) => `${subject}: there is no such unit`,
	upstream_has_no_state: (subject) => `${subject}: the unit has no state yet`,
	upstream_encrypted: (subject) => `${subject}: the state is encrypted`,
	upstream_not_adopted: (subject) => `${subject}: nobody has locked or written the unit yet`,
	upstream_unreadable: (subject) => `${subject}: the state cannot be read`,
	upstream_not_indexed: (subject) => `${subject}: not indexed yet, ask again`,
	output_missing: (subject) => `${subject}: the unit has no such output`,
	unit_missing: () => "there is no such unit",
	unit_unreadable: () => "the unit's own state cannot be read",
	unit_not_indexed: () => "not indexed yet, ask again",
	consumed_version_gone: (subject) => `${subject}: the version that was taken in is gone`,
	upstream_red: (subject) => `${subject} needs re-apply`,
	upstream_unknown: (subject) => `${subject} is not indexed yet, ask again`,
	hidden_upstream: () => "because of a unit that you may not see",
	cycle: () => "it depends on itself",
	readings_truncated: () => "its state reads more than is followed",
};

/**
 * A reason in one sentence, safe on a terminal: outputs have the names that states give them. A code
 * that a newer server has invented is shown as it is.
 */
export function reasonText({ code, unit_id, output, units }: StatusReasonView): string {
	const subject = output === undefined ? (unit_id ?? "") : `${unit_id ?? ""}#${output}`;
	const cycle = code === "cycle" && (units?.length ?? 0) > 0 ? `: ${units?.join(", ")}` : "";
	return safeText(`${sentences[code]?.(subject) ?? `${subject} ${code}`.trim()}${cycle}`);
}

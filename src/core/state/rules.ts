/** Whether a new state may follow the current one. Pure. Upholds I9. */
import { DomainError } from "../errors.ts";
import type { Version } from "../unit/record.ts";
import type { StateFacts } from "./tfstate.ts";

/** Why a state does not follow the current one, or null when it does. */
export function regression(
	current: Version | undefined,
	next: Pick<StateFacts, "serial" | "lineage">,
): string | null {
	if (current === undefined) return null;
	if (current.lineage !== null && next.lineage !== null && current.lineage !== next.lineage) {
		return "the state has another lineage than the current one: it belongs to other infrastructure";
	}
	if (current.serial === null || next.serial === null) return null;
	if (next.serial < current.serial) {
		return `the state's serial ${next.serial} is lower than the current ${current.serial}`;
	}
	if (next.serial === current.serial) {
		return `the state has the current serial ${current.serial} and other content`;
	}
	return null;
}

/** The refusal of a regression that nobody forced. */
export function stateConflict(reason: string): DomainError {
	return new DomainError("state_conflict", reason, {
		hint: "read the current state and apply again; to replace it on purpose, `taco unit push --force`",
	});
}

/** The refusal of a forced regression by somebody without the right to it (decision 16). */
export function forceForbidden(): DomainError {
	return new DomainError(
		"forbidden",
		"replacing a state with an older or unrelated one is not permitted",
		{
			hint: "contact your administrator to grant unit.force permission",
		},
	);
}

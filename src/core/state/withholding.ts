/**
 * Taking the content of earlier versions out of sight, bringing it back, and giving it up. The
 * versions stay in the history (I4); what is given up is removed by the pruner, after its grace (I11).
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import type { Caller } from "../principal.ts";
import type { Gate, Grant } from "../rbac/grant.ts";
import { unitNotFound } from "../unit/not-found.ts";
import { hasBody, type Operation, type UnitState, type Version } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import type { History } from "./history.ts";
import { versionNotFound } from "./version.ts";

export interface WithholdingDeps {
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly history: History;
}

/** What is to become of a version's content. */
export type ContentWish = "withhold" | "release" | "erase";

const operations: Readonly<Record<ContentWish, Operation>> = {
	withhold: "withhold",
	release: "release",
	erase: "erase",
};

/**
 * Does so, for who may delete the unit; giving up for good needs unit.manage as well. What is so
 * already is a success. Fails with `unit_not_found`, `version_not_found`, `forbidden`, `conflict` for
 * the current version or for content that is gone, `too_large`, or as UnitLog.act.
 */
export async function changeContent(
	{ log, gate, history }: WithholdingDeps,
	caller: Caller,
	id: UnitId,
	number: number,
	wish: ContentWish,
): Promise<void> {
	const grant: Grant = await gate.authorize(caller, "unit.delete", id);
	if (wish === "erase") await gate.authorize(caller, "unit.manage", id);
	const head = await orUnavailable(() => log.confirm(id));
	const seen = head.record?.state;
	if (seen === undefined || seen.deleted !== null) throw unitNotFound();
	const version = await orUnavailable(() => history.find(seen, number));
	if (version === undefined) throw versionNotFound();
	if (version.life < seen.life) await gate.authorize(caller, "unit.manage", id);
	await orUnavailable(() =>
		log.act<void>(grant, id, (state) => {
			if (state === null || state.deleted !== null) throw unitNotFound();
			const next = changed(state, version, wish);
			if (next === null) return { answer: undefined };
			return { operation: operations[wish], state: next, result: () => undefined };
		}),
	);
}

/** The state afterwards; null when it is so already. */
function changed(state: UnitState, version: Version, wish: ContentWish): UnitState | null {
	const { number } = version;
	const withheld = (state.withheld ?? []).filter((one) => one !== number);
	const isWithheld = state.withheld?.includes(number) === true;
	if (number === state.current) {
		throw new DomainError("conflict", "the current version stays as it is", {
			hint: "restore or write another one first",
		});
	}
	if (!hasBody(state, version)) {
		if (wish === "erase") return null;
		throw new DomainError("conflict", "the version's content is gone for good");
	}
	if (wish === "release") return isWithheld ? { ...state, withheld } : null;
	if (wish === "erase") {
		const erased = inRange(state, [...(state.erased ?? []), number]);
		return { ...state, withheld, erased };
	}
	return isWithheld ? null : { ...state, withheld: inRange(state, [...withheld, number]) };
}

/** Those that retention has not given up by itself. Fails with `too_large`. */
function inRange({ bodiesFrom }: UnitState, numbers: readonly number[]): readonly number[] {
	const kept = numbers.filter((one) => one >= bodiesFrom).sort((a, b) => a - b);
	if (kept.length <= limits.versionsWithheldMax) return kept;
	throw new DomainError(
		"too_large",
		`the content of ${limits.versionsWithheldMax} versions at most is withheld or given up one by one`,
		{ hint: "OPENTACO_MAX_VERSIONS keeps fewer versions of everything" },
	);
}

/** Fails with `version_not_found` when the version's content is not to be had. */
export function checkReadable(state: UnitState, version: Version): void {
	if (!hasBody(state, version)) {
		throw new DomainError("version_not_found", "the version's content was removed by retention", {
			hint: "OPENTACO_MAX_VERSIONS says how many versions are kept",
		});
	}
	if (state.withheld?.includes(version.number) !== true) return;
	throw new DomainError("version_not_found", "the version's content is withheld", {
		hint: "who may delete the unit may bring it back",
	});
}

/** What people acknowledged by hand, what they were told, and what the log says of it. */
import type { UnitRecord } from "../../../src/core/unit/record.ts";
import type { Machine } from "../clock.ts";
import type { Chain, Entry } from "./chain.ts";

/** One request to acknowledge by hand. */
export interface Acknowledging {
	readonly unit: string;
	/** Also the request id in the records. */
	readonly requestId: string;
	/** How much of the bucket's history there was when a server took it up; null: none did. */
	from: number | null;
	/** How much there was when it was answered; null: it was not. */
	until: number | null;
	/** The server that took it up. */
	machine: Pick<Machine, "isDead"> | null;
	/** `ok`, or the code of the failure. */
	outcome: string;
}

/**
 * One record for each acknowledgement, and none for one that was refused. What was acknowledged is
 * what the units upstream had when the request came, or newer. `aboveOf`: those that the system unit
 * declares, from its first state on, and of which the unit's own state never holds a copy.
 */
export function checkByHand(
	chains: ReadonlyMap<string, Chain>,
	requests: readonly Acknowledging[],
	aboveOf: (unit: string) => readonly string[],
	systemUnit: string,
): string[] {
	const found: string[] = [];
	const declaring = chains.get(systemUnit)?.entries ?? [];
	for (const request of requests) {
		const { unit, requestId, outcome, from } = request;
		const entries = chains.get(unit)?.entries ?? [];
		const say = (what: string) => found.push(`${unit} ${requestId}: ${what}`);
		const own = entries.filter((entry) => entry.record.requestId === requestId);
		if (own.length > 1) say(`${own.length} records`);
		if (own.some(({ record }) => record.operation !== "acknowledge")) say("another operation");
		if (request.until === null && request.machine?.isDead === false) say("was never answered");
		if (request.until === null || from === null || outcome === "outcome_unknown") continue;
		const heads = headsBetween(entries, from, request.until);
		if (outcome !== "ok") {
			if (own.length > 0) say(`was refused with ${outcome} and took effect`);
			if (!heads.some((head) => isTrueRefusal(outcome, head))) say(`a refusal with ${outcome}`);
			continue;
		}
		if (headAt(declaring, from)?.record.state.current == null) continue;
		for (const upstream of aboveOf(unit)) {
			const had = headAt(chains.get(upstream)?.entries ?? [], from)?.record.state;
			if (had === undefined) continue;
			const wanted = had.current ?? 0;
			const isCovered = heads.some((head) => (numberOf(head, upstream) ?? -1) >= wanted);
			if (!isCovered) say(`acknowledged less than ${upstream} ${wanted}`);
		}
	}
	return found;
}

/** What a record says that acknowledges by hand: never under a lock, and nothing is taken back. */
export function checkHandRecord(before: UnitRecord | null, record: UnitRecord): string[] {
	const found: string[] = [];
	const was = before?.state;
	const { acknowledged, ...rest } = record.state;
	if (was === undefined || was.deleted !== null || was.current === null) {
		return ["acknowledges without a state"];
	}
	if (was.lock !== null) found.push("acknowledges by hand under a lock");
	if (acknowledged?.isByHand !== true) found.push("does not say that it is by hand");
	const { acknowledged: earlier, ...kept } = was;
	if (JSON.stringify(rest) !== JSON.stringify(kept)) found.push("changes more than it says");
	const now = new Map(acknowledged?.upstream ?? []);
	for (const [unit, number] of now) {
		const then = new Map(earlier?.upstream ?? []).get(unit);
		if (then !== undefined && number < then) found.push(`takes back ${unit} ${then}`);
	}
	return found;
}

function headAt(entries: readonly Entry[], index: number): Entry | undefined {
	return entries.findLast((entry) => entry.index < index);
}

/** Every head of this part of the history; undefined where there was no log yet. */
function headsBetween(
	entries: readonly Entry[],
	from: number,
	until: number,
): (Entry | undefined)[] {
	const later = entries.filter(({ index }) => index >= from && index < until);
	return [headAt(entries, from), ...later];
}

function numberOf(head: Entry | undefined, upstream: string): number | undefined {
	const acknowledged = head?.record.state.acknowledged?.upstream ?? [];
	return acknowledged.find(([unit]) => unit === upstream)?.[1];
}

function isTrueRefusal(code: string, head: Entry | undefined): boolean {
	const state = head?.record.state;
	switch (code) {
		case "locked":
			return state !== undefined && state.lock !== null;
		case "no_state":
			return state !== undefined && state.current === null;
		case "unit_not_found":
			return state === undefined;
		default:
			return code === "storage_unavailable" || code === "contention";
	}
}

/** What locks remember of upstream units, and what writes acknowledge. */
import type { UnitRecord, UpstreamVersion } from "../../../src/core/unit/record.ts";
import { checkHandRecord } from "./by-hand.ts";
import type { Chain } from "./chain.ts";

const surgery: ReadonlySet<unknown> = new Set(["state-rm", "taint"]);

/**
 * What a lock remembers was current when it was taken, or before. What a write acknowledges is what
 * its lock remembers, and nothing else ever changes it but a restore, which forgets it, and somebody
 * who says so by hand.
 */
export function checkAcknowledgements(chains: ReadonlyMap<string, Chain>): string[] {
	const found: string[] = [];
	for (const { unit, entries } of chains.values()) {
		let before: UnitRecord | null = null;
		for (const { record, index } of entries) {
			const say = (what: string) => found.push(`${unit} ${record.generation}: ${what}`);
			const { operation, state } = record;
			const sayWhatCameAfter = (upstream: readonly UpstreamVersion[]) => {
				for (const [from, number] of upstream) {
					const at = (chains.get(from)?.entries ?? []).filter((entry) => entry.index < index);
					const current = at.at(-1)?.record.state.current ?? 0;
					if (number > current) say(`takes in ${from} ${number}, which came after it`);
				}
			};
			if (operation === "lock") {
				sayWhatCameAfter(state.lock?.upstream ?? []);
			}
			if (operation === "acknowledge") {
				sayWhatCameAfter(state.acknowledged?.upstream ?? []);
				for (const problem of checkHandRecord(before, record)) say(problem);
				before = record;
				continue;
			}
			const was: UnitRecord["state"] | undefined = before?.state;
			const [own, earlier] = [state.acknowledged ?? null, was?.acknowledged ?? null];
			const lock = was?.lock ?? null;
			const isRun = operation === "write" && lock !== null && !surgery.has(lock.info.Operation);
			const wanted =
				operation === "restore"
					? null
					: isRun && lock.upstream !== undefined
						? lock.upstream
						: (earlier?.upstream ?? null);
			const text = (value: unknown) => JSON.stringify(value ?? null);
			if (text(own?.upstream) !== text(wanted)) {
				say(`${operation} acknowledges ${text(own?.upstream)} instead of ${text(wanted)}`);
			}
			before = record;
		}
	}
	return found;
}

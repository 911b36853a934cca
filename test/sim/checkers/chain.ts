/** The logs as they really were, rebuilt from the bucket's history. I3. */
import type { UnitRecord } from "../../../src/core/unit/record.ts";
import type { Change } from "../bucket.ts";
import type { Attempt, Violation } from "../history.ts";

export interface Entry {
	readonly at: number;
	/** Place in the bucket's history. */
	readonly index: number;
	readonly generation: number;
	readonly hash: string;
	readonly record: UnitRecord;
}

/** One unit's log. */
export interface Chain {
	readonly unit: string;
	/** Generation 1 first. */
	readonly entries: readonly Entry[];
	/** Records that came to a generation that had been taken and pruned: nobody may count them. */
	readonly ghosts: readonly Entry[];
}

export const logRoot = "__opentaco/log/";
export const bodyRoot = "__opentaco/body/";

const generationMax = 9_999_999_999;
const decoder = new TextDecoder();

export function generationOf(key: string): number {
	return generationMax - Number(key.slice(-10));
}

/** The unit's chain in the history. */
export function chainOf(unit: string, history: readonly Change[]): Chain {
	const entries: Entry[] = [];
	const ghosts: Entry[] = [];
	/** Hash of the first record of each generation. */
	const taken = new Map<number, string>();
	for (const [index, change] of history.entries()) {
		if (!change.key.startsWith(logRoot) || change.bytes === null) continue;
		const record = JSON.parse(decoder.decode(change.bytes)) as UnitRecord;
		if (record.unit !== unit) continue;
		const entry: Entry = {
			at: change.at,
			index,
			generation: generationOf(change.key),
			hash: new Bun.CryptoHasher("sha256").update(change.bytes).digest("hex"),
			record,
		};
		const first = taken.get(entry.generation);
		if (first === undefined) {
			taken.set(entry.generation, entry.hash);
			entries.push(entry);
			// The same bytes once more, after they were pruned, are a repetition and no ghost.
		} else if (first !== entry.hash) ghosts.push(entry);
	}
	return { unit, entries, ghosts };
}

/** Generations follow one another, each record names the one before it, none is ever replaced. */
export function checkChain(chain: Chain, history: readonly Change[]): Violation[] {
	const found: Violation[] = [];
	const say = (what: string) => found.push({ invariant: "I3", what: `${chain.unit}: ${what}` });
	let before: Entry | undefined;
	for (const entry of chain.entries) {
		const expected = (before?.generation ?? 0) + 1;
		if (entry.generation !== expected) say(`generation ${entry.generation} after ${expected - 1}`);
		if (entry.record.generation !== entry.generation) say(`${entry.generation} names another`);
		if (entry.record.previous !== (before?.hash ?? null)) {
			say(`generation ${entry.generation} does not continue the one before it`);
		}
		before = entry;
	}
	for (const change of history) {
		if (change.key.startsWith(logRoot) && change.kind === "put") say(`${change.key} was replaced`);
	}
	return found;
}

/**
 * The entries that were the head at some moment of the attempt, null for "no log yet". An attempt
 * without an answer counts to the end.
 */
export function headsDuring(chain: Chain, attempt: Attempt): (Entry | null)[] {
	const heads: (Entry | null)[] = [];
	let first: Entry | null = null;
	const end = attempt.end ?? Number.POSITIVE_INFINITY;
	for (const entry of chain.entries) {
		if (entry.at < attempt.start) first = entry;
		else if (entry.at <= end) heads.push(entry);
	}
	return [first, ...heads];
}

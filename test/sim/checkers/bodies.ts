/** Bodies are there, whole, as long as a head refers to them, and nothing young is removed: I8 and I11. */

import { limits } from "../../../src/core/limits.ts";
import { hasBody, overlayOf, type UnitState, type Version } from "../../../src/core/unit/record.ts";
import type { Change } from "../bucket.ts";
import type { Violation } from "../history.ts";
import { times } from "../swarm.ts";
import { bodyRoot, type Chain, generationOf, logRoot } from "./chain.ts";

export function checkBodies(chains: readonly Chain[], history: readonly Change[]): Violation[] {
	const found: Violation[] = [];
	const say = (invariant: string, what: string) => found.push({ invariant, what });
	const entries = new Map(
		chains.flatMap((chain) => chain.entries.map((entry) => [entry.index, { chain, entry }])),
	);
	const heads = new Map<string, { state: UnitState; generation: number }>();
	/** When each record's key was first taken: what comes there after it was pruned does not count. */
	const made = new Map<string, number>();
	const bodies = new Map<string, { bytes: Uint8Array; by: string; at: number }>();
	for (const [index, change] of history.entries()) {
		const { key, bytes } = change;
		if (key.startsWith(bodyRoot)) {
			if (bytes !== null) {
				const there = bodies.get(key);
				if (there !== undefined && !Buffer.from(there.bytes).equals(bytes)) {
					say("I8", `the body ${key} was replaced`);
				}
				// A repeated PUT of the same body does not make it younger.
				bodies.set(key, { bytes, by: change.by, at: there?.at ?? change.at });
			} else {
				const { by: maker, at: madeAt } = bodies.get(key) ?? { by: change.by, at: 0 };
				bodies.delete(key);
				for (const [unit, { state }] of heads) {
					if (shownIn(state).some((version) => version.body === key)) {
						say("I8", `${unit}: the body ${key} was removed while the head referred to it`);
					}
				}
				if (maker !== change.by && change.at - madeAt <= times.pruneGraceMs) {
					say("I11", `${change.by} removed the young body ${key} of ${maker}`);
				}
			}
		}
		const here = entries.get(index);
		if (here !== undefined) {
			const { state } = here.entry.record;
			heads.set(here.chain.unit, { state, generation: here.entry.generation });
			made.set(key, change.at);
			for (const version of shownIn(state)) {
				const body = bodies.get(version.body);
				const place = `${here.chain.unit} ${here.entry.generation}: version ${version.number}`;
				if (body === undefined) say("I8", `${place} refers to a body that is not there`);
				else if (sha256(body.bytes) !== version.sha256) say("I8", `${place} has other bytes`);
			}
		}
		if (key.startsWith(logRoot) && change.kind === "delete") {
			for (const problem of recordRemoval(change, heads, made.get(key) ?? 0)) say("I11", problem);
		}
	}
	return found;
}

/** The versions whose bodies the state refers to, with the overlay. */
function shownIn(state: UnitState): Version[] {
	const overlay = overlayOf(state);
	const kept = state.versions.filter((version) => hasBody(state, version));
	return overlay === undefined ? kept : [...kept, overlay];
}

function recordRemoval(
	change: Change,
	heads: ReadonlyMap<string, { generation: number }>,
	madeAt: number,
): string[] {
	const generation = generationOf(change.key);
	const unit = decodeURIComponent(change.key.slice(logRoot.length, -11)).replaceAll("__", "/");
	const head = heads.get(unit)?.generation ?? 0;
	const problems: string[] = [];
	if (generation === 1) problems.push(`${unit}: generation 1 was removed`);
	if (generation > head - limits.recordsKeptMin) problems.push(`${unit}: ${generation} of ${head}`);
	if (change.at - madeAt <= times.pruneGraceMs) problems.push(`${unit}: ${generation} was young`);
	return problems;
}

const hashes = new WeakMap<Uint8Array, string>();

function sha256(bytes: Uint8Array): string {
	const known = hashes.get(bytes);
	if (known !== undefined) return known;
	const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
	hashes.set(bytes, hash);
	return hash;
}

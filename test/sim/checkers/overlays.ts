/** Overlays: what is shown is the current version with live values, and nothing else changes. I16. */
import { currentVersion, overlayOf, writtenVersion } from "../../../src/core/unit/record.ts";
import type { Bucket, Change } from "../bucket.ts";
import { parseState } from "../client.ts";
import type { Violation } from "../history.ts";
import { bodyRoot, type Chain, type Entry } from "./chain.ts";

export function checkOverlays(chain: Chain, history: readonly Change[]): Violation[] {
	const found: Violation[] = [];
	const say = (entry: Entry, what: string) =>
		found.push({ invariant: "I16", what: `${chain.unit}: ${entry.generation} ${what}` });
	const bodies = new Map<string, Uint8Array>();
	for (const { key, bytes } of history) {
		if (key.startsWith(bodyRoot) && bytes !== null) bodies.set(key, bytes);
	}
	for (const [index, entry] of chain.entries.entries()) {
		const before = chain.entries[index - 1]?.record.state;
		const { state, operation } = entry.record;
		const shown = before?.overlay ?? null;
		const shows = state.overlay ?? null;
		if (operation !== "graph") {
			if (shows !== null && shows.body !== shown?.body)
				say(entry, `${operation} brings an overlay`);
			if (shows !== null && state.current !== before?.current) say(entry, "outlives its version");
			continue;
		}
		if (before === undefined || before.lock !== null || before.deleted !== null) {
			say(entry, "shows live values while the unit is locked, deleted or not there");
			continue;
		}
		if (shows?.sha256 === shown?.sha256) say(entry, "shows what was shown already");
		const kept = ({ overlay: _o, presented: _p, ...rest }: typeof state) => JSON.stringify(rest);
		if (kept(state) !== kept(before)) say(entry, "changes more than what is shown");
		if (shows === null) continue;
		const written = writtenVersion(state);
		const isOfCurrent =
			overlayOf(state) !== undefined &&
			shows.serial === written?.serial &&
			shows.lineage === written?.lineage;
		if (!isOfCurrent) say(entry, "shows another version than the current one");
		const [one, other] = [bodies.get(shows.body), bodies.get(written?.body ?? "")];
		if (one === undefined || other === undefined) continue;
		if (withoutDigest(one) !== withoutDigest(other)) say(entry, "shows other bytes than values");
	}
	return found;
}

function withoutDigest(bytes: Uint8Array): string {
	return Buffer.from(bytes)
		.toString()
		.replace(/"in_digest": (?:null|"[^"]*") ,"status":"[a-z]+"/, "");
}

/** After a quiet while the system unit shows what the upstream unit has, unless it is locked. */
export function checkShown(system: Chain, upstream: Chain, bucket: Bucket): Violation[] {
	const state = system.entries.at(-1)?.record.state;
	if (state === undefined || state.lock !== null || state.deleted !== null || state.adopting) {
		return [];
	}
	const body = bucket.get(currentVersion(state)?.body ?? "");
	const digest = body === undefined ? undefined : parseState(body.bytes).digest;
	if (digest === undefined) return [];
	const source = upstream.entries.at(-1)?.record.state;
	const current = source?.deleted === null ? currentVersion(source) : undefined;
	if (digest === (current?.sha256 ?? null)) return [];
	const what = `${system.unit} stays with ${digest}, ${upstream.unit} has ${current?.sha256}`;
	return [{ invariant: "I16", what }];
}

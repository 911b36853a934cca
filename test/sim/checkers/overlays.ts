/** Overlays: what is shown is the current version with live values, and nothing else changes. I16. */
import type { DeclaredEdge } from "../../../src/core/graph/live.ts";
import { currentVersion, overlayOf, writtenVersion } from "../../../src/core/unit/record.ts";
import type { Change } from "../bucket.ts";
import { parseState } from "../client.ts";
import type { Violation } from "../history.ts";
import type { BucketView } from "../scopes.ts";
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
		if (withoutValues(one) !== withoutValues(other)) say(entry, "shows other bytes than values");
	}
	return found;
}

function withoutValues(bytes: Uint8Array): string {
	const text = Buffer.from(bytes).toString();
	return text.replace(/"(in_digest|out_digest|status)": (?:null|"[^"]*") /g, "$1");
}

/** After a quiet while the system unit shows what the graph says of its edges, unless it is locked. */
export function checkShown(
	system: Chain,
	bucket: BucketView,
	edges: readonly DeclaredEdge[],
): Violation[] {
	const state = system.entries.at(-1)?.record.state;
	if (state === undefined || state.lock !== null || state.deleted !== null || state.adopting) {
		return [];
	}
	const body = bucket.get(currentVersion(state)?.body ?? "");
	const shown = body === undefined ? undefined : parseState(body.bytes).edge;
	const [live] = edges;
	if (shown === undefined || live === undefined) return [];
	const { in_digest, out_digest, status } = shown;
	const [there, wanted] = [
		JSON.stringify([in_digest, out_digest, status]),
		JSON.stringify([live.inDigest, live.outDigest, live.status]),
	];
	// Who has just come does not know what was consumed of a version that is gone.
	const isMore = !live.isOutKnown && out_digest !== null && in_digest === live.inDigest;
	if (there === wanted || isMore) return [];
	const what = `${system.unit} stays with ${there}, the graph says ${wanted}`;
	return [{ invariant: "I16", what }];
}

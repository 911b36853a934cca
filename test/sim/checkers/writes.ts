/** Acknowledged, refused and repeated acts against the log: I4, I5, I6, I9 and I13. */
import { currentVersion } from "../../../src/core/unit/record.ts";
import type { Attempt, Violation } from "../history.ts";
import type { Chain, Entry } from "./chain.ts";

const kindOfOperation: Readonly<Record<string, string>> = {
	lock: "lock",
	unlock: "unlock",
	"force-unlock": "force-unlock",
	write: "write",
	restore: "restore",
	delete: "delete",
	undelete: "undelete",
	create: "create",
	update: "update",
};

export function checkWrites(chain: Chain, attempts: ReadonlyMap<string, Attempt>): Violation[] {
	return [
		...checkReplies(chain, attempts),
		...checkRepetitions(chain, attempts),
		...checkSuccession(chain),
	];
}

function checkReplies(chain: Chain, attempts: ReadonlyMap<string, Attempt>): Violation[] {
	const found: Violation[] = [];
	const say = (invariant: string, what: string) =>
		found.push({ invariant, what: `${chain.unit}: ${what}` });
	const byRequest = new Map<string, Entry[]>();
	for (const entry of chain.entries) {
		const list = byRequest.get(entry.record.requestId) ?? [];
		list.push(entry);
		byRequest.set(entry.record.requestId, list);
		const attempt = attempts.get(entry.record.requestId);
		if (attempt !== undefined && kindOfOperation[entry.record.operation] !== attempt.kind) {
			say("I13", `${entry.generation} says ${entry.record.operation} of a ${attempt.kind}`);
		}
	}
	const ghostly = new Set(chain.ghosts.map((ghost) => ghost.record.requestId));
	for (const attempt of attempts.values()) {
		if (attempt.unit !== chain.unit) continue;
		const entries = byRequest.get(attempt.id) ?? [];
		const name = `${attempt.kind} ${attempt.id} (op ${attempt.op})`;
		if (entries.length > 1) say("I6", `${name} has ${entries.length} records`);
		if (attempt.outcome === "failed" && (entries.length > 0 || ghostly.has(attempt.id))) {
			say("I5", `${name} was refused with ${attempt.code} and took effect`);
		}
		if (attempt.outcome !== "ok" || attempt.result === null) continue;
		const { generation, isUnchanged } = attempt.result;
		const isWriting = attempt.kind === "write" || attempt.kind === "restore";
		if (isWriting && !isUnchanged && generation !== null) {
			const entry = chain.entries[generation - 1];
			const version = entry === undefined ? undefined : currentVersion(entry.record.state);
			if (entry?.record.requestId !== attempt.id) {
				say("I4", `${name} was acknowledged at ${generation}, which is somebody else's`);
			} else if (version?.sha256 !== attempt.result.sha256) {
				say("I4", `${name} was acknowledged with other bytes than its record names`);
			}
		}
		if (ghostly.has(attempt.id)) say("I4", `${name} was acknowledged and is not in the log`);
	}
	return found;
}

/**
 * The same request any number of times has one effect. Where somebody has put an older state in
 * place on purpose in between, a late copy of an unlocked write follows it as any other would.
 */
function checkRepetitions(chain: Chain, attempts: ReadonlyMap<string, Attempt>): Violation[] {
	const found: Violation[] = [];
	const seen = new Set<string>();
	let regressions = 0;
	for (const { record } of chain.entries) {
		const cause = currentVersion(record.state)?.cause;
		if (cause === "forced" || cause === "restore") regressions++;
		const attempt = attempts.get(record.requestId);
		if (attempt === undefined || !["unlock", "write"].includes(attempt.kind)) continue;
		const key = `${attempt.op} in life ${record.state.life}, after ${attempt.kind === "write" ? regressions : 0} regressions`;
		if (seen.has(key)) {
			found.push({
				invariant: "I6",
				what: `${chain.unit}: ${attempt.kind} of op ${key} took effect twice`,
			});
		}
		seen.add(key);
	}
	return found;
}

/** What may follow what: serials, lineages, numbers, and who may change the current version. */
function checkSuccession(chain: Chain): Violation[] {
	const found: Violation[] = [];
	const say = (invariant: string, what: string) =>
		found.push({ invariant, what: `${chain.unit}: ${what}` });
	for (const [index, { record, generation }] of chain.entries.entries()) {
		const before = chain.entries[index - 1]?.record.state;
		if (before === undefined) continue;
		const { state, operation } = record;
		if (state.versionCount < before.versionCount) say("I4", `${generation}: versions went away`);
		if (state.bodiesFrom < before.bodiesFrom) say("I4", `${generation}: retention went back`);
		const from = currentVersion(before);
		const to = currentVersion(state);
		if (state.current === before.current || from === undefined) continue;
		if (to === undefined || state.life !== before.life) {
			const isNewLife = before.deleted !== null && ["create", "lock"].includes(operation);
			const isRewritten = before.deleted !== null && operation === "write";
			if (!isNewLife && !isRewritten) say("I4", `${generation}: ${operation} took the state away`);
			continue;
		}
		if (!["write", "restore", "foreign", "adopted"].includes(operation)) {
			say("I4", `${generation}: ${operation} changed the state`);
		}
		if (to.cause === "forced" || to.cause === "restore") continue;
		if (from.lineage !== to.lineage) say("I9", `${generation}: another lineage, unforced`);
		if ((to.serial ?? 0) <= (from.serial ?? 0)) {
			say("I9", `${generation}: serial ${to.serial} after ${from.serial}, unforced`);
		}
	}
	return found;
}

/** The plain objects: right in the end, never ahead of the log, and nobody's bytes are lost in them. */
import { currentVersion } from "../../../src/core/unit/record.ts";
import type { Change } from "../bucket.ts";
import type { Violation } from "../history.ts";
import type { BucketView } from "../scopes.ts";
import type { Chain } from "./chain.ts";

function sha256(bytes: Uint8Array): string {
	return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/** After a quiet while and a sweep, the plain objects say what the head says. */
export function checkConvergence(chain: Chain, bucket: BucketView): Violation[] {
	const found: Violation[] = [];
	const last = chain.entries.at(-1)?.record.state;
	// An adoption that a crash has cut short waits for the first client who comes.
	if (last === undefined || last.adopting) return found;
	const say = (what: string) =>
		found.push({ invariant: "projection", what: `${chain.unit}: ${what}` });
	const stateKey = `${chain.unit}/terraform.tfstate`;
	const wanted = last.deleted === null ? currentVersion(last)?.sha256 : undefined;
	const plain = bucket.get(stateKey);
	const there = plain === undefined ? undefined : sha256(plain.bytes);
	if (wanted !== there) say(`the plain state stays ${there}, the head says ${wanted}`);
	const wantedLock = last.deleted === null ? last.lock?.info.ID : undefined;
	const lock = bucket.get(`${stateKey}.lock`);
	const fields =
		lock === undefined
			? undefined
			: (JSON.parse(new TextDecoder().decode(lock.bytes)) as { id?: string; ID?: string });
	const lockId = fields?.id ?? fields?.ID;
	if (wantedLock !== lockId) say(`the plain lock stays ${lockId}, the head says ${wantedLock}`);
	return found;
}

/** `hasForeign`: somebody else writes the plain objects in this run. */
export function checkProjections(
	chain: Chain,
	bucket: BucketView,
	hasForeign: boolean,
): Violation[] {
	const found: Violation[] = [];
	const stateKey = `${chain.unit}/terraform.tfstate`;
	for (const { record, generation } of chain.entries) {
		if (record.operation === "foreign" && !hasForeign) {
			found.push({
				invariant: "projection",
				what: `${chain.unit}: ${generation} takes our own bytes for somebody else's`,
			});
		}
	}
	found.push(
		...checkOrder(chain, bucket.history, stateKey),
		...checkForeign(chain, bucket, stateKey),
	);
	return found;
}

/** Nobody's bytes are written over by a server that has seen them, unless they became a version. */
function checkForeign(chain: Chain, bucket: BucketView, stateKey: string): Violation[] {
	const found: Violation[] = [];
	const kept = new Map<string, number>();
	for (const entry of chain.entries) {
		for (const version of entry.record.state.versions) {
			if (!kept.has(version.sha256)) kept.set(version.sha256, entry.index);
		}
	}
	let foreign: { readonly hash: string; readonly index: number } | null = null;
	for (const [index, change] of bucket.history.entries()) {
		if (change.key !== stateKey) continue;
		if (change.by === "foreign") {
			foreign = change.bytes === null ? null : { hash: sha256(change.bytes), index };
			continue;
		}
		const lost = foreign;
		foreign = null;
		if (lost === null || (kept.get(lost.hash) ?? Number.POSITIVE_INFINITY) < index) continue;
		const look = bucket.looks.findLast(
			(one) => one.by === change.by && one.key === stateKey && one.index <= change.sentAt,
		);
		if (look === undefined || look.index <= lost.index) continue;
		found.push({
			invariant: "projection",
			what: `${chain.unit}: ${change.by} saw what somebody else wrote at ${bucket.history[lost.index]?.at} and wrote over it at ${change.at}`,
		});
	}
	return found;
}

/** Servers write plain bytes only after the record of the version, and only known versions. */
function checkOrder(chain: Chain, history: readonly Change[], stateKey: string): Violation[] {
	const found: Violation[] = [];
	for (const [index, change] of history.entries()) {
		if (change.key !== stateKey || change.bytes === null || change.by === "foreign") continue;
		const hash = sha256(change.bytes);
		const isKnown = chain.entries.some(
			(entry) =>
				entry.index < index &&
				(entry.record.state.overlay?.sha256 === hash ||
					entry.record.state.versions.some((v) => v.sha256 === hash)),
		);
		if (!isKnown) {
			found.push({
				invariant: "projection",
				what: `${chain.unit}: bytes without a record were projected at ${change.at}`,
			});
		}
	}
	return found;
}

/** The plain objects: right in the end, never ahead of the log, and nobody's bytes are lost in them. */
import { currentVersion } from "../../../src/core/unit/record.ts";
import type { Bucket, Change } from "../bucket.ts";
import type { Violation } from "../history.ts";
import type { Chain } from "./chain.ts";

export interface ProjectionContext {
	readonly bucket: Bucket;
	readonly history: readonly Change[];
	/** Somebody else writes the plain objects in this run. */
	readonly hasForeign: boolean;
}

function sha256(bytes: Uint8Array): string {
	return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

export function checkProjections(chain: Chain, context: ProjectionContext): Violation[] {
	const found: Violation[] = [];
	const { bucket, history } = context;
	const say = (what: string) =>
		found.push({ invariant: "projection", what: `${chain.unit}: ${what}` });
	const stateKey = `${chain.unit}/terraform.tfstate`;
	const last = chain.entries.at(-1)?.record.state;
	if (last !== undefined) {
		const wanted = last.deleted === null ? currentVersion(last)?.sha256 : undefined;
		const plain = bucket.get(stateKey);
		const there = plain === undefined ? undefined : sha256(plain.bytes);
		if (wanted !== there) say(`the plain state is ${there}, the head says ${wanted}`);
		const wantedLock = last.deleted === null ? last.lock?.info.ID : undefined;
		const lock = bucket.get(`${stateKey}.lock`);
		const lockId =
			lock === undefined
				? undefined
				: (JSON.parse(new TextDecoder().decode(lock.bytes)) as { id?: string }).id;
		if (wantedLock !== lockId) say(`the plain lock is ${lockId}, the head says ${wantedLock}`);
	}
	for (const { record, generation } of chain.entries) {
		if (record.operation === "foreign" && !context.hasForeign) {
			say(`${generation} takes our own bytes for somebody else's`);
		}
	}
	found.push(...checkOrder(chain, history, stateKey));
	return found;
}

/** Servers write plain bytes only after the record of the version, and only known versions. */
function checkOrder(chain: Chain, history: readonly Change[], stateKey: string): Violation[] {
	const found: Violation[] = [];
	for (const [index, change] of history.entries()) {
		if (change.key !== stateKey || change.bytes === null || change.by === "foreign") continue;
		const hash = sha256(change.bytes);
		const isKnown = chain.entries.some(
			(entry) => entry.index < index && entry.record.state.versions.some((v) => v.sha256 === hash),
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

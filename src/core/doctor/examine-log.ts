/** Holds a unit's whole log against the invariants: the chain (I3), locks (I1, I2), serials (I9). */
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { recordHash } from "../log/head-finder.ts";
import { generationOfKey, recordKey } from "../log/record-key.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import { logName } from "../unit/keys.ts";
import {
	currentVersion,
	decodeUnitRecord,
	type Operation,
	type UnitRecord,
	writtenVersion,
} from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { type Finding, finding } from "./finding.ts";

export interface ExaminedLog {
	readonly head: UnitRecord | null;
	readonly records: number;
	readonly findings: readonly Finding[];
}

/** Reads and checks every record up to the newest. Fails with StoreError. */
export async function examineLog(store: BlobStore, id: UnitId): Promise<ExaminedLog> {
	const findings: Finding[] = [];
	const generations = await listGenerations(store, id, findings);
	let previous: { record: UnitRecord; hash: string } | null = null;
	let records = 0;
	for (const generation of generations) {
		const blob = await store.get(recordKey(logName(id), generation));
		if (!blob.found) {
			// Pruned since the listing.
			previous = null;
			continue;
		}
		records++;
		let record: UnitRecord;
		try {
			record = decodeUnitRecord(blob.bytes, id);
		} catch (error) {
			if (!isDomainError(error)) throw error;
			const code = error.code === "schema_too_new" ? "schema-too-new" : "damaged";
			findings.push(finding(code, id, `record ${generation}: ${error.message}`));
			previous = null;
			continue;
		}
		findings.push(...checkStep(id, previous, record, generation));
		previous = { record, hash: recordHash(blob.bytes) };
	}
	return { head: previous?.record ?? null, records, findings };
}

async function listGenerations(
	store: BlobStore,
	id: UnitId,
	findings: Finding[],
): Promise<number[]> {
	const generations: number[] = [];
	let after: string | undefined;
	do {
		const page = await store.list({
			prefix: `${logName(id)}/`,
			limit: limits.listPageMax,
			...(after === undefined ? {} : { after }),
		});
		for (const blob of page.blobs) {
			try {
				generations.push(generationOfKey(blob.key));
			} catch (error) {
				if (!isDomainError(error)) throw error;
				findings.push(finding("stray", blob.key, "an object that is no record lies in a log"));
			}
		}
		after = page.next;
	} while (after !== undefined);
	generations.sort((a, b) => a - b);
	// Old records may have been pruned, the first one and the newest ones never.
	for (const [index, generation] of generations.entries()) {
		const before = generations[index - 1];
		if (before === undefined || generation === before + 1) continue;
		const code = before === 1 ? "pruned" : "missing";
		findings.push(finding(code, id, `records ${before + 1} to ${generation - 1} are not there`));
	}
	if (generations.length > 0 && generations[0] !== 1) {
		findings.push(finding("missing", id, "record 1 is missing"));
	}
	return generations;
}

const writing: ReadonlySet<Operation> = new Set(["write", "restore"]);

function checkStep(
	id: UnitId,
	before: { record: UnitRecord; hash: string } | null,
	record: UnitRecord,
	generation: number,
): Finding[] {
	const found: Finding[] = [];
	if (record.generation !== generation) {
		found.push(finding("broken-chain", id, `record ${generation} says that it is another one`));
	}
	if (generation === 1 && record.previous !== null) {
		found.push(finding("broken-chain", id, "record 1 claims a predecessor"));
	}
	if (before === null || before.record.generation + 1 !== generation) return found;
	if (record.previous !== before.hash) {
		found.push(
			finding(
				"broken-chain",
				id,
				`record ${generation} does not continue record ${generation - 1}`,
			),
		);
	}
	return [
		...found,
		...checkLocks(id, before.record, record),
		...checkSerials(id, before.record, record),
		...checkOverlay(id, before.record, record),
		...checkAcknowledged(id, before.record, record),
	];
}

function checkLocks(id: UnitId, before: UnitRecord, record: UnitRecord): Finding[] {
	const held = before.state.lock;
	const at = `record ${record.generation}`;
	if (record.operation === "lock" && held !== null) {
		return [finding("lock-violated", id, `${at} takes a lock that was held`)];
	}
	if (writing.has(record.operation) && held !== null && held.principal !== record.principal) {
		return [finding("lock-violated", id, `${at} writes through another principal's lock`)];
	}
	const isReleasing = ["unlock", "force-unlock", "delete", "create"].includes(record.operation);
	if (held !== null && record.state.lock?.info.ID !== held.info.ID && !isReleasing) {
		return [finding("lock-violated", id, `${at} loses the lock without releasing it`)];
	}
	return [];
}

/** An overlay is shown for the version that is current, and nothing else comes with it. */
function checkOverlay(id: UnitId, before: UnitRecord, record: UnitRecord): Finding[] {
	const at = `record ${record.generation}`;
	const bad = (what: string) => [finding("overlay-violated", id, `${at} ${what}`)];
	const written = writtenVersion(record.state);
	const overlay = record.state.overlay ?? undefined;
	if (record.operation !== "graph") {
		const isNew = overlay !== undefined && overlay.body !== before.state.overlay?.body;
		return isNew ? bad("brings an overlay with another operation") : [];
	}
	if (before.state.lock !== null) return bad("shows live values while the unit is locked");
	if (record.state.current !== before.state.current) return bad("changes the version with them");
	if (overlay === undefined) return [];
	const isOfCurrent =
		overlay.number === written?.number &&
		overlay.serial === written.serial &&
		overlay.lineage === written.lineage;
	return isOfCurrent ? [] : bad("shows live values for another version than the current one");
}

/**
 * A write takes over what its lock remembers, or leaves it as it was; beside that people acknowledge
 * by hand, while nobody holds the lock. Nothing else adds anything.
 */
function checkAcknowledged(id: UnitId, before: UnitRecord, record: UnitRecord): Finding[] {
	const own = record.state.acknowledged ?? null;
	if (own === null) return [];
	const asText = (upstream: unknown) => JSON.stringify(upstream ?? null);
	const text = asText(own.upstream);
	const isKept = text === asText(before.state.acknowledged?.upstream);
	const isTaken = record.operation === "write" && text === asText(before.state.lock?.upstream);
	const isByHand = record.operation === "acknowledge" && own.isByHand === true;
	if (isKept || isTaken || (isByHand && before.state.lock === null)) return [];
	const what = `record ${record.generation} acknowledges what its lock does not remember`;
	return [finding("acknowledgement-odd", id, what)];
}

function checkSerials(id: UnitId, before: UnitRecord, record: UnitRecord): Finding[] {
	const earlier = currentVersion(before.state);
	const later = currentVersion(record.state);
	if (earlier === undefined || later === undefined || earlier.number === later.number) return [];
	if (later.cause === "forced" || later.cause === "restore") return [];
	if (earlier.lineage !== later.lineage || earlier.serial === null || later.serial === null)
		return [];
	if (later.serial > earlier.serial) return [];
	return [
		finding(
			"serial-fell",
			id,
			`version ${later.number} has serial ${later.serial} after ${earlier.serial}, and nobody forced it`,
		),
	];
}

/** Holds what a head refers to against what the store has: bodies and pages (I8), plain objects. */
import { parsePlainLock, plainLockId } from "../adoption/plain-lock.ts";
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { BlobInfo, BlobStore } from "../ports/blob-store.ts";
import type { BodyStore } from "../state/body-store.ts";
import type { History } from "../state/history.ts";
import { bodyRoot } from "../unit/keys.ts";
import { isPresentation } from "../unit/overlay.ts";
import {
	currentVersion,
	hasBody,
	overlayOf,
	type UnitRecord,
	type Version,
} from "../unit/record.ts";
import { lockKeyOfUnit, stateKeyOfUnit, type UnitId } from "../unit/unit-id.ts";
import { examineIndex } from "./examine-index.ts";
import { type Finding, finding } from "./finding.ts";

export interface ContentDeps {
	readonly store: BlobStore;
	readonly history: History;
	readonly bodies: BodyStore;
}

export interface ExaminedContent {
	readonly versions: number;
	readonly bodiesVerified: number;
	readonly findings: readonly Finding[];
}

/** Checks bodies and pages; hashes every body when `isDeep`, else the current one. Fails with StoreError. */
export async function examineContent(
	deps: ContentDeps,
	id: UnitId,
	head: UnitRecord,
	isDeep: boolean,
): Promise<ExaminedContent> {
	const findings: Finding[] = [];
	let versions: readonly Version[] = head.state.versions;
	try {
		versions = await deps.history.all(head.state);
	} catch (error) {
		if (!isDomainError(error)) throw error;
		findings.push(finding("damaged", id, error.message));
	}
	const stored = await listBodies(deps.store, id);
	let bodiesVerified = 0;
	const kept = new Set<string>();
	const contents = new Set<string>();
	const overlay = overlayOf(head.state);
	const shown = versions.filter((version) => hasBody(head.state, version));
	for (const version of overlay === undefined ? shown : [...shown, overlay]) {
		const name = `version ${version.number}${version === overlay ? " as it is shown" : ""}`;
		kept.add(version.body);
		contents.add(version.sha256);
		const blob = stored.get(version.body);
		if (blob === undefined) {
			findings.push(finding("missing", id, `the content of ${name} is missing`));
			continue;
		}
		if (blob.size !== version.sizeBytes) {
			findings.push(finding("damaged", id, `${name} has another size than recorded`));
			continue;
		}
		if (!isDeep && version.number !== head.state.current) continue;
		bodiesVerified++;
		if (!(await isIntact(deps.bodies, version))) {
			findings.push(finding("damaged", id, `${name} is not what was written`));
		}
	}
	for (const key of stored.keys()) {
		if (!kept.has(key)) findings.push(finding("orphan", id, "content that no version refers to"));
	}
	findings.push(...(await examineIndex(deps.store, id, contents, isDeep)));
	for (const number of head.state.keptAside) {
		findings.push(
			finding(
				"kept-aside",
				id,
				`version ${number} was written from outside and did not become current`,
			),
		);
	}
	return { versions: versions.length, bodiesVerified, findings };
}

async function isIntact(bodies: BodyStore, version: Version): Promise<boolean> {
	try {
		const body = await bodies.open(version.body, version);
		if (body === null) return false;
		if (body instanceof Uint8Array) return true;
		for await (const _chunk of body) {
			// The stream hashes what passes and fails at its end.
		}
		return true;
	} catch (error) {
		if (isDomainError(error, "storage_corrupt")) return false;
		throw error;
	}
}

async function listBodies(store: BlobStore, id: UnitId): Promise<Map<string, BlobInfo>> {
	const bodies = new Map<string, BlobInfo>();
	let after: string | undefined;
	do {
		const page = await store.list({
			prefix: bodyRoot(id),
			limit: limits.listPageMax,
			...(after === undefined ? {} : { after }),
		});
		for (const blob of page.blobs) bodies.set(blob.key, blob);
		after = page.next;
	} while (after !== undefined);
	return bodies;
}

/** Compares the two plain objects with the head. Fails with StoreError. */
export async function examineProjection(
	deps: ContentDeps,
	id: UnitId,
	head: UnitRecord,
): Promise<Finding[]> {
	const { state } = head;
	if (state.adopting)
		return [finding("adoption-open", id, "its adoption was begun and not finished")];
	const findings: Finding[] = [];
	const wanted = state.deleted === null ? currentVersion(state) : undefined;
	const plain = await deps.store.getStream(stateKeyOfUnit(id));
	if (plain.found) {
		const hasher = new Bun.CryptoHasher("sha256");
		for await (const chunk of plain.body) hasher.update(chunk);
		const sha256 = hasher.digest("hex");
		if (sha256 !== wanted?.sha256) {
			const known = await deps.history.findBySha256(state, sha256);
			const isOurs = known !== undefined || isPresentation(state, sha256);
			const name = known === undefined ? "was shown earlier" : `is version ${known.number}`;
			findings.push(
				isOurs
					? finding("projection-behind", id, `its plain state ${name}`)
					: finding("outside-write", id, "its plain state holds bytes that no version has"),
			);
		}
	} else if (wanted !== undefined) {
		findings.push(finding("projection-behind", id, "its plain state is missing"));
	}
	const lock = await deps.store.get(lockKeyOfUnit(id));
	const heldId = state.deleted === null ? (state.lock?.info.ID ?? null) : null;
	const plainId = lock.found ? plainLockId(parsePlainLock(lock.bytes)) : null;
	if (heldId !== plainId) {
		findings.push(
			finding(
				"projection-behind",
				id,
				"its plain lock object does not say what the unit's lock is",
			),
		);
	}
	return findings;
}

/** Examines a whole store against the invariants, beside running servers or without one. */

import type { Adoption } from "../adoption/adopt.ts";
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Projector } from "../projection/projector.ts";
import { logRoot, privatePrefix } from "../unit/keys.ts";
import { decodeUnitSegment, type UnitId, unitIdOfKey } from "../unit/unit-id.ts";
import { type ContentDeps, examineContent, examineProjection } from "./examine-content.ts";
import { examineLog } from "./examine-log.ts";
import { type Examination, type Finding, finding } from "./finding.ts";

export interface DoctorDeps extends ContentDeps {
	readonly projector: Projector;
	readonly adoption: Adoption;
}

export interface DoctorOptions {
	/** Only units whose id starts with this. */
	readonly prefix: string;
	/** Hash every body, not only the current ones. */
	readonly isDeep: boolean;
	/** Mend projections and finish adoptions; nothing else is ever changed. */
	readonly isRepairing: boolean;
	/** Told after each unit. */
	readonly onProgress?: (done: number, total: number) => void;
}

const repairable: ReadonlySet<string> = new Set([
	"projection-behind",
	"outside-write",
	"adoption-open",
]);

/** Examines the store. Fails with StoreError when it cannot be read. */
export async function examine(deps: DoctorDeps, options: DoctorOptions): Promise<Examination> {
	const findings: Finding[] = [];
	const repaired: Finding[] = [];
	const ids = (await listLogs(deps.store, findings)).filter((id) => id.startsWith(options.prefix));
	let [records, versions, bodiesVerified] = [0, 0, 0];
	for (const [index, id] of ids.entries()) {
		const log = await examineLog(deps.store, id);
		records += log.records;
		findings.push(...log.findings);
		if (log.head !== null) {
			const content = await examineContent(deps, id, log.head, options.isDeep);
			versions += content.versions;
			bodiesVerified += content.bodiesVerified;
			findings.push(...content.findings);
			const projection = await examineProjection(deps, id, log.head);
			const isBroken = [...log.findings, ...content.findings].some((f) => f.severity === "error");
			if (options.isRepairing && !isBroken && projection.some((f) => repairable.has(f.code))) {
				await deps.adoption.adopt(id);
				await deps.projector.project(id);
				repaired.push(...projection);
			} else {
				findings.push(...projection);
			}
		}
		options.onProgress?.(index + 1, ids.length);
	}
	const plainUnits = await examinePlain(deps.store, new Set(ids), options.prefix, findings);
	return { units: ids.length, plainUnits, records, versions, bodiesVerified, findings, repaired };
}

async function listLogs(store: BlobStore, findings: Finding[]): Promise<UnitId[]> {
	const ids: UnitId[] = [];
	let after: string | undefined;
	do {
		const page = await store.list({
			prefix: logRoot,
			delimiter: "/",
			limit: limits.listPageMax,
			...(after === undefined ? {} : { after }),
		});
		for (const blob of page.blobs) {
			findings.push(finding("stray", blob.key, "an object that is no log lies among the logs"));
		}
		for (const prefix of page.prefixes) {
			try {
				ids.push(decodeUnitSegment(prefix.slice(logRoot.length, -1)));
			} catch (error) {
				if (!isDomainError(error)) throw error;
				findings.push(
					finding("stray", prefix, "a folder whose name is no unit id lies among the logs"),
				);
			}
		}
		after = page.next;
	} while (after !== undefined);
	return ids;
}

/** Plain states without a log, and those that no id can stand for. */
async function examinePlain(
	store: BlobStore,
	logged: ReadonlySet<UnitId>,
	prefix: string,
	findings: Finding[],
): Promise<number> {
	let units = 0;
	let after: string | undefined;
	do {
		const page = await store.list({
			prefix: "",
			limit: limits.listPageMax,
			...(after === undefined ? {} : { after }),
		});
		for (const blob of page.blobs) {
			if (blob.key.startsWith(privatePrefix) || !/(^|\/)terraform\.tfstate$/.test(blob.key))
				continue;
			const id = unitIdOfKey(blob.key);
			if (id === null) {
				findings.push(
					finding("unaddressable", blob.key, "a plain state whose key is too long or odd"),
				);
			} else if (!logged.has(id) && id.startsWith(prefix)) units++;
		}
		after = page.next;
		if (after?.startsWith(privatePrefix)) after = `${privatePrefix.slice(0, -1)}0`;
	} while (after !== undefined);
	return units;
}

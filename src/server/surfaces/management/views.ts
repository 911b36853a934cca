/** The core's units and versions as `/v1` shows them. */
import type { UnitView, VersionView } from "../../../api/units.ts";
import type { VersionRow } from "../../../core/state/service.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import { lockView } from "../../shared/lock-view.ts";

export function unitView(unit: UnitSummary): UnitView {
	const { current, lock } = unit;
	return {
		id: unit.id,
		size: unit.sizeBytes,
		updated: unit.updated,
		created: unit.created,
		locked: lock !== null,
		...(lock === null ? {} : { lock: lockView(lock) }),
		labels: { ...unit.labels },
		has_state: current !== null || !unit.isAdopted,
		serial: current?.serial ?? null,
		lineage: current?.lineage ?? null,
		terraform_version: current?.terraformVersion ?? null,
		encrypted: current?.encrypted ?? false,
		version: current?.number ?? null,
		generation: unit.generation,
		adopted: unit.isAdopted,
		...(unit.deleted === null ? {} : { deleted: unit.deleted }),
		kept_aside: [...unit.keptAside],
	};
}

/** Summaries never change, and a list shows the same ones again and again. */
const rendered = new WeakMap<UnitSummary, string>();

/** A page of units as the JSON text of `UnitList`: 10,000 units in a few milliseconds. */
export function unitListJson(units: readonly UnitSummary[], next: string | undefined): string {
	const items = units.map((unit) => {
		const known = rendered.get(unit);
		if (known !== undefined) return known;
		const text = JSON.stringify(unitView(unit));
		rendered.set(unit, text);
		return text;
	});
	const more = next === undefined ? "" : `,"next":${JSON.stringify(next)}`;
	return `{"units":[${items.join(",")}],"count":${items.length}${more}}`;
}

export function versionView(row: VersionRow): VersionView {
	const { version } = row;
	return {
		version: version.number,
		timestamp: version.at,
		hash: version.sha256,
		size: version.sizeBytes,
		serial: version.serial,
		lineage: version.lineage,
		terraform_version: version.terraformVersion,
		encrypted: version.encrypted,
		author: version.author,
		surface: version.surface,
		cause: version.cause,
		restored_from: version.restoredFrom,
		lock: version.lock === null ? null : { ...version.lock },
		current: row.isCurrent,
		available: row.isAvailable,
	};
}

/** What lists and overviews say of a unit. */
import { type Labels, traitsOf } from "../rbac/resource.ts";
import {
	type Acknowledgement,
	currentVersion,
	defaultProjectId,
	type Lock,
	type SettingValue,
	type UnitRecord,
	type Version,
	writtenVersion,
} from "./record.ts";
import type { UnitId } from "./unit-id.ts";

export interface UnitSummary {
	readonly id: UnitId;
	/** 0 for a plain state that nobody has taken over yet. */
	readonly generation: number;
	readonly created: string;
	readonly updated: string;
	readonly deleted: string | null;
	/** ISO 8601 of the newest record, or of the plain state. */
	readonly changed: string;
	readonly sizeBytes: number;
	readonly lock: Lock | null;
	readonly labels: Readonly<Record<string, string>>;
	/** Id of its project. */
	readonly project: string;
	/** Settings as a workspace, those that are not as for every unit. */
	readonly settings: Readonly<Record<string, SettingValue>>;
	/** What rights depend on beside the id. */
	readonly traits: Labels;
	/** As everybody sees it. */
	readonly current: Version | null;
	/** The same as it was written, without live values. */
	readonly written: Version | null;
	readonly isAdopted: boolean;
	readonly keptAside: readonly number[];
	/** Which versions of its declared upstream units its state has taken in. */
	readonly acknowledged: Acknowledgement | null;
}

/** The summary that a head gives. */
export function summaryOf(id: UnitId, record: UnitRecord): UnitSummary {
	const { state } = record;
	const current = currentVersion(state) ?? null;
	const { labels, project = defaultProjectId, settings = {} } = state;
	return {
		id,
		generation: record.generation,
		created: state.created,
		updated: state.updated,
		deleted: state.deleted,
		changed: record.time,
		sizeBytes: current?.sizeBytes ?? 0,
		lock: state.lock,
		labels,
		project,
		settings,
		traits: traitsOf(labels, project),
		current,
		written: writtenVersion(state) ?? null,
		isAdopted: true,
		keptAside: state.keptAside,
		acknowledged: state.acknowledged ?? null,
	};
}

/** The summary of a plain state without a log. */
export function summaryOfPlain(
	id: UnitId,
	sizeBytes: number,
	modified: number,
	lock: Lock | null,
): UnitSummary {
	const at = new Date(modified).toISOString();
	return {
		id,
		generation: 0,
		created: at,
		updated: at,
		deleted: null,
		changed: at,
		sizeBytes,
		lock,
		labels: {},
		project: defaultProjectId,
		settings: {},
		traits: traitsOf({}, defaultProjectId),
		current: null,
		written: null,
		isAdopted: false,
		keptAside: [],
		acknowledged: null,
	};
}

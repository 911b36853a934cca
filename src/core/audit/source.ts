/** The logs that make up the audit trail, all read in the same way. */
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type LogRecord, recordHash } from "../log/head-finder.ts";
import { generationOfKey, recordKey } from "../log/record-key.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import { decodeRegisterRecord } from "../register/register.ts";
import type { UnitDirectory } from "../unit/directory.ts";
import { auditRoot, logName, logRoot, registerRoot } from "../unit/keys.ts";
import { decodeUnitRecord } from "../unit/record.ts";
import { decodeUnitSegment, type UnitId } from "../unit/unit-id.ts";
import { anchorsRegister, isInstance } from "./anchors.ts";
import { auditCodec, chainName, type NotedHead } from "./chain-record.ts";
import { type AuditEvent, eventOfRegister, eventOfUnit, eventsOfChain } from "./event.ts";

/** What the trail needs of a record. */
export interface TrailRecord {
	readonly generation: number;
	readonly hash: string;
	/** Hash that the record gives for the one before it. */
	readonly previous: string | null;
	/** ISO 8601. */
	readonly time: string;
	/** Newest first. */
	readonly events: readonly AuditEvent[];
	/** Heads of units that a chain's record notes. */
	readonly heads: readonly NotedHead[];
}

/** One log. */
export interface TrailSource {
	/** `unit:<id>`, `register:<name>` or `chain:<instance>`. */
	readonly name: string;
	/** Nothing in it is newer (ISO 8601); null: not known without a look. */
	readonly changed: string | null;
	/** It says nothing for people: only `verify` reads it. */
	readonly isQuiet: boolean;
	/** The newest generation; 0 when there is no record. Fails with StoreError. */
	newest(): Promise<number>;
	/**
	 * A record, or null when it is not there. Fails with `storage_corrupt` or `schema_too_new` on
	 * one that is not understood, and with StoreError.
	 */
	read(generation: number): Promise<TrailRecord | null>;
}

/** What a listing tells of a log. */
interface Listed {
	readonly newest: number;
	/** Its newest record is not newer, ISO 8601. */
	readonly changed: string;
}

interface Decoded extends LogRecord {
	readonly time: string;
}

function sourceOf<R extends Decoded>(
	store: BlobStore,
	name: string,
	log: string,
	decode: (bytes: Uint8Array) => R,
	toEvents: (record: R) => readonly AuditEvent[],
	more: {
		readonly changed: string | null;
		/** As a listing said a moment ago. */
		readonly newest?: number | undefined;
		readonly headsOf?: (record: R) => readonly NotedHead[];
	},
): TrailSource {
	return {
		name,
		changed: more.changed,
		isQuiet: name === `register:${anchorsRegister}`,
		async newest() {
			if (more.newest !== undefined) return more.newest;
			const key = await store.newest(`${log}/`);
			return key === null ? 0 : generationOfKey(key);
		},
		async read(generation) {
			const blob = await store.get(recordKey(log, generation));
			if (!blob.found) return null;
			const record = decode(blob.bytes);
			return {
				generation: record.generation,
				hash: recordHash(blob.bytes),
				previous: record.previous,
				time: record.time,
				events: toEvents(record),
				heads: more.headsOf?.(record) ?? [],
			};
		},
	};
}

/** Finds the logs of the trail. */
export class TrailSources {
	readonly #store: BlobStore;
	readonly #directory: UnitDirectory;

	constructor(store: BlobStore, directory: UnitDirectory) {
		this.#store = store;
		this.#directory = directory;
	}

	/** The log of a unit, which may have no record. */
	unit(id: UnitId, changed: string | null = null): TrailSource {
		return sourceOf(
			this.#store,
			`unit:${id}`,
			logName(id),
			(bytes) => decodeUnitRecord(bytes, id),
			(record) => [eventOfUnit(record)],
			{ changed },
		);
	}

	/** A server's chain. */
	chain(instance: string, listed?: Listed): TrailSource {
		const name = chainName(instance);
		return sourceOf(
			this.#store,
			`chain:${instance}`,
			name,
			(bytes) => auditCodec.decode(bytes, name),
			eventsOfChain,
			{
				changed: listed?.changed ?? null,
				newest: listed?.newest,
				headsOf: (record) => record.heads,
			},
		);
	}

	/** A register; its values are not looked at. */
	register(name: string, listed?: Listed): TrailSource {
		return sourceOf(
			this.#store,
			`register:${name}`,
			`${registerRoot}${name}`,
			(bytes) => decodeRegisterRecord(bytes, name),
			(record) => [eventOfRegister(record)],
			{ changed: listed?.changed ?? null, newest: listed?.newest },
		);
	}

	/** The logs of all units whose id starts with `prefix`, in order. Fails with StoreError. */
	async units(prefix: string): Promise<TrailSource[]> {
		const all = await this.#directory.all();
		return all
			.filter((unit) => unit.isAdopted && unit.id.startsWith(prefix))
			.map((unit) => this.unit(unit.id, unit.changed));
	}

	/** The logs of all units that have one, whatever stands in them. Fails with StoreError. */
	async unitLogs(): Promise<TrailSource[]> {
		const segments = await this.#listed(logRoot);
		return [...segments.keys()].flatMap((segment) => {
			try {
				return [this.unit(decodeUnitSegment(segment))];
			} catch (error) {
				// What is no id is no unit's: the doctor reports it.
				if (isDomainError(error)) return [];
				throw error;
			}
		});
	}

	/** All chains. Fails with StoreError. */
	async chains(): Promise<TrailSource[]> {
		const instances = await this.#listed(auditRoot);
		return [...instances]
			.filter(([instance]) => isInstance(instance))
			.map(([instance, listed]) => this.chain(instance, listed));
	}

	/** All registers. Fails with StoreError. */
	async registers(): Promise<TrailSource[]> {
		const names = await this.#listed(registerRoot);
		return [...names].map(([name, listed]) => this.register(name, listed));
	}

	/**
	 * The logs below `root` with their newest records: keys count downwards, so that the first key
	 * of each log is its newest, and the rest of a long one is skipped.
	 */
	async #listed(root: string): Promise<Map<string, Listed>> {
		const logs = new Map<string, Listed>();
		let after: string | undefined;
		do {
			const page = await this.#store.list({
				prefix: root,
				limit: limits.listPageMax,
				...(after === undefined ? {} : { after }),
			});
			let last = "";
			for (const { key, modified } of page.blobs) {
				last = key.slice(root.length).split("/")[0] ?? "";
				if (logs.has(last) || !/^[0-9]{10}$/.test(key.slice(root.length + last.length + 1))) {
					continue;
				}
				const changed = new Date(modified + limits.serverClockSkewMaxMs).toISOString();
				logs.set(last, { newest: generationOfKey(key), changed });
			}
			// "0" is what follows "/": nothing of this log is above it.
			after = page.next === undefined ? undefined : `${root}${last}0`;
		} while (after !== undefined);
		return logs;
	}
}

/** A damaged record says nothing here; `verify` reports it. Fails with StoreError. */
export async function readWhatThereIs(
	source: TrailSource,
	generation: number,
): Promise<TrailRecord | null> {
	try {
		return await source.read(generation);
	} catch (error) {
		if (isDomainError(error, "storage_corrupt", "schema_too_new")) return null;
		throw error;
	}
}

/**
 * What is known of states' contents, found once for each content: after the record that made it
 * current, beside the requests, or when somebody asks and it is missing. A cache that can be
 * deleted: an object is there whole or not at all, and the state's bytes are the truth.
 */
import { release } from "../../lib/spent-chunks.ts";
import type { TaskGroup } from "../../lib/task-group.ts";
import { isDomainError } from "../errors.ts";
import type { LargePasses } from "../large-passes.ts";
import { type BlobStore, StoreError } from "../ports/blob-store.ts";
import type { Log } from "../ports/log.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import { type BodyStore, damaged, type VerifiedBody } from "../state/body-store.ts";
import { currentVersion, type UnitRecord } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { IndexCache } from "./index-cache.ts";
import {
	type IndexedVersion,
	opaqueIndex,
	type ResourceList,
	type StateIndex,
} from "./index-facts.ts";
import { IndexScanner, type ScannedState } from "./index-scanner.ts";
import {
	decodeIndex,
	decodeResources,
	encodeIndex,
	encodeResources,
	indexKey,
	readIndexObject,
} from "./stored-index.ts";

export interface StateIndexDeps {
	readonly store: BlobStore;
	readonly bodies: BodyStore;
	readonly log: Log;
	readonly tasks: TaskGroup;
	readonly passes: LargePasses;
	/** Ends what nobody waits for; what is missing then is made when it is asked for. */
	readonly stopping: AbortSignal;
}

const opaque: ScannedState = {
	index: opaqueIndex,
	resources: { resources: [], isTruncated: false },
};

/** Finds, keeps and makes indexes. */
export class StateIndexService {
	readonly #deps: StateIndexDeps;
	readonly #ready = new IndexCache();
	/** Loads and scans under way, by what they are of: callers at the same time share one. */
	readonly #loading = new Map<string, Promise<StateIndex>>();
	readonly #scanning = new Map<string, Promise<ScannedState>>();
	/** The current versions that wait for their index, the newest of each unit. */
	readonly #waiting = new Map<UnitId, IndexedVersion>();
	#isWorking = false;

	constructor(deps: StateIndexDeps) {
		this.#deps = deps;
	}

	/**
	 * The index of a version of the unit; its time does not depend on the size of the state, unless
	 * the index is missing. Fails with `storage_unavailable`, or with `storage_corrupt` when it is
	 * missing and so are the state's bytes.
	 */
	async of(id: UnitId, version: IndexedVersion): Promise<StateIndex> {
		if (version.encrypted) return opaqueIndex;
		const { sha256 } = version;
		const known = this.#ready.get(sha256);
		if (known !== undefined) return known;
		return await orUnavailable(() =>
			shared(this.#loading, `${id}\n${sha256}`, () => this.#load(id, version)),
		);
	}

	async #load(id: UnitId, version: IndexedVersion): Promise<StateIndex> {
		const stored = await this.#stored(id, version);
		const index = stored ?? (await this.#make(id, version)).index;
		this.#ready.set(version.sha256, index);
		return index;
	}

	async #stored(id: UnitId, { sha256 }: IndexedVersion): Promise<StateIndex | null> {
		const bytes = await readIndexObject(this.#deps.store, indexKey(id, sha256, "index"));
		return bytes === null ? null : decodeIndex(bytes);
	}

	/** The index if there is one already: the state is not read. Fails with `storage_unavailable`. */
	async find(id: UnitId, version: IndexedVersion): Promise<StateIndex | null> {
		if (version.encrypted) return opaqueIndex;
		const known = this.#ready.get(version.sha256);
		if (known !== undefined) return known;
		const stored = await orUnavailable(() => this.#stored(id, version));
		if (stored !== null) this.#ready.set(version.sha256, stored);
		return stored;
	}

	/** The resources of a version of the unit. Fails as `of`. */
	async resources(id: UnitId, version: IndexedVersion): Promise<ResourceList> {
		if (version.encrypted) return opaque.resources;
		return await orUnavailable(async () => {
			const bytes = await readIndexObject(
				this.#deps.store,
				indexKey(id, version.sha256, "resources"),
			);
			const stored = bytes === null ? null : decodeResources(bytes);
			return stored ?? (await this.#make(id, version)).resources;
		});
	}

	/** Makes the index of what this record made current, soon and beside the requests. */
	follow(id: UnitId, record: UnitRecord): void {
		const current = currentVersion(record.state);
		const isNew = current !== undefined && current.generation === record.generation;
		if (!isNew || current.encrypted || this.#deps.stopping.aborted) return;
		this.#waiting.set(id, current);
		if (this.#isWorking) return;
		this.#isWorking = true;
		this.#deps.tasks.run("index", () => this.#work().finally(() => (this.#isWorking = false)));
	}

	async #work(): Promise<void> {
		for (;;) {
			const next = this.#waiting.entries().next().value;
			if (next === undefined) return;
			const [id, version] = next;
			this.#waiting.delete(id);
			if (this.#deps.stopping.aborted) continue;
			try {
				// What is asked for meanwhile is made at once, and found here afterwards.
				const { passes } = this.#deps;
				await passes.run("background", version.sizeBytes, () => this.of(id, version));
			} catch (error) {
				if (!(error instanceof StoreError) && !isDomainError(error)) throw error;
				this.#deps.log.write("warn", "the outputs of a state could not be indexed", {
					unit: id,
					error,
				});
			}
		}
	}

	/** Scans the state and stores what it finds. */
	async #make(id: UnitId, version: IndexedVersion): Promise<ScannedState> {
		return await shared(this.#scanning, `${id}\n${version.sha256}`, async () => {
			const { passes } = this.#deps;
			const scanned = await passes.run("asked", version.sizeBytes, () => this.#scan(version));
			await this.#store(id, version, scanned);
			return scanned;
		});
	}

	async #scan(version: IndexedVersion): Promise<ScannedState> {
		const body = await this.#deps.bodies.open(version.body, version);
		if (body === null) throw damaged();
		return await scanState(body);
	}

	/** The resources first: whoever finds the index finds them too. */
	async #store(id: UnitId, { sha256 }: IndexedVersion, scanned: ScannedState): Promise<void> {
		const { store, log } = this.#deps;
		const parts = [
			["resources", encodeResources(scanned.resources)],
			["index", encodeIndex(scanned.index)],
		] as const;
		try {
			for (const [part, bytes] of parts) await store.put(indexKey(id, sha256, part), bytes);
		} catch (error) {
			// Whoever asked has the answer; the next one will scan again.
			if (!(error instanceof StoreError)) throw error;
			log.write("warn", "the index of a state could not be stored", { unit: id, error });
		}
	}
}

/** One result for callers at the same time. */
async function shared<T>(
	running: Map<string, Promise<T>>,
	key: string,
	start: () => Promise<T>,
): Promise<T> {
	const known = running.get(key);
	if (known !== undefined) return await known;
	const started = start().finally(() => running.delete(key));
	running.set(key, started);
	return await started;
}

/**
 * One pass over a state's bytes, which `also` is shown too; nothing is found in what is no state.
 * Fails with StoreError, and with `storage_corrupt` when the bytes are not those that were written.
 */
export async function scanState(
	body: VerifiedBody,
	also?: { push(chunk: Uint8Array): void },
): Promise<ScannedState> {
	const scanner = new IndexScanner();
	let isState = true;
	const attempt = (act: () => void) => {
		try {
			act();
		} catch (error) {
			if (!isDomainError(error, "invalid_state")) throw error;
			isState = false;
		}
	};
	const isWhole = body instanceof Uint8Array;
	const chunks = isWhole ? [body] : body;
	// To the end in any case: only there it shows whether the bytes are whole.
	for await (const chunk of chunks) {
		also?.push(chunk);
		if (isState) attempt(() => scanner.push(chunk));
		if (!isWhole) release(chunk);
	}
	let scanned = opaque;
	if (isState) attempt(() => (scanned = scanner.finish()));
	return scanned;
}

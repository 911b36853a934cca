/**
 * How servers tell each other which units changed: each keeps one small object with the latest
 * changes and the others read it before they list. A hint only: a lost one is made up for by the
 * directory's next reload, and no decision rests on it.
 */
import { limits } from "../limits.ts";
import type { BlobInfo, BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import { type Random, randomId } from "../ports/random.ts";
import { changesRoot } from "./keys.ts";

interface ChangesObject {
	readonly schema: 1;
	/** Sequence number of the newest entry; they count up by one. */
	readonly last: number;
	/** Unit ids and generations, oldest first. */
	readonly changes: readonly (readonly [id: string, generation: number])[];
}

/** What the other servers changed since the last look, or that this can no longer be told. */
export type SeenChanges =
	| { readonly isComplete: true; readonly ids: readonly string[] }
	| { readonly isComplete: false };

/** This server's change hints, and what it has read of the others'. */
export class ChangesFeed {
	readonly #store: BlobStore;
	readonly #clock: Clock;
	readonly #key: string;
	#last = 0;
	#changes: (readonly [string, number])[] = [];
	#flushing: Promise<void> | null = null;
	#isDirty = false;
	/** Newest sequence number seen, by object key. */
	readonly #seen = new Map<string, number>();
	/** How each object looked in listings, and since when, by our monotonic clock. */
	readonly #looks = new Map<string, { looks: string; since: number }>();
	/** When news of another server came in last, by our monotonic clock. */
	#heardAt: number | null = null;
	#hasOthers = false;

	constructor(store: BlobStore, clock: Clock, random: Random) {
		this.#store = store;
		this.#clock = clock;
		this.#key = `${changesRoot}${randomId(random)}`;
	}

	/** Notes a change of this server. It is published by the next `publish`. */
	note(id: string, generation: number): void {
		this.#last++;
		this.#changes.push([id, generation]);
		if (this.#changes.length > limits.changesKept)
			this.#changes = this.#changes.slice(-limits.changesKept);
		this.#isDirty = true;
	}

	/** Whether another server has changed something within this time, as far as this one has heard. */
	hasHeardWithin(ms: number): boolean {
		return this.#heardAt !== null && this.#clock.monotonic() - this.#heardAt <= ms;
	}

	/** Whether the last look has shown hints of another server, however old. */
	get hasOthers(): boolean {
		return this.#hasOthers;
	}

	/** Publishes what was noted; calls at the same time share one write. Fails with StoreError. */
	async publish(): Promise<void> {
		while (this.#isDirty || this.#flushing !== null) {
			if (this.#flushing === null) {
				this.#flushing = this.#write().finally(() => {
					this.#flushing = null;
				});
			}
			await this.#flushing;
		}
	}

	async #write(): Promise<void> {
		this.#isDirty = false;
		const object: ChangesObject = { schema: 1, last: this.#last, changes: this.#changes };
		try {
			await this.#store.put(this.#key, new TextEncoder().encode(JSON.stringify(object)));
		} catch (error) {
			this.#isDirty = true;
			throw error;
		}
	}

	/** Reads the other servers' objects. Fails with StoreError. */
	async poll(): Promise<SeenChanges> {
		const page = await this.#store.list({ prefix: changesRoot, limit: limits.listPageMax });
		this.#hasOthers = page.blobs.some(({ key }) => key !== this.#key);
		const ids = new Set<string>();
		let isComplete = true;
		await Promise.all(
			page.blobs.map(async (blob) => {
				if (blob.key === this.#key) return;
				if (this.#isSettled(blob)) return;
				const object = await this.#read(blob.key);
				if (object === null) return;
				const seen = this.#seen.get(blob.key);
				this.#seen.set(blob.key, object.last);
				// A server that is new to us may have changed things before we loaded: all it lists is news.
				const missed = object.last - (seen ?? object.last - object.changes.length);
				if (missed > object.changes.length) isComplete = false;
				const news = missed > 0 ? object.changes.slice(-missed) : [];
				for (const [id] of news) ids.add(id);
				if (missed > 0) this.#heardAt = this.#clock.monotonic();
			}),
		);
		return isComplete ? { isComplete, ids: [...ids] } : { isComplete: false };
	}

	/** True when the object has looked the same for longer than the store's clock is coarse. */
	#isSettled(blob: BlobInfo): boolean {
		const now = this.#clock.monotonic();
		const looks = `${blob.size}/${blob.modified}`;
		const before = this.#looks.get(blob.key);
		if (before?.looks === looks) return now - before.since > limits.storeClockStepMaxMs;
		this.#looks.set(blob.key, { looks, since: now });
		return false;
	}

	async #read(key: string): Promise<ChangesObject | null> {
		const blob = await this.#store.get(key);
		if (!blob.found) return null;
		try {
			const value = JSON.parse(new TextDecoder().decode(blob.bytes)) as ChangesObject;
			return value.schema === 1 && Array.isArray(value.changes) ? value : null;
		} catch {
			return null;
		}
	}

	/** Removes objects of servers that are long gone. Best effort. */
	async sweep(): Promise<void> {
		const page = await this.#store.list({ prefix: changesRoot, limit: limits.listPageMax });
		for (const blob of page.blobs) {
			if (blob.key === this.#key) continue;
			if (this.#clock.now() - blob.modified > limits.changesObjectAgeMaxMs) {
				await this.#store.delete(blob.key);
			}
		}
	}
}

/**
 * What may count once in all: authorization codes, refresh tokens, sealed forms. The first use is
 * an object created with put-if-absent, so that of uses at the same moment on several servers
 * exactly one is the first. Objects lie below the day on which the thing expires and are removed
 * when that day has passed.
 */
import { DomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { type BlobStore, StoreError } from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import { type Random, randomId } from "../core/ports/random.ts";
import { unavailable } from "../core/ports/unavailable.ts";

const root = "__opentaco/used/";
const attemptsMax = 4;
const dayMs = 24 * 3_600_000;

export interface UsedOnceDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
}

/** Remembers what has been used. */
export class UsedOnce {
	readonly #deps: UsedOnceDeps;
	#sweptDay = "";

	constructor(deps: UsedOnceDeps) {
		this.#deps = deps;
	}

	/**
	 * True for the first use of `id` anywhere. `expiresAtMs` belongs to the thing itself, so that
	 * every use names the same object. `id` is of harmless characters.
	 *
	 * Fails with `storage_unavailable` (this use did not count) or `outcome_unknown` (it may have).
	 */
	async claim(id: string, expiresAtMs: number): Promise<boolean> {
		if (!/^[A-Za-z0-9_-]{8,128}$/.test(id)) throw new DomainError("internal", "not an id");
		const { store, random, clock } = this.#deps;
		const key = `${root}${dayOf(expiresAtMs)}/${id}`;
		const nonce = randomId(random);
		const bytes = new TextEncoder().encode(
			`${JSON.stringify({ nonce, time: new Date(clock.now()).toISOString() })}\n`,
		);
		for (let attempt = 1; attempt <= attemptsMax; attempt++) {
			try {
				if ((await store.putIfAbsent(key, bytes)).created) return true;
			} catch (error) {
				if (!(error instanceof StoreError)) throw error;
				if (error.notDone && attempt === 1) throw unavailable(error);
			}
			// A lost answer and a conflict look alike; the nonce tells (consistency protocol, Append).
			const found = await store.get(key).catch(() => null);
			if (found?.found === true) return new TextDecoder().decode(found.bytes).includes(nonce);
		}
		throw new DomainError("outcome_unknown", "the storage did not say whether it happened", {
			hint: "log in again",
		});
	}

	/** Removes the days that have passed, with a day's margin for clocks. At most once a day. */
	async sweep(): Promise<void> {
		const { store, clock } = this.#deps;
		const today = dayOf(clock.now() - dayMs);
		if (today === this.#sweptDay) return;
		this.#sweptDay = today;
		const days = await store.list({ prefix: root, delimiter: "/", limit: limits.listPageMax });
		for (const prefix of days.prefixes) {
			if (prefix.slice(root.length, -1) >= today) break;
			for (let after: string | undefined; ; ) {
				const page = await store.list({
					prefix,
					limit: limits.listPageMax,
					...(after === undefined ? {} : { after }),
				});
				for (const blob of page.blobs) await store.delete(blob.key);
				if (page.next === undefined) break;
				after = page.next;
			}
		}
	}
}

function dayOf(ms: number): string {
	return new Date(ms).toISOString().slice(0, 10);
}

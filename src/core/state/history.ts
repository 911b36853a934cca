/**
 * A unit's versions beyond the few that its head holds: pages of older ones, immutable, written
 * before the record that refers to them. Version numbers never shift (decision 3).
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { HeadCache } from "../log/head-cache.ts";
import { recordHash } from "../log/head-finder.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import { pageKey } from "../unit/keys.ts";
import { isPresentation } from "../unit/overlay.ts";
import type { UnitState, Version, VersionPageRef } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";

/** A page that must be stored before the record that refers to it. */
export interface NewPage {
	readonly key: string;
	readonly bytes: Uint8Array;
}

/** The state with its oldest versions moved to a page when the head holds too many. */
export function paged(
	id: UnitId,
	state: UnitState,
	generation: number,
	nonce: string,
): { readonly state: UnitState; readonly page: NewPage | null } {
	if (state.versions.length <= limits.versionsInHeadMax) return { state, page: null };
	const moved = state.versions.slice(0, limits.versionsPerPage);
	const first = moved[0];
	const last = moved.at(-1);
	if (first === undefined || last === undefined) return { state, page: null };
	const bytes = new TextEncoder().encode(`${JSON.stringify(moved)}\n`);
	const key = pageKey(id, generation, nonce);
	const ref: VersionPageRef = {
		key,
		sha256: recordHash(bytes),
		firstNumber: first.number,
		lastNumber: last.number,
	};
	// The current version stays in the head as well: reading it must not cost a page.
	const kept = state.versions.filter((v) => v.number > last.number || v.number === state.current);
	return {
		state: { ...state, versions: kept, pages: [...state.pages, ref] },
		page: { key, bytes },
	};
}

/** Reads pages; they never change, so they are cached. */
export class History {
	readonly #store: BlobStore;
	readonly #pages = new HeadCache<readonly Version[]>(256);

	constructor(store: BlobStore) {
		this.#store = store;
	}

	/** All versions, oldest first. Fails with StoreError, or `storage_corrupt`. */
	async all(state: UnitState): Promise<readonly Version[]> {
		const byNumber = new Map<number, Version>();
		const pages = await Promise.all(state.pages.map((ref) => this.#page(ref)));
		for (const version of [...pages.flat(), ...state.versions])
			byNumber.set(version.number, version);
		return [...byNumber.values()].sort((a, b) => a.number - b.number);
	}

	/** One version, or undefined. */
	async find(state: UnitState, number: number): Promise<Version | undefined> {
		const inHead = state.versions.find((v) => v.number === number);
		if (inHead !== undefined) return inHead;
		const ref = state.pages.find((p) => p.firstNumber <= number && number <= p.lastNumber);
		if (ref === undefined) return undefined;
		return (await this.#page(ref)).find((v) => v.number === number);
	}

	/** The newest version with these bytes, or undefined. */
	async findBySha256(state: UnitState, sha256: string): Promise<Version | undefined> {
		const inHead = state.versions.findLast((v) => v.sha256 === sha256);
		if (inHead !== undefined) return inHead;
		return (await this.all(state)).findLast((v) => v.sha256 === sha256);
	}

	/** Whether some version has these bytes, or was shown with them. */
	async isOurs(state: UnitState, sha256: string): Promise<boolean> {
		if (isPresentation(state, sha256)) return true;
		return (await this.findBySha256(state, sha256)) !== undefined;
	}

	async #page(ref: VersionPageRef): Promise<readonly Version[]> {
		const cached = this.#pages.get(ref.key);
		if (cached !== undefined) return cached;
		const blob = await this.#store.get(ref.key);
		if (!blob.found || recordHash(blob.bytes) !== ref.sha256) {
			throw new DomainError(
				"storage_corrupt",
				"a page of the unit's history is missing or damaged",
				{
					hint: "run `taco doctor` on the store",
				},
			);
		}
		const versions = JSON.parse(new TextDecoder().decode(blob.bytes)) as readonly Version[];
		this.#pages.set(ref.key, versions);
		return versions;
	}
}

/**
 * Adoption in place: a plain `<path>/terraform.tfstate` without a log becomes a unit at its first
 * lock or write, with the lock object beside it as its lock and the first layout's `versions/` as
 * its history. Two records: the first says that adoption is under way, the second that the bytes
 * are safe; whoever meets the first finishes it. The plain object is never referred to, always copied.
 */
import { limits } from "../limits.ts";
import { type BlobStore, StoreError } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import { type Random, randomId } from "../ports/random.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import type { BodyStore, StoredBody } from "../state/body-store.ts";
import { LenientScanner } from "../state/lenient-scanner.ts";
import { makeVersion } from "../state/version.ts";
import { newUnit, withVersion } from "../unit/changes.ts";
import { firstLayoutVersionsRoot } from "../unit/keys.ts";
import type { UnitState } from "../unit/record.ts";
import { lockKeyOfUnit, stateKeyOfUnit, tfLockKeyOfUnit, type UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import { findPlainLock } from "./plain-lock.ts";

export interface AdoptionDeps {
	readonly store: BlobStore;
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly random: Random;
	readonly bodies: BodyStore;
	readonly versionsKept: number;
}

/** What becomes one version: where its bytes come from and when they were written. */
interface Source {
	readonly key: string;
	readonly at: string;
	/** The plain state itself, which becomes current; the rest is history. */
	readonly isPlain: boolean;
}

const outsideCaller = (random: Random): Caller => ({
	principal: { ...systemPrincipal, id: "outside" },
	surface: "outside",
	requestId: `adopt-${randomId(random).slice(0, 12)}`,
});

/** Takes plain states over. */
export class Adoption {
	readonly #deps: AdoptionDeps;

	constructor(deps: AdoptionDeps) {
		this.#deps = deps;
	}

	/** Whether there is a plain state or a lock object for this unit. Fails with StoreError. */
	async findPlain(id: UnitId): Promise<boolean> {
		const stateKey = stateKeyOfUnit(id);
		const page = await this.#deps.store.list({ prefix: stateKey, limit: 10 });
		const keys = new Set([stateKey, lockKeyOfUnit(id), tfLockKeyOfUnit(id)]);
		return page.blobs.some((blob) => keys.has(blob.key));
	}

	/**
	 * Adopts the unit, or finishes an adoption that was begun; does nothing when there is nothing to
	 * adopt. Fails as UnitLog.act, or with StoreError.
	 */
	async adopt(id: UnitId): Promise<void> {
		const { log, gate, store } = this.#deps;
		const grant = await gate.authorize(outsideCaller(this.#deps.random), "system.manage", id);
		const [plain, lock] = await Promise.all([this.#plainInfo(id), findPlainLock(store, id, 1)]);
		await log.actWithoutAdoption<void>(grant, id, (state) => {
			if (state !== null) return { answer: undefined };
			const at = new Date(plain ?? this.#deps.clock.now()).toISOString();
			const begun: UnitState = { ...newUnit(at), adopting: true, lock };
			return { operation: "adopt", state: begun, result: () => undefined };
		});
		await this.#finish(id, grant);
	}

	async #plainInfo(id: UnitId): Promise<number | null> {
		const stateKey = stateKeyOfUnit(id);
		const page = await this.#deps.store.list({ prefix: stateKey, limit: 1 });
		const blob = page.blobs[0];
		return blob?.key === stateKey ? blob.modified : null;
	}

	async #finish(id: UnitId, grant: Awaited<ReturnType<Gate["authorize"]>>): Promise<void> {
		const { log, bodies } = this.#deps;
		const head = await log.confirm(id);
		if (head.record?.state.adopting !== true) return;
		const generation = head.generation + 1;
		const stored: { body: StoredBody; source: Source }[] = [];
		for (const source of await this.#sources(id)) {
			const body = await this.#copy(id, generation, source.key);
			if (body !== null) stored.push({ body, source });
		}
		let isOurs = false;
		await log.actWithoutAdoption<void>(grant, id, (state, now) => {
			isOurs = false;
			if (state === null || !state.adopting || now + 1 !== generation) return { answer: undefined };
			let next: UnitState = { ...state, adopting: false };
			for (const { body, source } of stored) {
				const version = makeVersion(
					next,
					now,
					body,
					{ caller: grant.caller, at: source.at },
					{ cause: "adopted", restoredFrom: null },
				);
				next = withVersion(
					next,
					{ ...version, lock: null },
					{ isCurrent: source.isPlain, versionsKept: this.#deps.versionsKept },
				);
			}
			isOurs = true;
			return {
				operation: "adopted",
				// History is not "kept aside": that word is for what was written behind our back.
				state: { ...next, keptAside: [] },
				result: () => undefined,
			};
		});
		if (!isOurs) for (const { body } of stored) await bodies.discard(body.key);
	}

	/** The first layout's archived predecessors, oldest first, then the plain state itself. */
	async #sources(id: UnitId): Promise<Source[]> {
		const sources: Source[] = [];
		const root = firstLayoutVersionsRoot(id);
		const page = await this.#deps.store.list({ prefix: root, limit: limits.versionsInHeadMax });
		for (const blob of page.blobs) {
			const match = /\/v-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)[^/]*\.tfstate$/.exec(blob.key);
			if (match === null) continue;
			const [, year, month, day, hour, minute, second] = match;
			sources.push({
				key: blob.key,
				isPlain: false,
				at: `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`,
			});
		}
		const plain = await this.#plainInfo(id);
		if (plain !== null) {
			sources.push({ key: stateKeyOfUnit(id), isPlain: true, at: new Date(plain).toISOString() });
		}
		return sources;
	}

	/** Copies an object into a body; null when it is gone or empty. */
	async #copy(id: UnitId, generation: number, key: string): Promise<StoredBody | null> {
		const source = await this.#deps.store.getStream(key);
		if (!source.found) return null;
		if (source.size === 0) {
			await source.body.cancel().catch(() => undefined);
			return null;
		}
		try {
			return await this.#deps.bodies.putStream(
				id,
				generation,
				{ stream: source.body, size: source.size },
				null,
				new LenientScanner(),
			);
		} catch (error) {
			if (error instanceof StoreError) throw error;
			throw new StoreError("unavailable", "a plain state could not be copied", {
				notDone: true,
				cause: error,
			});
		}
	}
}

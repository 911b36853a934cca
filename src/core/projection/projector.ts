/**
 * Keeps the two plain objects of a unit, its state and its lock, equal to what its head says, so
 * that the bucket stays readable without this program (decision 2). Written after the record, never
 * consulted for a decision, repaired when found behind. Bytes that are none of ours were written
 * behind our back: they become a version, never nothing.
 */
import { release } from "../../lib/spent-chunks.ts";
import { parsePlainLock, plainLockId } from "../adoption/plain-lock.ts";
import { isDomainError } from "../errors.ts";
import type { LargePasses } from "../large-passes.ts";
import { limits } from "../limits.ts";
import { isHeldByNobody } from "../lock/rules.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { CoreMetrics } from "../ports/metrics.ts";
import { type Random, randomId } from "../ports/random.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import type { BodyStore } from "../state/body-store.ts";
import type { History } from "../state/history.ts";
import { paged } from "../state/history.ts";
import { LenientScanner } from "../state/lenient-scanner.ts";
import { regression } from "../state/rules.ts";
import { makeVersion } from "../state/version.ts";
import { withVersion } from "../unit/changes.ts";
import { currentVersion, type Lock, type UnitState, type Version } from "../unit/record.ts";
import { lockKeyOfUnit, stateKeyOfUnit, tfLockKeyOfUnit, type UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";

export interface ProjectorDeps {
	readonly store: BlobStore;
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly random: Random;
	readonly metrics: CoreMetrics;
	readonly bodies: BodyStore;
	readonly history: History;
	readonly passes: LargePasses;
	readonly versionsKept: number;
}

/** What a plain state is to the unit. */
type PlainState =
	| { readonly kind: "absent" }
	/** The current version's bytes, as everybody sees them. */
	| { readonly kind: "same" }
	/** Bytes of another of our versions, or of an earlier overlay: we are behind. */
	| { readonly kind: "ours" }
	/** Bytes that no version has. */
	| { readonly kind: "unknown"; readonly sizeBytes: number };

/** The plain lock object's bytes: the first layout's fields, then the rest of what we know. */
export function plainLockBytes(lock: Lock): Uint8Array {
	const { info } = lock;
	const text = (key: string) => (typeof info[key] === "string" ? info[key] : "");
	const fields = {
		id: info.ID,
		who: text("Who"),
		version: text("Version"),
		created: text("Created") || lock.since,
		operation: text("Operation"),
		info: text("Info"),
		path: text("Path"),
		principal: lock.principal,
		surface: lock.surface,
	};
	return new TextEncoder().encode(`${JSON.stringify(fields)}\n`);
}

/** Writes and repairs the plain objects of a unit. */
export class Projector {
	readonly #deps: ProjectorDeps;

	constructor(deps: ProjectorDeps) {
		this.#deps = deps;
	}

	/**
	 * Makes the plain objects equal to the head, and keeps what somebody else wrote there. Gives
	 * true when something was written. Fails with StoreError or as UnitLog.act; to be repeated then.
	 */
	async project(id: UnitId): Promise<boolean> {
		let hasWritten = false;
		for (let attempt = 0; attempt < limits.projectionAttemptsMax; attempt++) {
			// The head first, the plain objects after it: what is read then is at least as new.
			const head = await this.#deps.log.confirm(id);
			if (head.record === null || head.record.state.adopting) return hasWritten;
			const state = head.record.state;
			const { passes } = this.#deps;
			const sizeBytes = currentVersion(state)?.sizeBytes ?? 0;
			const [plain, wroteState] = await passes.run("background", sizeBytes, async () => {
				const found = await this.#classify(id, state);
				return [found, await this.#projectState(id, state, found)] as const;
			});
			if (plain.kind === "unknown") {
				const keep = () => this.#keepForeign(id);
				if (await passes.run("background", plain.sizeBytes, keep))
					this.#deps.metrics.projection("foreign");
				hasWritten = true;
				continue;
			}
			const wroteLock = await this.#projectLock(id, state);
			if (!wroteState && !wroteLock) {
				this.#deps.metrics.projection(hasWritten ? "written" : "unchanged");
				return hasWritten;
			}
			hasWritten = true;
			// The head may have moved while we wrote: look again.
		}
		return hasWritten;
	}

	async #projectState(id: UnitId, state: UnitState, plain: PlainState): Promise<boolean> {
		if (plain.kind === "unknown") return false;
		const wanted = state.deleted === null ? currentVersion(state) : undefined;
		const key = stateKeyOfUnit(id);
		if (wanted === undefined) {
			if (plain.kind === "absent") return false;
			await this.#deps.store.delete(key);
			return true;
		}
		if (plain.kind === "same") return false;
		const body = await this.#deps.bodies.open(wanted.body, wanted);
		if (body === null) return false;
		await this.#deps.store.put(
			key,
			body instanceof Uint8Array ? body : { stream: body, size: wanted.sizeBytes },
		);
		return true;
	}

	async #projectLock(id: UnitId, state: UnitState): Promise<boolean> {
		const { store } = this.#deps;
		const key = lockKeyOfUnit(id);
		const wanted = state.deleted === null ? state.lock : null;
		const plain = await store.get(key);
		let hasWritten = false;
		if (wanted === null) {
			if (plain.found) {
				await store.delete(key);
				hasWritten = true;
			}
			// A lock file that was adopted and then released or broken here must not outlive that.
			const terraform = await store.get(tfLockKeyOfUnit(id));
			if (terraform.found && isHeldByNobody(state, plainLockId(parsePlainLock(terraform.bytes)))) {
				await store.delete(tfLockKeyOfUnit(id));
				hasWritten = true;
			}
			return hasWritten;
		}
		if (plain.found && plainLockId(parsePlainLock(plain.bytes)) === wanted.info.ID) return false;
		await store.put(key, plainLockBytes(wanted));
		return true;
	}

	async #classify(id: UnitId, state: UnitState): Promise<PlainState> {
		const plain = await this.#deps.store.getStream(stateKeyOfUnit(id));
		if (!plain.found) return { kind: "absent" };
		const hasher = new Bun.CryptoHasher("sha256");
		for await (const chunk of plain.body) {
			hasher.update(chunk);
			release(chunk);
		}
		const sha256 = hasher.digest("hex");
		if (state.deleted === null && currentVersion(state)?.sha256 === sha256) return { kind: "same" };
		const isOurs = await this.#deps.history.isOurs(state, sha256);
		return isOurs ? { kind: "ours" } : { kind: "unknown", sizeBytes: plain.size };
	}

	/**
	 * Keeps bytes that somebody else wrote as a version: current only in the same lineage, with a
	 * higher serial, while no lock is held; else kept aside. False when they are gone or ours by now.
	 */
	async #keepForeign(id: UnitId): Promise<boolean> {
		const { log, gate, bodies, store, clock, random } = this.#deps;
		const caller: Caller = {
			principal: { ...systemPrincipal, id: "outside" },
			surface: "outside",
			requestId: `sweep-${randomId(random).slice(0, 12)}`,
		};
		const grant = await gate.authorize(caller, "system.manage", id);
		const head = await log.confirm(id);
		const generation = head.generation + 1;
		const plain = await store.getStream(stateKeyOfUnit(id));
		if (!plain.found) return false;
		const body = await bodies.putStream(
			id,
			generation,
			{ stream: plain.body, size: plain.size },
			null,
			new LenientScanner(),
		);
		const state = head.record?.state;
		const isKnown =
			state === undefined || (await this.#deps.history.isOurs(state, body.facts.sha256));
		let isKept = false;
		try {
			if (!isKnown) {
				isKept = await log.actWithoutAdoption<boolean>(grant, id, (now, at) => {
					if (now === null || at + 1 !== generation) return { answer: false };
					const made = makeVersion(
						now,
						at,
						body,
						{
							caller,
							at: new Date(clock.now()).toISOString(),
						},
						{ cause: "outside", restoredFrom: null },
					);
					const version: Version = { ...made, lock: null };
					const next = withVersion(now, version, {
						isCurrent: mayBecomeCurrent(now, version),
						versionsKept: this.#deps.versionsKept,
					});
					const { state: pagedState, page } = paged(id, next, at + 1, randomId(random));
					return {
						operation: "foreign",
						state: pagedState,
						prepare:
							page === null
								? undefined
								: async () => {
										await store.put(page.key, page.bytes);
									},
						result: () => true,
					};
				});
			}
		} catch (error) {
			if (!isDomainError(error, "outcome_unknown")) await bodies.discard(body.key);
			throw error;
		}
		if (!isKept) await bodies.discard(body.key);
		return isKept;
	}
}

function mayBecomeCurrent(state: UnitState, version: Version): boolean {
	const current = currentVersion(state);
	return (
		state.deleted === null &&
		state.lock === null &&
		version.serial !== null &&
		(current === undefined ||
			(current.serial !== null &&
				current.lineage === version.lineage &&
				regression(current, version) === null))
	);
}

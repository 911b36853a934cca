/** Writing a state: body first, then the record, then everything else. Upholds I2, I4, I6 and I9. */
import { DomainError } from "../errors.ts";
import { acknowledgementOf } from "../lock/acknowledgement.ts";
import { checkWriteLock, isForcingLock, type LockClaim } from "../lock/rules.ts";
import { contention } from "../log/record-log.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { CoreMetrics } from "../ports/metrics.ts";
import { type Random, randomId } from "../ports/random.ts";
import type { Caller } from "../principal.ts";
import type { Gate, Grant } from "../rbac/grant.ts";
import { acknowledging, created, withVersion } from "../unit/changes.ts";
import { unitNotFound } from "../unit/not-found.ts";
import { presentationsOf } from "../unit/overlay.ts";
import {
	currentVersion,
	overlayOf,
	type UnitState,
	type Version,
	writtenVersion,
} from "../unit/record.ts";
import { isReserved, stateKeyOfUnit, type UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import {
	type BodyInput,
	type BodyStore,
	cancelBody,
	checkBytes,
	type StoredBody,
} from "./body-store.ts";
import { paged } from "./history.ts";
import { forceForbidden, regression, stateConflict } from "./rules.ts";
import type { StateFacts } from "./tfstate.ts";
import { makeVersion } from "./version.ts";

export interface StateWriterDeps {
	readonly store: BlobStore;
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly random: Random;
	readonly metrics: CoreMetrics;
	readonly versionsKept: number;
	readonly isAutoCreating: boolean;
}

export interface WriteInput {
	readonly body: BodyInput;
	/** The lock under which the caller writes; null when it claims none. */
	readonly lockId: LockClaim;
	/** Content-MD5, base64. */
	readonly md5: string | null;
	/** Accept a lower serial or another lineage; needs unit.force. */
	readonly force: boolean;
	readonly autoCreate: boolean;
	/**
	 * Write only if the current state has this SHA-256 (hex), as it was written or shown since; null:
	 * only if there is none.
	 */
	readonly ifSha256?: string | null;
}

export interface WrittenState {
	readonly version: Version;
	/** True when the bytes were the current ones already: nothing was done. */
	readonly isUnchanged: boolean;
}

/** What a write knows before it decides. */
interface WriteContext {
	readonly caller: Caller;
	readonly mayCreate: boolean;
	readonly mayForce: boolean;
	readonly at: string;
}

class GenerationMoved extends Error {}

/** Whether the current version has these bytes, or was shown with them. */
function hasContent(state: UnitState, sha256: string): boolean {
	const written = writtenVersion(state);
	if (written === undefined) return false;
	return (
		written.sha256 === sha256 ||
		presentationsOf(state, written.number).some((one) => one.sha256 === sha256)
	);
}

function isAsExpected(state: UnitState, sha256: string | null): boolean {
	return sha256 === null ? writtenVersion(state) === undefined : hasContent(state, sha256);
}

/** A body is stored anew so often when others keep changing the unit. */
const movesMax = 10;

/** Makes bytes the current state of a unit. */
export class StateWriter {
	readonly #deps: StateWriterDeps;
	readonly #bodies: BodyStore;

	constructor(deps: StateWriterDeps, bodies: BodyStore) {
		this.#deps = deps;
		this.#bodies = bodies;
	}

	/**
	 * Makes the bytes the current state. Two sequential round trips when the head is warm: the body
	 * (with a confirmation of the head beside it), then the record.
	 * The same bytes as the current ones under the same lock rule are a success without effect (I6).
	 * Fails with `locked`, `lock_mismatch`, `state_conflict`, `precondition_failed`,
	 * `invalid_state`, `checksum_mismatch`, `unit_not_found`, `forbidden`, or as UnitLog.act.
	 */
	async write(caller: Caller, id: UnitId, input: WriteInput): Promise<WrittenState> {
		const { gate, clock } = this.#deps;
		const grant = await gate.authorize(caller, "unit.write", id);
		const context: WriteContext = {
			caller,
			mayCreate: input.autoCreate && this.#deps.isAutoCreating && !isReserved(id),
			mayForce: await gate.may(caller, "unit.force", id),
			at: new Date(clock.now()).toISOString(),
		};
		const written =
			input.body instanceof Uint8Array
				? await this.#writeBytes(grant, id, input, input.body, context)
				: await this.#writeStream(grant, id, input, input.body, context);
		if (!written.isUnchanged) this.#deps.metrics.stateWritten(written.version.sizeBytes);
		return written;
	}

	async #writeBytes(
		grant: Grant,
		id: UnitId,
		input: WriteInput,
		bytes: Uint8Array,
		context: WriteContext,
	): Promise<WrittenState> {
		const facts = checkBytes(bytes, input.md5);
		const { log } = this.#deps;
		const seen = log.lastSeen(id);
		const mayBeThere = seen?.record != null && hasContent(seen.record.state, facts.sha256);
		if (seen === undefined || mayBeThere) {
			const head = await log.confirm(id);
			const answer = this.#unchanged(head.record?.state ?? null, facts, input, context);
			if (answer !== null) return answer;
		}
		let generation = (log.lastSeen(id)?.generation ?? 0) + 1;
		for (let attempt = 1; ; attempt++) {
			const [body] = await Promise.all([
				this.#bodies.putBytes(id, generation, bytes, facts),
				log.warm(id),
			]);
			const outcome = await this.#commit(grant, id, input, body, context);
			if (!(outcome instanceof GenerationMoved)) return outcome;
			await this.#bodies.discard(body.key);
			if (attempt === movesMax) throw contention();
			generation = (log.lastSeen(id)?.generation ?? generation) + 1;
		}
	}

	async #writeStream(
		grant: Grant,
		id: UnitId,
		input: WriteInput,
		source: { readonly stream: ReadableStream<Uint8Array>; readonly size: number },
		context: WriteContext,
	): Promise<WrittenState> {
		// Refuse before a large body is sent for nothing.
		const head = await this.#deps.log.confirm(id).catch(async (error: unknown) => {
			await cancelBody(source.stream);
			throw error;
		});
		try {
			this.#base(head.record?.state ?? null, context, await this.#isPlain(id, head.generation));
			checkWriteLock(head.record?.state ?? null, input.lockId, context.caller);
		} catch (error) {
			await cancelBody(source.stream);
			throw error;
		}
		let body = await this.#bodies.putStream(id, head.generation + 1, source, input.md5);
		for (let attempt = 1; ; attempt++) {
			const outcome = await this.#commit(grant, id, input, body, context);
			if (!(outcome instanceof GenerationMoved)) return outcome;
			if (attempt === movesMax) {
				await this.#bodies.discard(body.key);
				throw contention();
			}
			const generation = (this.#deps.log.lastSeen(id)?.generation ?? body.generation) + 1;
			body = await this.#bodies.copy(id, generation, body);
		}
	}

	async #isPlain(id: UnitId, generation: number): Promise<boolean> {
		if (generation > 0) return false;
		const page = await this.#deps.store.list({ prefix: stateKeyOfUnit(id), limit: 1 });
		return page.blobs.length > 0;
	}

	/** Appends the record for a stored body; gives GenerationMoved when the body's key is too old. */
	async #commit(
		grant: Grant,
		id: UnitId,
		input: WriteInput,
		body: StoredBody,
		context: WriteContext,
	): Promise<WrittenState | GenerationMoved> {
		try {
			const written = await this.#deps.log.act<WrittenState>(grant, id, (state, generation) => {
				const unchanged = this.#unchanged(state, body.facts, input, context);
				if (unchanged !== null) return { answer: unchanged };
				// The pruner spares bodies by the generation in their key, so it must be the record's.
				if (body.generation !== generation + 1) throw new GenerationMoved();
				return this.#decideWrite(id, state, generation, input, body, context);
			});
			if (written.isUnchanged) await this.#bodies.discard(body.key);
			return written;
		} catch (error) {
			if (error instanceof GenerationMoved) return error;
			// Unknown: the record may stand, and then it refers to the body.
			if (!(error instanceof DomainError && error.code === "outcome_unknown")) {
				await this.#bodies.discard(body.key);
			}
			throw error;
		}
	}

	#unchanged(
		state: UnitState | null,
		facts: StateFacts,
		input: WriteInput,
		context: WriteContext,
	): WrittenState | null {
		if (state === null || state.deleted !== null || state.adopting) return null;
		checkWriteLock(state, input.lockId, context.caller);
		const written = writtenVersion(state);
		if (written === undefined || !hasContent(state, facts.sha256)) return null;
		const shown = overlayOf(state);
		return { version: shown?.sha256 === facts.sha256 ? shown : written, isUnchanged: true };
	}

	#base(state: UnitState | null, context: WriteContext, isPlain: boolean): UnitState {
		if (state !== null && state.deleted === null) return state;
		if (context.mayCreate || isPlain) return created(state, context.at);
		throw unitNotFound();
	}

	#decideWrite(
		id: UnitId,
		state: UnitState | null,
		generation: number,
		input: WriteInput,
		body: StoredBody,
		context: WriteContext,
	) {
		const base = this.#base(state, context, false);
		checkWriteLock(base, input.lockId, context.caller);
		const current = currentVersion(base);
		if (input.ifSha256 !== undefined && !isAsExpected(base, input.ifSha256)) {
			throw new DomainError("precondition_failed", "the state has changed since it was read", {
				hint: "read it again and decide again",
			});
		}
		const reason = regression(current, body.facts);
		if (reason !== null) {
			if (!input.force && !isForcingLock(base.lock)) throw stateConflict(reason);
			if (!context.mayForce) throw forceForbidden();
		}
		const version = makeVersion(base, generation, body, context, {
			cause: reason === null ? "write" : "forced",
			restoredFrom: null,
		});
		return this.commitVersion(id, base, generation, version, "write");
	}

	/** The decision that makes `version` current, with what must be stored before its record. */
	commitVersion(
		id: UnitId,
		base: UnitState,
		generation: number,
		version: Version,
		operation: "write" | "restore",
	) {
		const versioned = withVersion(base, version, {
			isCurrent: true,
			versionsKept: this.#deps.versionsKept,
		});
		// A restored state is as old as it was: nobody knows what of the upstream units it has seen.
		const acknowledged = operation === "write" ? acknowledgementOf(base.lock, version) : null;
		const isKept = operation === "write" && acknowledged === null;
		const next = isKept ? versioned : acknowledging(versioned, acknowledged);
		const { state, page } = paged(id, next, generation + 1, randomId(this.#deps.random));
		return {
			operation,
			state,
			prepare:
				page === null
					? undefined
					: async () => {
							await this.#deps.store.put(page.key, page.bytes);
						},
			result: (): WrittenState => ({ version, isUnchanged: false }),
		};
	}
}

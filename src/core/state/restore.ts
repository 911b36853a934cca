/**
 * Restore: the content of an earlier version as a new one. A new body, never a reference to the old
 * one, which retention may take. Only the serial's digits differ; an encrypted envelope, whose
 * serial is sealed, comes back verbatim and counts as a forced regression.
 */

import { DomainError } from "../errors.ts";
import { checkWriteLock } from "../lock/rules.ts";
import type { Clock } from "../ports/clock.ts";
import type { Caller } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { unitNotFound } from "../unit/not-found.ts";
import { currentVersion, type UnitState, type Version } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import { type BodyStore, damaged, type StoredBody } from "./body-store.ts";
import type { History } from "./history.ts";
import { forceForbidden } from "./rules.ts";
import { checkState, replaceSerial, replaceSerialStream, sizeWithSerial } from "./tfstate.ts";
import { makeVersion, versionNotFound } from "./version.ts";
import { checkReadable } from "./withholding.ts";
import type { StateWriter } from "./writer.ts";

export interface RestoreInput {
	/** The version's number, or its exact timestamp. */
	readonly number?: number;
	readonly timestamp?: string;
	readonly lockId: string | null;
	/** Tell what would happen, and change nothing. */
	readonly preview: boolean;
}

export interface Restored {
	readonly source: Version;
	/** The new version; null for a preview, and when the content is current already. */
	readonly version: Version | null;
	readonly serial: number | null;
	readonly previousSerial: number | null;
	readonly sizeBytes: number;
	readonly isVerbatim: boolean;
}

interface RestoreDeps {
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly bodies: BodyStore;
	readonly history: History;
}

class Moved extends Error {}

const attemptsMax = 5;

/** See StateService.restore. */
export async function restoreState(
	deps: RestoreDeps,
	writer: StateWriter,
	caller: Caller,
	id: UnitId,
	input: RestoreInput,
): Promise<Restored> {
	const grant = await deps.gate.authorize(caller, "unit.write", id);
	const mayForce = await deps.gate.may(caller, "unit.force", id);
	let missing: string | null = null;
	for (let attempt = 1; ; attempt++) {
		const head = await deps.log.confirm(id);
		const state = head.record?.state;
		if (state === undefined) throw versionNotFound();
		if (state.deleted !== null) throw unitNotFound();
		const source = await findSource(deps, caller, id, state, input);
		const plan = planRestore(state, source);
		if (input.preview) return { ...plan, source, version: null };
		checkWriteLock(state, input.lockId, caller);
		if (plan.isRegression && !mayForce) throw forceForbidden();
		const body = await storeRestored(deps, id, head.generation + 1, source, plan.serial);
		if (body === null) {
			// Retention may have taken it since the head was read: then the next look says so.
			if (missing === source.body) throw damaged();
			missing = source.body;
			continue;
		}
		try {
			const written = await deps.log.act(grant, id, (now, generation) => {
				if (now === null || now.deleted !== null) throw unitNotFound();
				checkWriteLock(now, input.lockId, caller);
				if (generation !== head.generation) throw new Moved();
				const version = makeVersion(
					now,
					generation,
					body,
					{ caller, at: new Date(deps.clock.now()).toISOString() },
					{ cause: "restore", restoredFrom: source.number },
				);
				return writer.commitVersion(id, now, generation, version, "restore");
			});
			return { ...plan, source, version: written.version };
		} catch (error) {
			if (!(error instanceof DomainError && error.code === "outcome_unknown")) {
				await deps.bodies.discard(body.key);
			}
			if (error instanceof Moved && attempt < attemptsMax) continue;
			if (error instanceof Moved) {
				throw new DomainError("contention", "the unit kept changing; nothing was restored", {
					hint: "lock the unit first, then restore",
				});
			}
			throw error;
		}
	}
}

async function findSource(
	deps: RestoreDeps,
	caller: Caller,
	id: UnitId,
	state: UnitState,
	input: RestoreInput,
): Promise<Version> {
	const source =
		input.number !== undefined
			? await deps.history.find(state, input.number)
			: (await deps.history.all(state)).find((v) => v.at === input.timestamp);
	if (source === undefined) throw versionNotFound();
	if (source.life < state.life) await deps.gate.authorize(caller, "unit.manage", id);
	checkReadable(state, source);
	return source;
}

function planRestore(state: UnitState, source: Version) {
	const current = currentVersion(state);
	const isVerbatim = source.encrypted || source.serialAt === null || source.serial === null;
	const highest = Math.max(current?.serial ?? 0, source.serial ?? 0);
	const serial = isVerbatim ? source.serial : highest + 1;
	const isOtherLineage =
		current !== undefined && current.lineage !== null && current.lineage !== source.lineage;
	return {
		isVerbatim,
		isRegression: isVerbatim || isOtherLineage,
		serial,
		previousSerial: current?.serial ?? null,
		sizeBytes:
			isVerbatim || source.serialAt === null || serial === null
				? source.sizeBytes
				: sizeWithSerial(source.sizeBytes, source.serialAt, serial),
	};
}

/**
 * Stores the source's bytes again, with `serial` in place of its own unless it is verbatim; null
 * when they are gone.
 */
async function storeRestored(
	deps: RestoreDeps,
	id: UnitId,
	generation: number,
	source: Version,
	serial: number | null,
): Promise<StoredBody | null> {
	const opened = await deps.bodies.open(source.body, source);
	if (opened === null) return null;
	const isChanged = source.serialAt !== null && serial !== null && serial !== source.serial;
	if (opened instanceof Uint8Array) {
		const bytes =
			isChanged && source.serialAt !== null && serial !== null
				? replaceSerial(opened, source.serialAt, serial)
				: opened;
		return await deps.bodies.putBytes(id, generation, bytes, checkState(bytes));
	}
	if (!isChanged || source.serialAt === null || serial === null) {
		return await deps.bodies.putStream(
			id,
			generation,
			{ stream: opened, size: source.sizeBytes },
			null,
		);
	}
	const size = sizeWithSerial(source.sizeBytes, source.serialAt, serial);
	const stream = opened.pipeThrough(replaceSerialStream(source.serialAt, serial));
	return await deps.bodies.putStream(id, generation, { stream, size }, null);
}

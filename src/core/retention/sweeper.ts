/**
 * Looks over all units now and then: repairs projections that a crash or a foreign writer left
 * behind, prunes, and forgets servers that are gone. Every server does it; none needs to. Units
 * that look as they did are passed over, so that a large estate costs a few listings.
 */
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type BlobStore, StoreError } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { ProjectionSchedule } from "../projection/schedule.ts";
import type { ChangesFeed } from "../unit/changes-feed.ts";
import type { UnitDirectory } from "../unit/directory.ts";
import { listPlain } from "../unit/plain-listing.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { Pruner } from "./pruner.ts";

export interface SweeperDeps {
	readonly store: BlobStore;
	readonly directory: UnitDirectory;
	readonly schedule: ProjectionSchedule;
	readonly pruner: Pruner;
	readonly feed: ChangesFeed;
	readonly clock: Clock;
	readonly log: Log;
	/** Told after each sweep: what else has to be looked after now and then. */
	readonly onSwept?: () => void;
}

/** How a unit looked at the last sweep. */
interface Look {
	readonly generation: number;
	readonly plain: string;
	/** Generation at which it was last pruned. */
	readonly prunedAt: number;
}

/** Looks over all units now and then. */
export class Sweeper {
	readonly #deps: SweeperDeps;
	readonly #looks = new Map<UnitId, Look>();

	constructor(deps: SweeperDeps) {
		this.#deps = deps;
	}

	/** Sweeps at once and then at intervals, until the signal. */
	async run(signal: AbortSignal): Promise<void> {
		for (let round = 1; !signal.aborted; round++) {
			try {
				await this.sweep(signal, round % limits.sweepsPerFullSweep === 0);
			} catch (error) {
				if (!(error instanceof StoreError) && !isDomainError(error)) throw error;
				this.#deps.log.write("warn", "a sweep over the units was cut short", { error });
			}
			await this.#deps.clock.sleep(limits.sweepIntervalMs, signal).catch(() => undefined);
		}
	}

	/**
	 * One sweep over all units, at a gentle pace; a full one looks into every unit, also where a
	 * listing shows no change: it says nothing of locks. Fails with StoreError.
	 */
	async sweep(signal: AbortSignal, isFull = false): Promise<void> {
		const { store, directory, schedule, pruner, feed, clock } = this.#deps;
		const units = await directory.all();
		const plain = await listPlain(store);
		for (const unit of units) {
			if (signal.aborted) return;
			if (!unit.isAdopted) continue;
			const blob = plain.states.get(unit.id);
			const before = this.#looks.get(unit.id);
			const look: Look = {
				generation: unit.generation,
				plain: blob === undefined ? "" : `${blob.size}/${blob.modified}`,
				prunedAt: before?.prunedAt ?? 0,
			};
			// The first look since the start is a real one: a crash may have been in between.
			const isChanged = before?.generation !== look.generation || before.plain !== look.plain;
			if (isChanged || isFull) schedule.request(unit.id);
			const isPruneDue = unit.generation - look.prunedAt >= limits.generationsPerPrune;
			if (isPruneDue) await pruner.prune(unit.id);
			this.#looks.set(unit.id, isPruneDue ? { ...look, prunedAt: unit.generation } : look);
			if (isChanged || isFull || isPruneDue) {
				await clock.sleep(limits.sweepPauseMs, signal).catch(() => undefined);
			}
		}
		this.#deps.onSwept?.();
		await feed.sweep();
	}
}

/**
 * When projections run: after each record of this server, once more when the store can no longer
 * accept a late copy of our own PUT, and now and then for every unit. One at a time per unit.
 */

import type { TaskGroup } from "../../lib/task-group.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { CoreMetrics } from "../ports/metrics.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { Projector } from "./projector.ts";

export interface ProjectionScheduleDeps {
	readonly projector: Projector;
	readonly clock: Clock;
	readonly tasks: TaskGroup;
	readonly log: Log;
	readonly metrics: CoreMetrics;
	readonly settleMs: number;
	/** Ends the waiting for second looks at shutdown; what is missed then the sweep repairs. */
	readonly stopping: AbortSignal;
}

/** Runs projections, one at a time per unit. */
export class ProjectionSchedule {
	readonly #deps: ProjectionScheduleDeps;
	/** Units whose projection runs; true when it must run again afterwards. */
	readonly #running = new Map<UnitId, boolean>();
	/** Units that get a second look. */
	readonly #settling = new Set<UnitId>();

	constructor(deps: ProjectionScheduleDeps) {
		this.#deps = deps;
	}

	/** Projects the unit soon. Returns at once. */
	request(id: UnitId): void {
		if (this.#running.has(id)) {
			this.#running.set(id, true);
			return;
		}
		this.#running.set(id, false);
		this.#deps.tasks.run("project", async () => {
			try {
				do {
					this.#running.set(id, false);
					if (await this.#project(id)) this.#lookAgain(id);
				} while (this.#running.get(id) === true);
			} finally {
				this.#running.delete(id);
			}
		});
	}

	async #project(id: UnitId): Promise<boolean> {
		try {
			return await this.#deps.projector.project(id);
		} catch (error) {
			this.#deps.metrics.projection("failed");
			this.#deps.log.write("warn", "the plain objects of a unit could not be brought up to date", {
				unit: id,
				error,
			});
			return true;
		}
	}

	#lookAgain(id: UnitId): void {
		const { clock, settleMs, stopping } = this.#deps;
		if (this.#settling.has(id) || stopping.aborted) return;
		this.#settling.add(id);
		// Not a task to be waited for at shutdown: the sweep of any server does the same.
		void clock.sleep(settleMs, stopping).then(
			() => {
				this.#settling.delete(id);
				this.request(id);
			},
			() => this.#settling.delete(id),
		);
	}
}

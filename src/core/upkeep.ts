/** Puts together what goes on beside requests: plain copies, old objects, live values. No logic of its own. */
import type { TaskGroup } from "../lib/task-group.ts";
import type { LargePasses } from "./large-passes.ts";
import type { BlobStore } from "./ports/blob-store.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { CoreMetrics } from "./ports/metrics.ts";
import type { Random } from "./ports/random.ts";
import { Projector } from "./projection/projector.ts";
import { ProjectionSchedule } from "./projection/schedule.ts";
import type { Gate } from "./rbac/grant.ts";
import { Pruner } from "./retention/pruner.ts";
import { Sweeper } from "./retention/sweeper.ts";
import type { CoreSettings } from "./settings.ts";
import type { BodyStore } from "./state/body-store.ts";
import type { History } from "./state/history.ts";
import { SystemStateRefresher } from "./system-unit/refresher.ts";
import type { ChangesFeed } from "./unit/changes-feed.ts";
import type { UnitDirectory } from "./unit/directory.ts";
import type { UnitId } from "./unit/unit-id.ts";
import type { UnitLog } from "./unit/unit-log.ts";

export interface UpkeepDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
	readonly metrics: CoreMetrics;
	readonly gate: Gate;
	readonly log: UnitLog;
	readonly bodies: BodyStore;
	readonly history: History;
	readonly directory: UnitDirectory;
	readonly feed: ChangesFeed;
	readonly passes: LargePasses;
	readonly tasks: TaskGroup;
	readonly messages: Log;
	readonly settings: CoreSettings;
	readonly systemUnit: UnitId;
	/** Ends waiting at shutdown. */
	readonly stopping: AbortSignal;
}

export interface Upkeep {
	readonly projector: Projector;
	readonly schedule: ProjectionSchedule;
	readonly pruner: Pruner;
	readonly systemState: SystemStateRefresher;
	readonly sweeper: Sweeper;
}

/** Builds what looks after units. Starts nothing. */
export function createUpkeep(deps: UpkeepDeps): Upkeep {
	const { settings, messages } = deps;
	const projector = new Projector({ ...deps, versionsKept: settings.versionsKept });
	const schedule = new ProjectionSchedule({
		...deps,
		projector,
		log: messages,
		settleMs: settings.projectionSettleMs,
	});
	const { recordsKept, pruneGraceMs: graceMs } = settings;
	const pruner = new Pruner({ ...deps, recordsKept, graceMs });
	const systemState = new SystemStateRefresher({
		...deps,
		unit: deps.systemUnit,
		settleMs: settings.systemStateSettleMs,
	});
	const sweeper = new Sweeper({
		...deps,
		...{ schedule, pruner, log: messages },
		onSwept: () => systemState.request(),
	});
	return { projector, schedule, pruner, systemState, sweeper };
}

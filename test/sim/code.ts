/** The code under test, from the repository or from a copy with a planted bug. */
import { join } from "node:path";

const repository = join(import.meta.dir, "..", "..");

/** What the simulation runs. Errors are told apart by name: a copy has classes of its own. */
export interface Code {
	readonly createCore: typeof import("../../src/core/core.ts").createCore;
	readonly silentLog: typeof import("../../src/core/ports/log.ts").silentLog;
	readonly silentMetrics: typeof import("../../src/core/ports/metrics.ts").silentMetrics;
	readonly decideAdminOnly: typeof import("../../src/core/rbac/grant.ts").decideAdminOnly;
	readonly parseUnitId: typeof import("../../src/core/unit/unit-id.ts").parseUnitId;
	readonly StoreError: typeof import("../../src/core/ports/blob-store.ts").StoreError;
	readonly CorePool: typeof import("../../src/core/organization/core-pool.ts").CorePool;
	readonly TaskGroup: typeof import("../../src/lib/task-group.ts").TaskGroup;
	readonly withDeadline: typeof import("../../src/storage/with-deadline.ts").withDeadline;
	readonly withRetry: typeof import("../../src/storage/with-retry.ts").withRetry;
	readonly exactly: typeof import("../../src/storage/exact-stream.ts").exactly;
}

/** Loads the code below `root`, which has a folder `src`. */
export async function loadCode(root: string = repository): Promise<Code> {
	const from = (path: string) => import(join(root, "src", path));
	return Object.assign(
		{},
		...(await Promise.all(
			[
				"core/core.ts",
				"core/ports/log.ts",
				"core/ports/metrics.ts",
				"core/rbac/grant.ts",
				"core/unit/unit-id.ts",
				"core/ports/blob-store.ts",
				"core/organization/core-pool.ts",
				"lib/task-group.ts",
				"storage/with-deadline.ts",
				"storage/with-retry.ts",
				"storage/exact-stream.ts",
			].map(from),
		)),
	) as Code;
}

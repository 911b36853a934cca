/** A server: the real core on a machine of its own, talking to the shared bucket. */
import type { Core } from "../../src/core/core.ts";
import type { CorePool } from "../../src/core/organization/core-pool.ts";
import type { CoreSettings } from "../../src/core/settings.ts";
import type { UnitId } from "../../src/core/unit/unit-id.ts";
import type { Bucket } from "./bucket.ts";
import { Machine } from "./clock.ts";
import type { Code } from "./code.ts";
import type { CallFaults } from "./faults.ts";
import { Prng } from "./prng.ts";
import type { Scheduler } from "./scheduler.ts";
import { connectionOf } from "./scopes.ts";
import { SimStore } from "./store.ts";

/** Deadlines of one call of the store, ms. */
export const callDeadlineMs = 1000;
const readAttemptsMax = 3;

export interface SimServer {
	readonly name: string;
	readonly machine: Machine;
	/** Of the default organization. */
	readonly core: Core;
	/** Of the other one. */
	readonly pool: CorePool;
}

export interface ServerDeps {
	readonly code: Code;
	readonly scheduler: Scheduler;
	readonly bucket: Bucket;
	readonly faults: CallFaults;
	readonly settings: CoreSettings;
	/** The unit that declares the graph's edges; without one nobody follows the graph. */
	readonly systemUnit?: UnitId | undefined;
}

export function startServer(
	deps: ServerDeps,
	name: string,
	seed: string,
	skewMs: number,
): SimServer {
	const { code, scheduler, bucket, faults, settings, systemUnit } = deps;
	const machine = new Machine(scheduler, skewMs);
	const clock = machine.clock();
	const random = new Prng(`${seed}/${name}`);
	const storeOf = (connection: string) => {
		const bare = new SimStore({ name: connection, bucket, machine, faults, code });
		const bounded = code.withDeadline(bare, clock, {
			operationMs: callDeadlineMs,
			streamIdleMs: callDeadlineMs,
		});
		return code.withRetry(bounded, clock, random, readAttemptsMax);
	};
	const common = {
		...{ clock, random, settings, log: code.silentLog },
		...{ metrics: code.silentMetrics, decide: code.decideAdminOnly },
	};
	const core = code.createCore({ ...common, store: storeOf(name), systemUnit });
	const pool = new code.CorePool({
		store: storeOf(connectionOf(name)),
		openCore: (organization, store) => code.createCore({ ...common, organization, store }),
		tasks: new code.TaskGroup(() => {}),
	});
	// Never awaited, like what a server runs beside its requests: a dead machine ends it.
	if (systemUnit !== undefined) void core.parts.liveGraph.run(new AbortController().signal);
	return { name, machine, core, pool };
}

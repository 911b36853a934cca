/** A server: the real core on a machine of its own, talking to the shared bucket. */
import type { Core } from "../../src/core/core.ts";
import type { CoreSettings } from "../../src/core/settings.ts";
import type { UnitId } from "../../src/core/unit/unit-id.ts";
import type { Bucket } from "./bucket.ts";
import { Machine } from "./clock.ts";
import type { Code } from "./code.ts";
import type { CallFaults } from "./faults.ts";
import { Prng } from "./prng.ts";
import type { Scheduler } from "./scheduler.ts";
import { SimStore } from "./store.ts";

/** Deadlines of one call of the store, ms. */
export const callDeadlineMs = 1000;
const readAttemptsMax = 3;

export interface SimServer {
	readonly name: string;
	readonly machine: Machine;
	readonly core: Core;
}

export interface ServerDeps {
	readonly code: Code;
	readonly scheduler: Scheduler;
	readonly bucket: Bucket;
	readonly faults: CallFaults;
	readonly settings: CoreSettings;
	/** The system unit, and the unit whose current content its edge shows. */
	readonly edge?: { readonly system: UnitId; readonly upstream: UnitId } | null;
}

export function startServer(
	deps: ServerDeps,
	name: string,
	seed: string,
	skewMs: number,
): SimServer {
	const { code, scheduler, bucket, faults, settings, edge } = deps;
	const machine = new Machine(scheduler, skewMs);
	const clock = machine.clock();
	const random = new Prng(`${seed}/${name}`);
	const bare = new SimStore({ name, bucket, machine, faults, code });
	const bounded = code.withDeadline(bare, clock, {
		operationMs: callDeadlineMs,
		streamIdleMs: callDeadlineMs,
	});
	const core = code.createCore({
		store: code.withRetry(bounded, clock, random, readAttemptsMax),
		clock,
		random,
		log: code.silentLog,
		metrics: code.silentMetrics,
		decide: code.decideAdminOnly,
		settings,
		...(edge == null ? {} : { systemUnit: edge.system }),
	});
	if (edge != null) showUpstream(code, core, edge.upstream);
	return { name, machine, core };
}

/** A graph of one edge: its digest is the hash of what the upstream unit has. */
function showUpstream({ currentVersion }: Code, core: Core, upstream: UnitId): void {
	const { systemState, unitLog } = core.parts;
	systemState.useLiveValues(async () => {
		const state = (await unitLog.confirm(upstream)).record?.state;
		const current = state?.deleted === null ? currentVersion(state) : undefined;
		return () => ({
			inDigest: current?.sha256 ?? null,
			outDigest: null,
			status: "pending",
			lastInAt: null,
			lastOutAt: null,
		});
	});
	const note = (id: UnitId) => {
		if (id === upstream) systemState.request();
	};
	unitLog.onRecord(note);
	unitLog.onUnknown(note);
}

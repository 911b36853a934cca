/** Puts the core's parts together. No logic of its own. */
import { TaskGroup } from "../lib/task-group.ts";
import { createAccess } from "./access.ts";
import { Adoption } from "./adoption/adopt.ts";
import type { AuditChain } from "./audit/chain.ts";
import type { AuditService } from "./audit/service.ts";
import { type Collaboration, createCollaboration } from "./collaboration.ts";
import { createGraph } from "./graph/create.ts";
import type { LiveGraph } from "./graph/live.ts";
import type { ServerAddresses } from "./graph/reading-source.ts";
import type { GraphService } from "./graph/service.ts";
import { LargePasses } from "./large-passes.ts";
import { limits } from "./limits.ts";
import { LockService } from "./lock/service.ts";
import { type Organization, rootOrganization } from "./organization/organization.ts";
import { OutputsService } from "./outputs/service.ts";
import type { BlobStore } from "./ports/blob-store.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { CoreMetrics } from "./ports/metrics.ts";
import type { Random } from "./ports/random.ts";
import type { Projector } from "./projection/projector.ts";
import type { Decide, Gate } from "./rbac/grant.ts";
import type { RbacService } from "./rbac/service.ts";
import type { Pruner } from "./retention/pruner.ts";
import type { Sweeper } from "./retention/sweeper.ts";
import type { CoreSettings } from "./settings.ts";
import { BodyStore } from "./state/body-store.ts";
import { History } from "./state/history.ts";
import { StateService } from "./state/service.ts";
import { StateWriter } from "./state/writer.ts";
import { StateIndexService } from "./state-index/service.ts";
import { showLiveValues } from "./system-unit/live-values.ts";
import type { SystemStateRefresher } from "./system-unit/refresher.ts";
import { ChangesFeed } from "./unit/changes-feed.ts";
import { UnitDirectory } from "./unit/directory.ts";
import type { UnitRecord } from "./unit/record.ts";
import { UnitService } from "./unit/service.ts";
import { systemUnitId, type UnitId } from "./unit/unit-id.ts";
import { UnitLog } from "./unit/unit-log.ts";
import { createUpkeep, type Upkeep } from "./upkeep.ts";
import type { SecretKey } from "./variable/secret-keys.ts";

export interface CoreDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
	readonly log: Log;
	readonly metrics: CoreMetrics;
	readonly settings: CoreSettings;
	/** Decides instead of the roles. */
	readonly decide?: Decide | undefined;
	/** E-mail addresses of those who may always do everything. */
	readonly admins?: readonly string[] | undefined;
	/** How long denials and logins are kept, ms; 0 keeps them all. */
	readonly auditRetentionMs?: number | undefined;
	/** Whose core it is; the default organization's when absent. */
	readonly organization?: Organization | undefined;
	/** The unit whose state declares the graph's edges, if it is another than the reserved one. */
	readonly systemUnit?: UnitId | undefined;
	/** Keys that sensitive values are sealed with, the first one for new ones; none: the store's. */
	readonly secretKeys?: readonly SecretKey[] | undefined;
	/** The turns of all cores of the process; those of this one alone when absent. */
	readonly passes?: LargePasses | undefined;
	/** Under which addresses states name units of this server. */
	readonly addresses?: ServerAddresses | undefined;
}

export interface Core extends Collaboration {
	readonly units: UnitService;
	readonly locks: LockService;
	readonly states: StateService;
	readonly rbac: RbacService;
	readonly audit: AuditService;
	readonly outputs: OutputsService;
	/** What is known of states' contents; it asks nobody for permission. */
	readonly stateIndex: StateIndexService;
	readonly graph: GraphService;
	/** The turns of what reads whole large states. */
	readonly passes: LargePasses;
	/** The parts that tests, the doctor and the sweeper look into. */
	readonly parts: CoreParts;
	/** Work that goes on after requests were answered. */
	readonly tasks: TaskGroup;
	/** Loads the index of units and sweeps now and then, until the signal. */
	startSweeping(signal: AbortSignal): void;
	/** For shutdown, after the last request: ends waiting, finishes work, publishes change hints. */
	flush(): Promise<void>;
}

export interface CoreParts {
	readonly unitLog: UnitLog;
	readonly directory: UnitDirectory;
	readonly feed: ChangesFeed;
	readonly projector: Projector;
	readonly pruner: Pruner;
	readonly sweeper: Sweeper;
	readonly bodies: BodyStore;
	readonly history: History;
	readonly adoption: Adoption;
	readonly gate: Gate;
	readonly liveGraph: LiveGraph;
	readonly systemState: SystemStateRefresher;
	/** Where logins are noted. */
	readonly chain: AuditChain;
}

/** Builds the core on a store. Starts nothing. */
export function createCore(deps: CoreDeps): Core {
	const { store, clock, random, metrics, settings, passes = new LargePasses() } = deps;
	const tasks = new TaskGroup((name, error) =>
		deps.log.write("error", "background work failed", { task: name, error }),
	);
	const stopping = new AbortController();
	const unitLog = new UnitLog({ store, clock, random, metrics, settings });
	const access = createAccess(deps, unitLog);
	const { gate, rbac, chain } = access;
	const bodies = new BodyStore(store, random);
	const history = new History(store);
	const common = { store, clock, random, metrics, gate, log: unitLog, bodies, history };
	const { versionsKept, isAutoCreating } = settings;

	const adoption = new Adoption({ ...common, versionsKept });
	unitLog.useAdoption(adoption.findPlain.bind(adoption), adoption.adopt.bind(adoption));
	const feed = new ChangesFeed(store, clock, random);
	const directory = new UnitDirectory({
		...common,
		feed,
		freshMs: settings.directoryFreshMs,
		reloadIntervalMs: limits.directoryReloadIntervalMs,
	});
	const audit = access.audit(directory);
	const systemUnit = deps.systemUnit ?? systemUnitId;
	const upkeep = createUpkeep({
		...{ ...common, directory, feed, tasks, settings, systemUnit, passes },
		...{ messages: deps.log, stopping: stopping.signal },
	});
	const { schedule, systemState } = upkeep;

	const made = { store, bodies, passes, log: deps.log, tasks, stopping: stopping.signal };
	const stateIndex = new StateIndexService(made);
	const publishing = new PublishSoon(feed, clock, tasks, stopping.signal);
	const { headAgeMaxMs, actDeadlineMs } = settings;
	const registered = { store, clock, random, headAgeMaxMs, actDeadlineMs };
	const {
		graph,
		live: liveGraph,
		reads,
	} = createGraph({
		...{ ...deps, ...common, ...registered, directory, feed, stateIndex, tasks, systemUnit },
		events: deps.log,
	});
	showLiveValues(graph, systemState);
	followRecords(unitLog, tasks, (id, record) => {
		directory.apply(id, record);
		feed.note(id, record.generation);
		publishing.request();
		schedule.request(id);
		if (id === systemUnit) systemState.note(record);
		stateIndex.follow(id, record);
		liveGraph.note(id, record);
	});

	const writing = { ...common, versionsKept, isAutoCreating };
	const writer = new StateWriter(writing, bodies);
	const stateDeps = { ...writing, adopt: adoption.adopt.bind(adoption) };
	const units = new UnitService({ ...common, directory, systemUnit });
	const states = new StateService(stateDeps, bodies, history, writer);
	const { secretKeys = [], organization = rootOrganization() } = deps;
	const upstreamOf = liveGraph.upstreamOf.bind(liveGraph);
	return {
		units,
		locks: new LockService({ ...common, isAutoCreating, upstreamOf }),
		states,
		rbac,
		audit,
		...createCollaboration({
			...{ ...registered, gate, teams: access.teams },
			...{ units, directory, secretKeys, organization },
		}),
		outputs: new OutputsService({ states, gate, stateIndex, reads }),
		stateIndex,
		...{ graph, passes },
		parts: {
			...{ ...upkeep, unitLog, directory, feed },
			...{ bodies, history, adoption, gate, chain, liveGraph },
		},
		tasks,
		...courseOf({ tasks, stopping, audit, feed, upkeep, liveGraph }),
	};
}

interface CourseParts {
	readonly tasks: TaskGroup;
	readonly stopping: AbortController;
	readonly audit: AuditService;
	readonly feed: ChangesFeed;
	readonly upkeep: Upkeep;
	readonly liveGraph: LiveGraph;
}

/** How the core goes on beside the requests, and how it ends. */
function courseOf(parts: CourseParts): Pick<Core, "startSweeping" | "flush"> {
	const { tasks, stopping, audit, feed, upkeep, liveGraph } = parts;
	return {
		startSweeping(signal) {
			const ending = AbortSignal.any([signal, stopping.signal]);
			tasks.run("sweep", () => upkeep.sweeper.run(ending));
			upkeep.systemState.request();
			tasks.run("audit", () => audit.run(ending));
			tasks.run("graph", () => liveGraph.run(ending));
		},
		async flush() {
			stopping.abort();
			await tasks.idle();
			await feed.publish();
			tasks.run("anchor", () => audit.anchor());
			await tasks.idle();
		},
	};
}

/** Calls `follow` after each record of this server, and after what may have become one. */
function followRecords(
	unitLog: UnitLog,
	tasks: TaskGroup,
	follow: (id: UnitId, record: UnitRecord) => void,
): void {
	unitLog.onRecord(follow);
	unitLog.onUnknown((id) => {
		tasks.run("look after an unknown outcome", async () => {
			const record = await unitLog.peek(id);
			if (record !== null) follow(id, record);
		});
	});
}

/** Publishes change hints a moment after the first of them, so that many share one write. */
class PublishSoon {
	readonly #feed: ChangesFeed;
	readonly #clock: Clock;
	readonly #tasks: TaskGroup;
	readonly #stopping: AbortSignal;
	#isWaiting = false;

	constructor(feed: ChangesFeed, clock: Clock, tasks: TaskGroup, stopping: AbortSignal) {
		this.#feed = feed;
		this.#clock = clock;
		this.#tasks = tasks;
		this.#stopping = stopping;
	}

	request(): void {
		if (this.#isWaiting) return;
		this.#isWaiting = true;
		this.#tasks.run("publish", async () => {
			await this.#clock.sleep(limits.changesFlushDelayMs, this.#stopping).catch(() => undefined);
			this.#isWaiting = false;
			await this.#feed.publish();
		});
	}
}

/** Puts the graph together. No logic of its own. */
import type { TaskGroup } from "../../lib/task-group.ts";
import type { Log } from "../ports/log.ts";
import type { Gate } from "../rbac/grant.ts";
import type { RegisterDeps } from "../register/register.ts";
import type { History } from "../state/history.ts";
import type { StateIndexService } from "../state-index/service.ts";
import type { ChangesFeed } from "../unit/changes-feed.ts";
import type { UnitDirectory } from "../unit/directory.ts";
import { systemUnitId, type UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import { DigestKey } from "./digest.ts";
import { LiveGraph } from "./live.ts";
import { type ServerAddresses, unknownAddresses } from "./reading-source.ts";
import { ReadNotes } from "./reads.ts";
import { GraphService } from "./service.ts";
import { VersionDigests } from "./version-digests.ts";
import { GraphView } from "./view.ts";

export interface GraphDeps extends RegisterDeps {
	readonly gate: Gate;
	readonly log: UnitLog;
	readonly history: History;
	readonly directory: UnitDirectory;
	readonly feed: ChangesFeed;
	readonly stateIndex: StateIndexService;
	readonly tasks: TaskGroup;
	readonly events: Log;
	/** The unit whose state declares edges. */
	readonly systemUnit?: UnitId | undefined;
	readonly addresses?: ServerAddresses | undefined;
}

export interface CreatedGraph {
	readonly graph: GraphService;
	readonly live: LiveGraph;
	readonly reads: ReadNotes;
}

/** Builds the graph. Starts nothing. */
export function createGraph(given: GraphDeps): CreatedGraph {
	const { systemUnit = systemUnitId, addresses = unknownAddresses } = given;
	const deps = { ...given, systemUnit, addresses };
	const index = deps.stateIndex.of.bind(deps.stateIndex);
	const versions = new VersionDigests({ ...deps, index });
	const key = new DigestKey(deps);
	const reads = new ReadNotes({ ...deps, index, key });
	const view = new GraphView({ ...deps, index, versions, key, reads });
	reads.useNews(() => view.invalidate());
	const live = new LiveGraph({ ...deps, view, index });
	return { graph: new GraphService({ ...deps, view, live }), live, reads };
}

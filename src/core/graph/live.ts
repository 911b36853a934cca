/**
 * The graph as it goes on: loads the view, follows records, tells when the values of declared edges
 * change, and says at the moment of a lock what the upstream units had.
 */
import type { TaskGroup } from "../../lib/task-group.ts";
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import type { ChangesFeed } from "../unit/changes-feed.ts";
import { type UnitRecord, type UpstreamVersion, writtenVersion } from "../unit/record.ts";
import { summaryOf } from "../unit/summary.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import { type Declarations, declarationsOf, type InstanceAddress } from "./declarations.ts";
import type { EdgeStatus, Graph } from "./model.ts";
import type { IndexOf } from "./version-digests.ts";
import type { GraphView } from "./view.ts";

export interface LiveGraphDeps {
	readonly view: GraphView;
	readonly index: IndexOf;
	readonly log: UnitLog;
	readonly feed: ChangesFeed;
	readonly clock: Clock;
	readonly events: Log;
	readonly tasks: TaskGroup;
	readonly systemUnit: UnitId;
}

/** What the graph knows of a declared edge, for the attributes that the server keeps of it. */
export interface DeclaredEdge {
	readonly address: InstanceAddress;
	readonly edgeId: string;
	readonly inDigest: string | null;
	readonly outDigest: string | null;
	readonly status: EdgeStatus;
	/** False while a state is still being read: then nothing of this is certain. */
	readonly isKnown: boolean;
	/** False when the version that was consumed is gone, and no digest of it is left here. */
	readonly isOutKnown: boolean;
	/** When the upstream's version was written; RFC 3339 in UTC, whole seconds. */
	readonly lastInAt: string | null;
	/** When the output was last taken in; the same form. */
	readonly lastOutAt: string | null;
}

/** Keeps the view going. */
export class LiveGraph {
	readonly #deps: LiveGraphDeps;
	readonly #listeners: (() => void)[] = [];
	#isScheduled = false;
	#isRunning = false;
	/** The view's revision of which the listeners know. */
	#told = -1;
	/** When the system unit was last looked at, by our monotonic clock. */
	#lookedAt: number | null = null;
	#upstreams: { of: Declarations; byTarget: ReadonlyMap<UnitId, readonly UnitId[]> } | null = null;

	constructor(deps: LiveGraphDeps) {
		this.#deps = deps;
	}

	/** Calls `listener` when values of declared edges may have changed, and once after the start. */
	onChange(listener: () => void): void {
		this.#listeners.push(listener);
	}

	/** Takes in a record that this server appended; what must be read for it is read in the background. */
	note(id: UnitId, record: UnitRecord): void {
		if (!this.#deps.view.isStarted) return;
		this.#deps.view.take(summaryOf(id, record));
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		this.#deps.tasks.run("graph", async () => {
			this.#isScheduled = false;
			await this.#attempt(() => this.#deps.view.load());
		});
	}

	/** Loads the view and looks for what others change, until the signal. */
	async run(signal: AbortSignal): Promise<void> {
		const { view, clock } = this.#deps;
		this.#isRunning = true;
		const isWatching = () => (view.declarations?.edges.length ?? 1) > 0;
		while (!signal.aborted) {
			await this.#attempt(() => view.follow());
			this.#lookedAt = clock.monotonic();
			const idleUntil = clock.monotonic() + limits.graphIdleIntervalMs;
			do {
				await clock.sleep(limits.graphRefreshIntervalMs, signal).catch(() => undefined);
				// The first edge may be declared here meanwhile: then there is something to look for.
			} while (!signal.aborted && !isWatching() && clock.monotonic() < idleUntil);
		}
	}

	/**
	 * What is not available now is looked for again by the next request, record or look. A fault of
	 * our own is told, and does not end the looking either.
	 */
	async #attempt(read: () => Promise<void>): Promise<void> {
		try {
			await read();
			this.#tell();
		} catch (error) {
			const level = isDomainError(error) ? "debug" : "error";
			this.#deps.events.write(level, "the graph could not be refreshed", { error });
		}
	}

	/** Whether a value has really changed is for whoever asks for the values. */
	#tell(): void {
		const { revision, declarations } = this.#deps.view;
		if (revision === this.#told || declarations === null || declarations.edges.length === 0) return;
		this.#told = revision;
		for (const listener of this.#listeners) listener();
	}

	/**
	 * Every declared edge with its live values, in the order of the system unit's state; one that
	 * declares nothing is left out. What was acknowledged before the call counts for `certain` units
	 * whichever server wrote it, for others if this one did. Fails with `storage_unavailable`.
	 */
	async declaredEdges(certain: readonly UnitId[] = []): Promise<readonly DeclaredEdge[]> {
		const { view } = this.#deps;
		let graph = await view.sync();
		if (certain.length > 0) {
			await this.confirm(certain);
			graph = await view.settle();
		}
		return this.#declaredIn(graph) ?? [];
	}

	/**
	 * The versions that the unit's upstream units have now, whichever server wrote them: those of
	 * which its own state holds no copy. Fails with `storage_unavailable`.
	 */
	async upstreamNow(id: UnitId): Promise<readonly UpstreamVersion[]> {
		const { view, systemUnit } = this.#deps;
		await view.sync();
		await this.confirm([systemUnit, id]);
		const graph = await view.settle();
		const units = new Set<UnitId>();
		for (const { from, sources } of graph.units.get(id)?.incoming ?? []) {
			if (!sources.includes("recorded")) units.add(from);
		}
		const above = [...units].slice(0, limits.graphUpstreamsPerLockMax);
		await this.confirm(above);
		return above.flatMap((unit) => this.#seenVersion(unit));
	}

	/** Takes in the heads of these units as they are now. Fails with `storage_unavailable`. */
	async confirm(ids: readonly UnitId[]): Promise<void> {
		const { log, view } = this.#deps;
		const confirmOne = async (id: UnitId) => {
			const { record } = await log.confirm(id);
			if (record !== null) view.take(summaryOf(id, record));
		};
		for (let at = 0; at < ids.length; at += limits.graphReadsAtOnce) {
			const some = ids.slice(at, at + limits.graphReadsAtOnce);
			await orUnavailable(() => Promise.all(some.map(confirmOne)));
		}
	}

	/** null while the system unit's state is not indexed. */
	#declaredIn(graph: Graph): DeclaredEdge[] | null {
		const { declarations } = this.#deps.view;
		if (declarations === null) return null;
		const edges = new Map(
			graph.edges.map((edge) => [`${edge.to}\n${edge.from}\n${edge.id}`, edge]),
		);
		return declarations.edges.map(({ address, edgeId, from, to }) => {
			const edge = edges.get(`${to}\n${from}\n${edgeId}`);
			return {
				address,
				edgeId,
				inDigest: edge?.inDigest ?? null,
				outDigest: edge?.outDigest ?? null,
				status: edge?.status ?? "unknown",
				isOutKnown: edge?.outFault !== "consumed_version_gone",
				isKnown: edge?.reason !== "upstream_not_indexed" && edge?.outFault !== "unit_not_indexed",
				lastInAt: wholeSeconds(edge?.lastInAt ?? null),
				lastOutAt: wholeSeconds(edge?.lastOutAt ?? null),
			};
		});
	}

	/**
	 * The versions of the unit's declared upstream units, for the lock that is about to be taken;
	 * undefined where there are none or nothing is known. Answers from memory where this server
	 * alone writes; asks the store, in one round trip beside the lock's own, where others do too, and
	 * while the view is not loaded. Never fails.
	 */
	upstreamOf(
		id: UnitId,
	): readonly UpstreamVersion[] | undefined | Promise<readonly UpstreamVersion[] | undefined> {
		const { view, feed, systemUnit } = this.#deps;
		if (id === systemUnit) return undefined;
		const { declarations } = view;
		if (declarations === null) {
			if (!this.#isRunning) return undefined;
			return this.#inTime(() => this.#readUpstream(id, "cold"), undefined);
		}
		const units = this.#unitsAbove(declarations, id);
		if (units.length === 0) {
			if (!this.#mayHaveMissed(declarations)) return undefined;
			return this.#inTime(() => this.#readUpstream(id, "warm"), undefined);
		}
		const known = () => units.flatMap((unit) => this.#seenVersion(unit));
		const isAlone = !feed.hasHeardWithin(limits.graphOthersActiveMs);
		if (isAlone || units.length > limits.graphConfirmsPerLockMax) return known();
		return this.#inTime(async () => {
			await this.confirm(units);
			return known();
		}, known);
	}

	/**
	 * Without declared edges this server looks seldom for what others change, and another one may
	 * have declared the first edge since: then a lock now and then looks too, beside its own request.
	 */
	#mayHaveMissed({ edges }: Declarations): boolean {
		const { feed, clock } = this.#deps;
		if (edges.length > 0 || !this.#isRunning || !feed.hasOthers) return false;
		const now = clock.monotonic();
		const isRecent =
			this.#lookedAt !== null && now - this.#lookedAt < limits.graphRefreshIntervalMs;
		if (!isRecent) this.#lookedAt = now;
		return !isRecent;
	}

	/** The work's result, or `instead` when it fails or takes too long. */
	async #inTime<T>(work: () => Promise<T>, instead: (() => T) | undefined): Promise<T | undefined> {
		const waiting = new AbortController();
		const late = this.#deps.clock
			.sleep(limits.graphConfirmMs, waiting.signal)
			.then(() => instead?.())
			.catch(() => undefined);
		try {
			return await Promise.race([work().catch(() => instead?.()), late]);
		} finally {
			waiting.abort();
		}
	}

	#unitsAbove(declarations: Declarations, id: UnitId): readonly UnitId[] {
		if (this.#upstreams?.of !== declarations) {
			const byTarget = new Map<UnitId, Set<UnitId>>();
			for (const { from, to } of declarations.edges) {
				byTarget.set(to, (byTarget.get(to) ?? new Set()).add(from));
			}
			const cut = (units: Set<UnitId>) => [...units].slice(0, limits.graphUpstreamsPerLockMax);
			this.#upstreams = {
				of: declarations,
				byTarget: new Map([...byTarget].map(([to, units]) => [to, cut(units)])),
			};
		}
		return this.#upstreams.byTarget.get(id) ?? [];
	}

	/** The newest version that this server has seen; none for a unit that does not exist. */
	#seenVersion(unit: UnitId): UpstreamVersion[] {
		const { view, log } = this.#deps;
		const head = log.lastSeen(unit)?.record?.state;
		const inHead = head === undefined || head.deleted !== null ? null : (head.current ?? 0);
		const inView = view.versionOf(unit);
		if (inHead === null && inView === null) return [];
		return [[unit, Math.max(inHead ?? 0, inView ?? 0)]];
	}

	/** From the store alone: the system unit's declarations, and the heads of the units that they name. */
	async #readUpstream(
		id: UnitId,
		head: "warm" | "cold",
	): Promise<readonly UpstreamVersion[] | undefined> {
		const { log, index, systemUnit } = this.#deps;
		return await orUnavailable(async () => {
			const record =
				head === "warm" ? (await log.confirm(systemUnit)).record : await log.peek(systemUnit);
			if (record !== null) this.note(systemUnit, record);
			const state = record?.state;
			const version = state === undefined ? undefined : writtenVersion(state);
			if (state === undefined || state.deleted !== null || version === undefined) return undefined;
			const units = this.#unitsAbove(declarationsOf(await index(systemUnit, version)), id);
			if (units.length > limits.graphConfirmsPerLockMax) return undefined;
			await Promise.all(units.map((unit) => log.confirm(unit)));
			return units.flatMap((unit) => this.#seenVersion(unit));
		});
	}
}

function wholeSeconds(time: string | null): string | null {
	return time === null ? null : time.replace(/\.[0-9]+Z$/, "Z");
}

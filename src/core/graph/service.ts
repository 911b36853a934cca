/** The graph of units: who depends on whose outputs, what is stale, and in which order to apply. */
import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Caller } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { unitNotFound } from "../unit/not-found.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import { acknowledgeByHand } from "./acknowledge.ts";
import { reachable, waves } from "./components.ts";
import { addressText } from "./declarations.ts";
import type { DeclaredEdge, LiveGraph } from "./live.ts";
import type { Graph, GraphEdge, GraphUnit, UnitStatus } from "./model.ts";
import { type IsVisible, reportOn, type UnitReport, visibleCycles } from "./report.ts";
import type { GraphView } from "./view.ts";

export interface GraphServiceDeps {
	readonly view: GraphView;
	readonly live: LiveGraph;
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly clock: Clock;
	readonly systemUnit: UnitId;
}

/** A unit in the picture. */
export interface PicturedUnit {
	readonly unit: UnitId;
	readonly status: UnitStatus;
	/** False for what is only named by a declaration. */
	readonly exists: boolean;
}

/** An instance in the system unit that declares no edge. */
export interface FaultyEdge {
	readonly address: string;
	readonly fault: string;
}

/** The graph as far as the caller may see it. */
export interface GraphPicture {
	readonly units: readonly PicturedUnit[];
	readonly edges: readonly GraphEdge[];
	readonly cycles: readonly (readonly UnitId[])[];
	/** Declarations that declare nothing; only for those who may read the system unit. */
	readonly faulty: readonly FaultyEdge[];
	/** The system unit declares more than the graph follows. */
	readonly isTruncated: boolean;
}

/** A unit in its place of an order. */
export interface OrderedUnit {
	readonly unit: UnitId;
	readonly status: UnitStatus;
	/** From 1; units of one wave may be applied at the same time. */
	readonly wave: number;
	readonly isInCycle: boolean;
}

/** In which order to apply. */
export interface ApplyOrder {
	readonly units: readonly OrderedUnit[];
	readonly cycles: readonly (readonly UnitId[])[];
}

/** Which units an order is about. */
export interface OrderInput {
	/** Only what is red or yellow. */
	readonly isStaleOnly: boolean;
	/** Only this unit and what lies below it. */
	readonly from: UnitId | null;
	readonly prefix: string;
}

/** A unit that a change reaches. */
export interface BlastUnit extends OrderedUnit {
	/** The outputs that it uses itself; empty when it only depends on others that do. */
	readonly outputs: readonly string[];
}

/** What a change of a unit, or of one of its outputs, reaches. */
export interface Blast {
	readonly unit: UnitId;
	readonly output: string | null;
	/** Whether the unit has the output now; null without one, or where it cannot be told. */
	readonly outputExists: boolean | null;
	readonly units: readonly BlastUnit[];
	readonly cycles: readonly (readonly UnitId[])[];
}

/** The answer's graph, and what of it the caller may see. */
interface Look {
	readonly graph: Graph;
	readonly isVisible: IsVisible;
}

const seesAll: IsVisible = () => true;

/** Answers what the graph says, to whom it may say it. */
export class GraphService {
	readonly #deps: GraphServiceDeps;
	/** Reports for those who may see everything; a unit of a graph never changes. */
	readonly #reports = new WeakMap<GraphUnit, UnitReport>();

	constructor(deps: GraphServiceDeps) {
		this.#deps = deps;
	}

	/** The unit whose state declares edges. */
	get systemUnit(): UnitId {
		return this.#deps.systemUnit;
	}

	/** See LiveGraph.declaredEdges. */
	declaredEdges(certain: readonly UnitId[] = []): Promise<readonly DeclaredEdge[]> {
		return this.#deps.live.declaredEdges(certain);
	}

	/** See LiveGraph.onChange. */
	onChange(listener: () => void): void {
		this.#deps.live.onChange(listener);
	}

	/**
	 * The status of one unit. Its own head and those of the units right above it are confirmed, so
	 * that what was acknowledged before the request counts, whichever server wrote it.
	 * Fails with `unit_not_found` or `storage_unavailable`.
	 */
	async unitStatus(caller: Caller, id: UnitId): Promise<UnitReport> {
		const { gate, view } = this.#deps;
		await gate.authorize(caller, "unit.read", id);
		let graph = await view.sync();
		const above = new Set((graph.units.get(id)?.incoming ?? []).map((edge) => edge.from));
		const looked = [id, ...[...above].slice(0, limits.graphConfirmsPerLockMax)];
		await this.#deps.live.confirm(looked);
		graph = await view.settle();
		const unit = graph.units.get(id);
		if (unit?.exists !== true) throw unitNotFound();
		return reportOn(unit, await this.#visibleAround(caller, [unit]), view);
	}

	/**
	 * Takes what the upstream units of the unit have now as taken in, without an apply, and gives the
	 * status that follows. A copy in the unit's own state counts all the same.
	 * Fails with `unit_not_found`, `no_state`, `locked`, `outcome_unknown` when it is recorded and the
	 * status cannot be told, or as UnitLog.act.
	 */
	async acknowledge(caller: Caller, id: UnitId): Promise<UnitReport> {
		const { gate, live, log, clock } = this.#deps;
		await gate.authorize(caller, "unit.read", id);
		const grant = await gate.authorize(caller, "unit.write", id);
		const upstream = await live.upstreamNow(id);
		await acknowledgeByHand(log, grant, id, upstream, new Date(clock.now()).toISOString());
		try {
			return await this.unitStatus(caller, id);
		} catch (error) {
			if (!isDomainError(error, "storage_unavailable")) throw error;
			throw new DomainError("outcome_unknown", "it is acknowledged, but the status is not known", {
				hint: "ask for the status, or send the same request again",
				cause: error,
			});
		}
	}

	/**
	 * The status of every unit that the caller may read and whose id starts with the prefix, in order
	 * of their ids: this server's changes at once, the others' within seconds.
	 * Fails with `storage_unavailable`.
	 */
	async statuses(caller: Caller, prefix: string): Promise<readonly UnitReport[]> {
		const { graph, isVisible } = await this.#look(caller);
		const units = [...graph.units.values()].filter(
			(unit) => unit.exists && unit.id.startsWith(prefix) && isVisible(unit.id),
		);
		units.sort((one, other) => (one.id < other.id ? -1 : 1));
		return units.map((unit) => this.#report(unit, isVisible));
	}

	/**
	 * Units, edges and cycles that the caller may see; with `isDeclaredOnly` declared edges and their
	 * units alone. Fails with `storage_unavailable`.
	 */
	async picture(caller: Caller, prefix: string, isDeclaredOnly = false): Promise<GraphPicture> {
		const { gate, view, systemUnit } = this.#deps;
		const { graph, isVisible } = await this.#look(caller);
		const isShown = (id: UnitId) => isVisible(id) && id.startsWith(prefix);
		const edges = graph.edges.filter(
			({ from, to, sources }) =>
				isVisible(from) &&
				isVisible(to) &&
				(isShown(from) || isShown(to)) &&
				(!isDeclaredOnly || sources.includes("declared")),
		);
		const ids = new Set(edges.flatMap(({ from, to }) => [from, to]));
		if (!isDeclaredOnly) for (const id of graph.units.keys()) if (isShown(id)) ids.add(id);
		const units = [...ids].sort().map((id) => pictured(graph, id));
		const maySeeSystem = await gate.may(caller, "unit.read", systemUnit);
		const declarations = maySeeSystem ? view.declarations : null;
		return {
			units,
			edges: [...edges].sort(byEnds),
			cycles: visibleCycles(graph, isVisible).filter((cycle) => cycle.some(isShown)),
			faulty: (declarations?.faulty ?? []).map(({ address, fault }) => ({
				address: addressText(address),
				fault,
			})),
			isTruncated: declarations?.isTruncated ?? false,
		};
	}

	/**
	 * The order in which to apply: each unit after those that it depends on. Members of a cycle share
	 * a wave. Fails with `unit_not_found` or `storage_unavailable`.
	 */
	async order(caller: Caller, input: OrderInput): Promise<ApplyOrder> {
		if (input.from !== null) await this.#deps.gate.authorize(caller, "unit.read", input.from);
		const { graph, isVisible } = await this.#look(caller);
		if (input.from !== null && graph.units.get(input.from)?.exists !== true) throw unitNotFound();
		const within =
			input.from === null ? null : reachable([input.from], (id) => idsBelow(graph, id));
		const isWanted = (id: UnitId) => {
			const unit = graph.units.get(id);
			const isStale = unit?.status === "red" || unit?.status === "yellow";
			return (
				unit?.exists === true &&
				isVisible(id) &&
				id.startsWith(input.prefix) &&
				(within === null || within.has(id)) &&
				(isStale || !input.isStaleOnly)
			);
		};
		return { units: ordered(graph, isWanted), cycles: cyclesOf(graph, isVisible, isWanted) };
	}

	/**
	 * What a change of the unit, or of one of its outputs, reaches: the units that use it, and those
	 * below them. Fails with `unit_not_found` or `storage_unavailable`.
	 */
	async blast(caller: Caller, id: UnitId, output: string | null): Promise<Blast> {
		await this.#deps.gate.authorize(caller, "unit.read", id);
		const { graph, isVisible } = await this.#look(caller);
		const source = graph.units.get(id);
		if (source === undefined) throw unitNotFound();
		const used = source.outgoing.filter((edge) => output === null || edge.output === output);
		const outputs = new Map<UnitId, Set<string>>();
		for (const edge of used) {
			outputs.set(edge.to, (outputs.get(edge.to) ?? new Set()).add(edge.output));
		}
		const reached = reachable(outputs.keys(), (one) => idsBelow(graph, one));
		const isWanted = (one: UnitId) => one !== id && reached.has(one) && isVisible(one);
		const units = ordered(graph, isWanted).map((one) => ({
			...one,
			outputs: [...(outputs.get(one.unit) ?? [])].sort(),
		}));
		return {
			unit: id,
			output,
			outputExists: output === null ? null : this.#deps.view.hasOutput(id, output),
			units,
			cycles: cyclesOf(graph, isVisible, (one) => reached.has(one)),
		};
	}

	async #look(caller: Caller): Promise<Look> {
		const graph = await this.#deps.view.sync();
		return { graph, isVisible: await this.#visible(caller, graph.units.keys()) };
	}

	async #visibleAround(caller: Caller, units: readonly GraphUnit[]): Promise<IsVisible> {
		const ids = units.flatMap((unit) => [
			unit.id,
			...unit.incoming.map((edge) => edge.from),
			...unit.outgoing.map((edge) => edge.to),
			...(unit.cycle ?? []),
			...(unit.cause === null ? [] : [unit.cause]),
		]);
		return await this.#visible(caller, new Set(ids));
	}

	async #visible(caller: Caller, ids: Iterable<UnitId>): Promise<IsVisible> {
		const { gate, view } = this.#deps;
		const unitOf = (id: UnitId) => ({ id, labels: view.traitsOf(id) });
		const all = [...ids];
		const seen = new Set(await gate.filter(caller, "unit.read", all, unitOf));
		return seen.size === all.length ? seesAll : (id) => seen.has(id);
	}

	#report(unit: GraphUnit, isVisible: IsVisible): UnitReport {
		if (isVisible !== seesAll) return reportOn(unit, isVisible, this.#deps.view);
		const known = this.#reports.get(unit);
		if (known !== undefined) return known;
		const report = reportOn(unit, isVisible, this.#deps.view);
		this.#reports.set(unit, report);
		return report;
	}
}

function pictured(graph: Graph, id: UnitId): PicturedUnit {
	const unit = graph.units.get(id);
	// Of what does not exist nobody can say that it is up to date.
	const exists = unit?.exists ?? false;
	return { unit: id, status: exists && unit !== undefined ? unit.status : "unknown", exists };
}

function idsBelow(graph: Graph, id: UnitId): UnitId[] {
	return (graph.units.get(id)?.outgoing ?? []).map((edge) => edge.to);
}

function byEnds(one: GraphEdge, other: GraphEdge): number {
	const key = ({ from, to, output, input }: GraphEdge) => `${from}\n${to}\n${output}\n${input}`;
	return key(one) < key(other) ? -1 : 1;
}

/** What is wanted, in waves that are numbered without gaps: hidden units between leave no trace. */
function ordered(graph: Graph, isWanted: IsVisible): OrderedUnit[] {
	const sorted = waves(graph.units.keys(), (id) => idsBelow(graph, id), isWanted);
	return sorted
		.filter((wave) => wave !== undefined)
		.flatMap((wave, index) =>
			[...wave].sort().map((id) => ({
				unit: id,
				status: graph.units.get(id)?.status ?? "unknown",
				wave: index + 1,
				isInCycle: (graph.units.get(id)?.cycle ?? null)?.every(isWanted) ?? false,
			})),
		);
}

function cyclesOf(graph: Graph, isVisible: IsVisible, isWanted: IsVisible): UnitId[][] {
	return visibleCycles(graph, isVisible).filter((cycle) => cycle.some(isWanted));
}

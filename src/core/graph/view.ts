/**
 * The warm view of the graph: for each unit the digests of its outputs and what its state has read,
 * made from the heads and the indexes of states, and made anew from them at any time. This server's
 * records are in it at once, the other servers' with the directory's refresh. Nothing that it is not
 * sure of is called up to date (I14).
 */
import { inParallel } from "../../lib/in-parallel.ts";
import { isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import { type Labels, traitsOf } from "../rbac/resource.ts";
import type { UnitDirectory } from "../unit/directory.ts";
import { defaultProjectId, type Version } from "../unit/record.ts";
import type { UnitSummary } from "../unit/summary.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { compileGraph } from "./compile.ts";
import { type Declarations, noDeclarations } from "./declarations.ts";
import type { Digester, DigestKey } from "./digest.ts";
import { factsOf, noFacts, opaqueFacts, type StateFacts } from "./facts.ts";
import { GraphMemory } from "./memory.ts";
import type { Graph, GraphInput, GraphNode, NodeFacts } from "./model.ts";
import type { ServerAddresses } from "./reading-source.ts";
import type { ReadNotes } from "./reads.ts";
import type { IndexOf, VersionDigests } from "./version-digests.ts";

export interface GraphViewDeps {
	readonly directory: Pick<UnitDirectory, "all" | "followed">;
	readonly index: IndexOf;
	readonly versions: VersionDigests;
	readonly key: DigestKey;
	readonly clock: Clock;
	readonly addresses: ServerAddresses;
	readonly systemUnit: UnitId;
	/** What units were seen to read. */
	readonly reads: Pick<ReadNotes, "refresh" | "noted">;
}

interface Entry {
	readonly summary: UnitSummary;
	readonly node: GraphNode;
	/** The look at the directory that it was last in. */
	look: number;
}

/** What is known of all units. */
export class GraphView {
	readonly #deps: GraphViewDeps;
	readonly #entries = new Map<UnitId, Entry>();
	/** Units whose index must be read. */
	readonly #wanted = new Set<UnitId>();
	#loading: Promise<void> | null = null;
	/** When each unit's state could not be read, by our monotonic clock. */
	readonly #unreadable = new Map<UnitId, number>();
	#look = 0;
	#revision = 0;
	readonly #memory = new GraphMemory();
	#graph: Graph | null = null;

	constructor(deps: GraphViewDeps) {
		this.#deps = deps;
	}

	/** Whether all units were looked at once; before, records of this server are not followed. */
	get isStarted(): boolean {
		return this.#look > 0;
	}

	/** Rises with every change of what is known. */
	get revision(): number {
		return this.#revision;
	}

	/** What the system unit declares; null while that is not known. */
	get declarations(): Declarations | null {
		if (!this.isStarted) return null;
		const entry = this.#entries.get(this.#deps.systemUnit);
		if (entry === undefined) return noDeclarations;
		const { facts } = entry.node;
		return facts.kind === "facts" ? facts.facts.declarations : null;
	}

	/** The current version of a unit as it was last seen; null without a state or a unit. */
	versionOf(id: UnitId): number | null {
		return this.#entries.get(id)?.node.version?.number ?? null;
	}

	/** What rights on the unit depend on, as it was last seen. */
	traitsOf(id: UnitId): Labels {
		return this.#entries.get(id)?.summary.traits ?? traitsOf({}, defaultProjectId, "new");
	}

	/** Whether everything that the unit's state has read is known to the view. */
	isTruncated(id: UnitId): boolean {
		const facts = this.#entries.get(id)?.node.facts;
		return facts?.kind === "facts" && facts.facts.isTruncated;
	}

	/** How many things outside of this server the unit's state has read. */
	externalCount(id: UnitId): number {
		const facts = this.#entries.get(id)?.node.facts;
		return facts?.kind === "facts" ? facts.facts.externalCount : 0;
	}

	/** Digest of an output of the current version; undefined where there is none or it is not known. */
	currentDigest(id: UnitId, output: string): string | undefined {
		const facts = this.#entries.get(id)?.node.facts;
		return facts?.kind === "facts" ? facts.facts.outputs.get(output) : undefined;
	}

	/** Whether the current state has the output; null where that cannot be told. */
	hasOutput(id: UnitId, output: string): boolean | null {
		const facts = this.#entries.get(id)?.node.facts;
		if (facts?.kind !== "facts" || facts.facts.isOpaque) return null;
		if (this.currentDigest(id, output) !== undefined) return true;
		return facts.facts.isMissingOutputs ? null : false;
	}

	/** Takes in what this server has just made of a unit. */
	take(summary: UnitSummary): void {
		this.#take(summary);
	}

	/** What was noted of reads has changed. */
	invalidate(): void {
		this.#changed();
	}

	/**
	 * The graph as the directory has it now. What is not indexed within `graphWaitMs` is `unknown` in
	 * it. Fails with `storage_unavailable`.
	 */
	async sync(): Promise<Graph> {
		await this.#refresh("all");
		return this.#compiled();
	}

	/** Takes in what other servers tell, and works nothing out. Fails as `sync`. */
	async follow(): Promise<void> {
		await this.#refresh("followed");
	}

	async #refresh(how: "all" | "followed"): Promise<void> {
		const [summaries] = await Promise.all([
			orUnavailable(() => this.#deps.directory[how]()),
			this.#deps.reads.refresh(),
		]);
		this.#look++;
		for (const summary of summaries) this.#take(summary);
		for (const [id, entry] of this.#entries) {
			if (entry.look !== this.#look) this.#forget(id);
		}
		this.#retryUnreadable();
		await this.load();
	}

	/** The graph of what is known, once it is indexed. Fails as `sync`. */
	async settle(): Promise<Graph> {
		await this.load();
		return this.#compiled();
	}

	/** Reads what is missing, or stops waiting for it. Fails as `sync`. */
	async load(): Promise<void> {
		const waiting = new AbortController();
		const { clock } = this.#deps;
		const wait = clock.sleep(limits.graphWaitMs, waiting.signal).catch(() => undefined);
		const loading = this.#loadAll();
		// Whoever stops waiting leaves its failure to the next one.
		loading.catch(() => undefined);
		try {
			await Promise.race([loading, wait]);
		} finally {
			waiting.abort();
		}
	}

	#changed(): void {
		this.#graph = null;
		this.#revision++;
	}

	#compiled(): Graph {
		this.#graph ??= this.#compile();
		return this.#graph;
	}

	/** What was damaged may have been a damaged answer. */
	#retryUnreadable(): void {
		const now = this.#deps.clock.monotonic();
		for (const [id, at] of this.#unreadable) {
			const entry = this.#entries.get(id);
			if (entry?.node.facts.kind === "unreadable") {
				if (now - at < limits.graphRetryMs) continue;
				this.#wanted.add(id);
			}
			this.#unreadable.delete(id);
		}
	}

	#take(summary: UnitSummary): void {
		const { id } = summary;
		const known = this.#entries.get(id);
		if (known !== undefined) {
			known.look = this.#look;
			// Without a log there are no generations; then another summary is another state.
			const isLogged = known.summary.generation > 0;
			const isKnown = isLogged && known.summary.generation >= summary.generation;
			if (known.summary === summary || isKnown) return;
		}
		if (summary.deleted !== null) {
			this.#forget(id);
			return;
		}
		if (known !== undefined && isSameInGraph(known, summary)) {
			this.#entries.set(id, { summary, node: known.node, look: this.#look });
			return;
		}
		if (known !== undefined) this.#remember(known);
		const node = nodeOf(summary, known);
		this.#entries.set(id, { summary, node, look: this.#look });
		if (node.facts.kind === "loading") this.#wanted.add(id);
		else this.#wanted.delete(id);
		this.#changed();
	}

	#forget(id: UnitId): void {
		const known = this.#entries.get(id);
		if (known === undefined) return;
		this.#remember(known);
		this.#entries.delete(id);
		this.#wanted.delete(id);
		this.#changed();
	}

	/** Keeps the digests of what may not be current any more. */
	#remember({ node }: Entry): void {
		if (node.version === null || node.facts.kind !== "facts") return;
		this.#deps.versions.keep(node.id, node.version.number, node.facts.facts);
	}

	/** Reads what is missing; callers at the same time share one. Fails with `storage_unavailable`. */
	#loadAll(): Promise<void> {
		this.#loading ??= this.#loadMissing().finally(() => {
			this.#loading = null;
		});
		return this.#loading;
	}

	async #loadMissing(): Promise<void> {
		for (let isAgain = true; isAgain; isAgain = this.#wanted.size > 0) {
			if (this.#wanted.size > 0) {
				const digester = await this.#deps.key.digester();
				await inParallel([...this.#wanted], limits.graphReadsAtOnce, (id) =>
					this.#load(id, digester),
				);
			}
			const missing = this.#missingVersions();
			if (missing.length === 0) continue;
			const digester = await this.#deps.key.digester();
			await inParallel(missing, limits.graphReadsAtOnce, ([id, number]) =>
				this.#deps.versions.load(id, number, digester),
			);
			this.#memory.clear();
			this.#changed();
		}
	}

	/** Versions that somebody has taken in, that are not current and of which nothing is known. */
	#missingVersions(): (readonly [UnitId, number])[] {
		const missing = new Map<string, readonly [UnitId, number]>();
		for (const { node } of this.#entries.values()) {
			for (const [unit, number] of node.acknowledged) {
				const id = unit as UnitId;
				const current = this.#entries.get(id)?.node.version?.number;
				if (current === undefined || current === number) continue;
				if (!this.#deps.versions.has(id, number)) missing.set(`${id}#${number}`, [id, number]);
			}
		}
		return [...missing.values()];
	}

	async #load(id: UnitId, digester: Digester): Promise<void> {
		const entry = this.#entries.get(id);
		// Live values declare nothing: what was written is read once and for all.
		const version = entry?.summary.written ?? null;
		if (entry === undefined || version === null) {
			this.#wanted.delete(id);
			return;
		}
		const facts = await this.#read(id, version, digester);
		// A newer state may have come meanwhile; then it is wanted itself.
		if (this.#entries.get(id) !== entry) return;
		this.#entries.set(id, { ...entry, node: { ...entry.node, facts } });
		this.#wanted.delete(id);
		this.#changed();
	}

	async #read(id: UnitId, version: Version, digester: Digester): Promise<NodeFacts> {
		const { index, addresses, systemUnit } = this.#deps;
		try {
			const found = await index(id, version);
			const facts = factsOf(found, digester, addresses, id === systemUnit);
			return { kind: "facts", facts };
		} catch (error) {
			if (isDomainError(error, "storage_corrupt") || error instanceof SyntaxError) {
				this.#unreadable.set(id, this.#deps.clock.monotonic());
				return { kind: "unreadable" };
			}
			throw error;
		}
	}

	#compile(): Graph {
		const nodes = new Map([...this.#entries].map(([id, { node }]) => [id, node]));
		const { versions, reads } = this.#deps;
		const input: GraphInput = {
			nodes,
			declared: (this.declarations ?? noDeclarations).edges,
			reads: reads.noted((id) => this.versionOf(id)),
			digestAt: (unit, number, output) => {
				const node = nodes.get(unit);
				if (node?.version?.number !== number) return versions.digest(unit, number, output);
				return node.facts.kind === "facts" ? outputIn(node.facts.facts, output) : undefined;
			},
			since: (node) => node.version?.at ?? null,
		};
		return compileGraph(input, this.#memory);
	}
}

function outputIn(facts: StateFacts, output: string): string | null | undefined {
	if (facts.isOpaque) return undefined;
	return facts.outputs.get(output) ?? (facts.isMissingOutputs ? undefined : null);
}

function nodeOf(summary: UnitSummary, known: Entry | undefined): GraphNode {
	const { id, written, acknowledged } = summary;
	return {
		id,
		facts: initialFacts(summary, known),
		version: written === null ? null : { number: written.number, at: written.at },
		acknowledged: new Map(acknowledged?.upstream ?? []),
		acknowledgedAt: acknowledged?.at ?? null,
		isAcknowledgedByHand: acknowledged?.isByHand === true,
	};
}

/** Whether what happened to the unit, such as a lock, is nothing to the graph. */
function isSameInGraph({ summary: before, node }: Entry, summary: UnitSummary): boolean {
	const [was, now] = [before.acknowledged, summary.acknowledged];
	return (
		before.isAdopted &&
		node.facts.kind !== "loading" &&
		before.written?.number === summary.written?.number &&
		before.written?.sha256 === summary.written?.sha256 &&
		was?.version === now?.version &&
		was?.at === now?.at
	);
}

function initialFacts(summary: UnitSummary, known: Entry | undefined): NodeFacts {
	const { written } = summary;
	if (!summary.isAdopted) return { kind: "not-adopted" };
	if (written === null) return { kind: "facts", facts: noFacts };
	if (written.encrypted) return { kind: "facts", facts: opaqueFacts };
	if (known?.summary.written?.sha256 === written.sha256) return known.node.facts;
	return { kind: "loading" };
}

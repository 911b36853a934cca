/**
 * Edges from what units are seen to read: a credential that is narrowed to one unit, and to single
 * outputs of others, reads these for that unit. Noted beside the request, many in one write, only
 * when something is new, and bounded; a note that is lost with a server is made by the next read. A
 * read counts as taken in once the unit was written after it: a plan alone reads too.
 */
import type { TaskGroup } from "../../lib/task-group.ts";
import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Caller, Principal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import type { Version } from "../unit/record.ts";
import { parseUnitId, type UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import type { DigestKey } from "./digest.ts";
import { unitOrNull } from "./edge-id.ts";
import { graphCaller } from "./graph-caller.ts";
import type { NotedRead } from "./model.ts";
import type { IndexOf } from "./version-digests.ts";

interface StoredRead {
	readonly from: string;
	readonly output: string;
	readonly to: string;
	/** What was read last, when, and the reading unit's version then. */
	readonly digest: string;
	readonly at: string;
	readonly version: number;
	/** What had been read before the write that came before that. */
	readonly earlier: { readonly digest: string; readonly at: string } | null;
}

interface StoredReads {
	readonly schema: 1;
	/** The newest last. */
	readonly reads: readonly StoredRead[];
}

function parseReads(value: unknown): StoredReads {
	const stored = value as Partial<StoredReads> | null;
	if (stored?.schema === 1 && Array.isArray(stored.reads)) return stored as StoredReads;
	throw new DomainError("storage_corrupt", "the notes of the graph are damaged", {
		hint: "run `taco doctor` on the store",
	});
}

const nothing: readonly StoredRead[] = [];

/** The one unit that a credential is for; null for every other credential. */
export function consumerOf({ scope }: Principal): UnitId | null {
	const own = (scope?.units ?? []).filter((text) => !text.includes("#"));
	const [only] = own;
	if (own.length !== 1 || only === undefined) return null;
	return unitOrNull(() => parseUnitId(only));
}

export interface ReadNotesDeps extends RegisterDeps {
	readonly gate: Gate;
	readonly log: UnitLog;
	readonly index: IndexOf;
	readonly key: DigestKey;
	readonly clock: Clock;
	readonly events: Log;
	readonly tasks: TaskGroup;
}

interface Pending {
	readonly caller: Caller;
	readonly from: UnitId;
	readonly to: UnitId;
	readonly version: Version;
	readonly outputs: ReadonlySet<string>;
	readonly at: string;
}

/** Notes reads, and knows what was noted. */
export class ReadNotes {
	readonly #deps: ReadNotesDeps;
	readonly #register: Register<StoredReads>;
	#pending = new Map<string, Pending>();
	#isScheduled = false;
	#stored: readonly StoredRead[] = nothing;
	#onNews: () => void = () => undefined;

	constructor(deps: ReadNotesDeps) {
		this.#deps = deps;
		this.#register = new Register(deps, "graph-reads", parseReads);
	}

	/** Calls back when what is noted has changed. */
	useNews(onNews: () => void): void {
		this.#onNews = onNews;
	}

	/** Notes that the caller was given these outputs of a version. Returns at once. */
	note(caller: Caller, from: UnitId, version: Version, outputs: readonly string[]): void {
		const to = consumerOf(caller.principal);
		if (to === null || to === from || outputs.length === 0) return;
		if (this.#pending.size >= limits.graphReadsQueuedMax) return;
		const at = new Date(this.#deps.clock.now()).toISOString();
		const key = `${from}\n${to}\n${version.sha256}\n${caller.principal.loginId}`;
		const known = this.#pending.get(key)?.outputs ?? [];
		const all = new Set([...known, ...outputs]);
		this.#pending.set(key, { caller, from, to, version, outputs: all, at });
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		this.#deps.tasks.run("note reads", () => this.#flush());
	}

	async #flush(): Promise<void> {
		this.#isScheduled = false;
		const pending = [...this.#pending.values()];
		this.#pending = new Map();
		try {
			const fresh = (await Promise.all(pending.map((one) => this.#readsOf(one)))).flat();
			const known = (await this.#register.read()).value?.reads ?? [];
			if (merged(known, fresh) === known) return;
			const { gate } = this.#deps;
			const grant = await gate.authorize(graphCaller, "system.manage", everything);
			const stored = await this.#register.update<readonly StoredRead[]>(grant, (value) => {
				const before = value?.reads ?? [];
				const reads = merged(before, fresh);
				if (reads === before) return { answer: before };
				return { operation: "graph.reads", value: { schema: 1, reads }, result: reads };
			});
			this.#take(stored);
		} catch (error) {
			if (!isDomainError(error)) throw error;
			this.#deps.events.write("debug", "reads could not be noted", { error });
		}
	}

	/** With digests; the reading unit's head is looked at after the read, so its version is no older. */
	async #readsOf({ caller, from, to, version, outputs, at }: Pending): Promise<StoredRead[]> {
		const { index, key, log, gate } = this.#deps;
		// Whoever cannot write the unit reads for themselves, whatever they have narrowed a token to.
		if (!(await gate.may(caller, "unit.write", to))) return [];
		const [found, digester, head] = await Promise.all([
			index(from, version),
			key.digester(),
			log.confirm(to),
		]);
		const own = head.record?.state.current ?? 0;
		return found.outputs.flatMap(({ name, valueText }) =>
			outputs.has(name)
				? [
						{
							...{ from, output: name, to, digest: digester.ofText(valueText) },
							...{ at, version: own, earlier: null },
						},
					]
				: [],
		);
	}

	/** Reads what other servers have noted. Fails with `storage_unavailable`. */
	async refresh(): Promise<void> {
		const { value } = await this.#register.readCached(limits.graphRefreshIntervalMs);
		this.#take(value?.reads ?? nothing);
	}

	#take(reads: readonly StoredRead[]): void {
		if (reads === this.#stored) return;
		this.#stored = reads;
		this.#onNews();
	}

	/** What is noted, for units with these current versions. */
	noted(versionOf: (id: UnitId) => number | null): NotedRead[] {
		return this.#stored.map(({ from, output, to, digest, at, version, earlier }) => {
			const isTakenIn = (versionOf(to as UnitId) ?? 0) > version;
			const taken = isTakenIn ? { digest, at } : earlier;
			return {
				...{ from: from as UnitId, output, to: to as UnitId },
				...{ digest: taken?.digest ?? null, at: taken?.at ?? at },
			};
		});
	}
}

/** The reads with the fresh ones; the same list when these say nothing new. */
function merged(known: readonly StoredRead[], fresh: readonly StoredRead[]): readonly StoredRead[] {
	const keyOf = ({ from, output, to }: StoredRead) => `${to}\n${from}\n${output}`;
	const byKey = new Map(known.map((read) => [keyOf(read), read]));
	let isNew = false;
	for (const read of fresh) {
		const before = byKey.get(keyOf(read));
		if (before?.digest === read.digest && before.version === read.version) continue;
		// Somebody noted a later read already.
		if (before !== undefined && before.version > read.version) continue;
		const isLater = before !== undefined && read.version > before.version;
		const earlier = isLater ? { digest: before.digest, at: before.at } : (before?.earlier ?? null);
		byKey.delete(keyOf(read));
		byKey.set(keyOf(read), { ...read, earlier });
		isNew = true;
	}
	return isNew ? [...byKey.values()].slice(-limits.graphReadsKeptMax) : known;
}

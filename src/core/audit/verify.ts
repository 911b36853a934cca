/**
 * Holds the trail to itself: every log without gaps and linked by hashes, every anchored head still
 * there and the same. Goes on from a cursor, because a store can hold more than one request reads.
 */
import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { parseUnitId, type UnitId } from "../unit/unit-id.ts";
import type { Anchors } from "./anchors.ts";
import type { NotedHead } from "./chain-record.ts";
import type { TrailRecord, TrailSource, TrailSources } from "./source.ts";

/**
 * `missing`: a record is not there, or the log ends before a head that was anchored. `broken`: a
 * record does not continue the one before it. `exchanged`: another record than the anchored one.
 * `damaged`: a record cannot be read.
 */
export type TrailProblem = "missing" | "broken" | "exchanged" | "damaged";

export interface TrailFinding {
	/** `unit:<id>`, `register:<name>` or `chain:<instance>`. */
	readonly source: string;
	readonly generation: number;
	readonly problem: TrailProblem;
}

export interface Verified {
	readonly sources: number;
	readonly records: number;
	/** Heads that were held to what an anchor says of them. */
	readonly anchors: number;
	readonly findings: readonly TrailFinding[];
	/** Present when there is more to verify. */
	readonly next?: string;
}

export interface VerifyInput {
	readonly sources: TrailSources;
	readonly anchors: Anchors;
	/** Only this unit; null: everything. */
	readonly unit: UnitId | null;
	/** Records of units may have been pruned, because the operator asked for it. */
	readonly isPruning: boolean;
	readonly cursor: string | undefined;
}

/** Where a verification goes on: at this record of this log, which must have this hash. */
interface Position {
	readonly source: string;
	readonly generation: number;
	readonly hash: string | null;
}

/** Verifies a bounded number of records. Fails with `invalid_request` and with StoreError. */
export async function verifyTrail(input: VerifyInput): Promise<Verified> {
	return await new Verification(input).run();
}

class Verification {
	readonly #input: VerifyInput;
	readonly #findings: TrailFinding[] = [];
	#sources = 0;
	#records = 0;
	#anchors = 0;

	constructor(input: VerifyInput) {
		this.#input = input;
	}

	async run(): Promise<Verified> {
		const { cursor } = this.#input;
		const from = cursor === undefined ? null : parsePosition(cursor);
		for (const source of await this.#all()) {
			if (from !== null && source.name < from.source) continue;
			if (this.#reads >= limits.auditReadsMax) {
				return this.#result({ source: source.name, generation: -1, hash: null });
			}
			const isWithin = from?.source === source.name && from.generation >= 0;
			const stopped = await this.#source(source, isWithin ? from : null);
			if (stopped !== null) return this.#result(stopped);
			this.#sources++;
		}
		return this.#result(null);
	}

	get #reads(): number {
		return this.#records + this.#anchors;
	}

	#result(position: Position | null): Verified {
		return {
			sources: this.#sources,
			records: this.#records,
			anchors: this.#anchors,
			findings: this.#findings,
			...(position === null ? {} : { next: formatPosition(position) }),
		};
	}

	async #all(): Promise<TrailSource[]> {
		const { sources, unit, anchors } = this.#input;
		if (unit !== null) return [sources.unit(unit)];
		const chains = await sources.chains();
		const known = new Set(chains.map((chain) => chain.name));
		for (const instance of Object.keys(anchors.chains)) {
			const chain = sources.chain(instance);
			if (!known.has(chain.name)) chains.push(chain);
		}
		const all = [...chains, ...(await sources.registers()), ...(await sources.unitLogs())];
		return all.sort((one, other) => (one.name < other.name ? -1 : 1));
	}

	/** Walks a log down to its first record. Gives the place where it had to stop. */
	async #source(source: TrailSource, from: Position | null): Promise<Position | null> {
		const first = this.#firstOf(source);
		let generation = from?.generation ?? (await source.newest());
		let hash = from?.hash ?? null;
		if (from === null) await this.#ownAnchor(source, generation);
		while (generation >= first) {
			if (this.#reads >= limits.auditReadsMax) return { source: source.name, generation, hash };
			const count = Math.min(limits.auditReadsAtOnce, generation - first + 1);
			const top = generation;
			const records = await Promise.all(
				Array.from({ length: count }, (_, i) => this.#read(source, top - i)),
			);
			for (const record of records) {
				if (record === null) {
					if (await this.#isPruned(source, generation)) return null;
					this.#report(source.name, generation, "missing");
					hash = null;
				} else if (record !== "damaged") {
					if (hash !== null && record.hash !== hash) {
						this.#report(source.name, generation + 1, "broken");
					}
					if (generation === 1 && record.previous !== null) {
						this.#report(source.name, 1, "missing");
					}
					hash = record.previous;
					for (const head of record.heads) await this.#noted(head);
				} else {
					hash = null;
				}
				generation--;
			}
		}
		return null;
	}

	#firstOf(source: TrailSource): number {
		const instance = source.name.startsWith("chain:") ? source.name.slice("chain:".length) : "";
		return this.#input.anchors.chains[instance]?.first ?? 1;
	}

	/** Where records may go, they go from the oldest on, and the first one stays. */
	async #isPruned(source: TrailSource, generation: number): Promise<boolean> {
		if (!this.#input.isPruning || !source.name.startsWith("unit:") || generation === 1)
			return false;
		return generation === 2 || (await source.read(generation - 1)) === null;
	}

	/** A chain must reach as far as its anchor, with the record that the anchor names. */
	async #ownAnchor(source: TrailSource, newest: number): Promise<void> {
		if (!source.name.startsWith("chain:")) return;
		const anchor = this.#input.anchors.chains[source.name.slice("chain:".length)];
		if (anchor === undefined) return;
		this.#anchors++;
		if (newest < anchor.generation) this.#report(source.name, anchor.generation, "missing");
		else await this.#compare(source, anchor.generation, anchor.hash);
	}

	async #noted(head: NotedHead): Promise<void> {
		let id: UnitId;
		try {
			id = parseUnitId(head.unit);
		} catch (error) {
			if (isDomainError(error)) return;
			throw error;
		}
		this.#anchors++;
		await this.#compare(this.#input.sources.unit(id), head.generation, head.hash);
	}

	async #compare(source: TrailSource, generation: number, hash: string): Promise<void> {
		const record = await this.#attempt(source, generation);
		// What cannot be read is reported where the log itself is walked.
		if (record === "damaged") return;
		if (record !== null) {
			if (record.hash !== hash) this.#report(source.name, generation, "exchanged");
			return;
		}
		const isBelowHead = generation < (await source.newest());
		if (isBelowHead && (this.#input.isPruning || source.name.startsWith("chain:"))) return;
		this.#report(source.name, generation, "missing");
	}

	async #read(source: TrailSource, generation: number): Promise<TrailRecord | "damaged" | null> {
		this.#records++;
		const record = await this.#attempt(source, generation);
		const isWrong = record !== null && record !== "damaged" && record.generation !== generation;
		if (record !== "damaged" && !isWrong) return record;
		this.#report(source.name, generation, "damaged");
		return "damaged";
	}

	async #attempt(source: TrailSource, generation: number): Promise<TrailRecord | "damaged" | null> {
		try {
			return await source.read(generation);
		} catch (error) {
			if (isDomainError(error, "storage_corrupt", "schema_too_new")) return "damaged";
			throw error;
		}
	}

	#report(source: string, generation: number, problem: TrailProblem): void {
		this.#findings.push({ source, generation, problem });
	}
}

function formatPosition({ source, generation, hash }: Position): string {
	return Buffer.from(JSON.stringify([source, generation, hash])).toString("base64url");
}

function parsePosition(text: string): Position {
	try {
		const [source, generation, hash] = JSON.parse(
			Buffer.from(text, "base64url").toString("utf8"),
		) as unknown[];
		if (
			typeof source === "string" &&
			Number.isSafeInteger(generation) &&
			(hash === null || typeof hash === "string")
		) {
			return { source, generation: generation as number, hash };
		}
	} catch {
		// Falls through to the refusal.
	}
	throw new DomainError("invalid_request", "the cursor is not one of this server's", {
		hint: "pass `next` of the answer before, unchanged",
	});
}

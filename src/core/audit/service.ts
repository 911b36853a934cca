/** The audit trail as a service: asked, verified and exported; and the work that keeps it. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type BlobStore, StoreError } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { unavailable } from "../ports/unavailable.ts";
import type { Caller } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import type { Register } from "../register/register.ts";
import { parseUnitId, type UnitId } from "../unit/unit-id.ts";
import { type Anchors, noAnchors } from "./anchors.ts";
import type { AuditChain } from "./chain.ts";
import type { AuditEvent } from "./event.ts";
import { exportTrail } from "./export.ts";
import { type AuditFilter, checkFilter } from "./filter.ts";
import { type EventPage, readPage } from "./query.ts";
import { pruneChains } from "./retention.ts";
import type { TrailSource, TrailSources } from "./source.ts";
import { type Verified, verifyTrail } from "./verify.ts";

export interface AuditServiceDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly log: Log;
	readonly gate: Gate;
	readonly chain: AuditChain;
	readonly anchors: Register<Anchors>;
	readonly sources: TrailSources;
	/** Records of units may be pruned. */
	readonly isPruning: boolean;
	/** How long denials and logins are kept, ms; 0 keeps them all. */
	readonly retentionMs: number;
}

export interface AuditQuery extends AuditFilter {
	readonly limit?: number | undefined;
	readonly cursor?: string | undefined;
}

/** Asks, verifies and exports the trail. */
export class AuditService {
	readonly #deps: AuditServiceDeps;

	constructor(deps: AuditServiceDeps) {
		this.#deps = deps;
	}

	/**
	 * A page of events, newest first. Needs audit.read on the unit that is asked about, and without
	 * one on everything. Fails with `forbidden`, `unit_not_found`, `invalid_request` or
	 * `storage_unavailable`.
	 */
	async query(caller: Caller, query: AuditQuery): Promise<EventPage> {
		const { limit = limits.auditPageDefault, cursor } = query;
		const filter = checkFilter(query);
		if (!Number.isInteger(limit) || limit < 1 || limit > limits.auditPageMax) {
			throw new DomainError("invalid_request", "the limit is not a whole number in range", {
				hint: `give a limit from 1 to ${limits.auditPageMax}`,
			});
		}
		return await this.#asked(caller, filter.unit, async (unit) => {
			return await readPage(await this.#sources(filter, unit), filter, limit, cursor);
		});
	}

	/**
	 * Every event that the filter wants, log by log, each oldest first. The first one is asked for
	 * before this returns, so that a refusal comes first. Fails as `query`.
	 */
	async export(caller: Caller, given: AuditFilter): Promise<AsyncIterable<AuditEvent>> {
		const filter = checkFilter(given);
		return await this.#asked(caller, filter.unit, async (unit) => {
			return exportTrail(await this.#sources(filter, unit), filter);
		});
	}

	/**
	 * Verifies the trail, or one unit's log, as far as one request goes. Fails as `query`.
	 */
	async verify(
		caller: Caller,
		input: { readonly unit?: string | undefined; readonly cursor?: string | undefined },
	): Promise<Verified> {
		const { sources, anchors, isPruning } = this.#deps;
		return await this.#asked(caller, input.unit, async (unit) => {
			const anchored = (await anchors.read()).value ?? noAnchors;
			return await verifyTrail({
				sources,
				anchors: anchored,
				unit,
				isPruning,
				cursor: input.cursor,
			});
		});
	}

	/** Keeps the trail until the signal: writes what queued, anchors it, lets go what is too old. */
	async run(signal: AbortSignal): Promise<void> {
		const { clock, chain, log, retentionMs } = this.#deps;
		let anchoredAt = clock.monotonic();
		let prunedAt = clock.monotonic();
		while (!signal.aborted) {
			await clock.sleep(limits.auditFlushIntervalMs, signal).catch(() => undefined);
			if (signal.aborted) return;
			const now = clock.monotonic();
			try {
				await chain.flush();
				if (chain.isFull || now - anchoredAt > limits.auditAnchorIntervalMs) {
					anchoredAt = now;
					await this.anchor();
				}
				if (retentionMs > 0 && now - prunedAt > limits.auditPruneIntervalMs) {
					prunedAt = now;
					await this.prune();
				}
			} catch (error) {
				log.write("error", "the audit trail could not be written; it will be tried again", {
					error,
				});
			}
		}
	}

	/** Writes what queued and anchors it: now and then, and before a server ends. */
	async anchor(): Promise<void> {
		const { chain, gate, anchors } = this.#deps;
		await chain.anchor(gate, anchors);
	}

	/** Removes denials and logins that are too old. Gives how many records went. */
	async prune(): Promise<number> {
		const { store, gate, anchors, chain, retentionMs } = this.#deps;
		if (retentionMs === 0) return 0;
		const deps = { store, gate, register: anchors, instance: chain.instance };
		return await pruneChains(deps, retentionMs);
	}

	/** Checks the right, writes what queued here, and asks. */
	async #asked<T>(
		caller: Caller,
		unit: string | undefined,
		ask: (unit: UnitId | null) => Promise<T>,
	): Promise<T> {
		const { gate, chain, log } = this.#deps;
		const id = unit === undefined ? null : parseUnitId(unit);
		await gate.authorize(caller, "audit.read", id ?? everything);
		try {
			await chain.flush().catch((error: unknown) => {
				log.write("warn", "denials and logins wait to be written", { error });
			});
			return await ask(id);
		} catch (error) {
			if (error instanceof StoreError) throw unavailable(error);
			throw error;
		}
	}

	/** The logs that can hold what the filter wants. */
	async #sources(filter: AuditFilter, unit: UnitId | null): Promise<TrailSource[]> {
		const { sources } = this.#deps;
		// Only the servers' chains tell of what did not happen.
		if (filter.outcome === "denied" || filter.outcome === "failed") return await sources.chains();
		if (unit !== null) return [sources.unit(unit), ...(await sources.chains())];
		const isOfUnits = filter.prefix !== undefined && filter.prefix !== "";
		const [units, chains, registers] = await Promise.all([
			sources.units(filter.prefix ?? ""),
			sources.chains(),
			isOfUnits ? [] : sources.registers(),
		]);
		return [...units, ...chains, ...registers.filter((source) => !source.isQuiet)];
	}
}

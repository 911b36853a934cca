/** A system unit with one edge, and a graph that says of it what the test wants. */
import { type Core, createCore } from "../../src/core/core.ts";
import { silentLog } from "../../src/core/ports/log.ts";
import { silentMetrics } from "../../src/core/ports/metrics.ts";
import type { Caller } from "../../src/core/principal.ts";
import { decideAdminOnly } from "../../src/core/rbac/grant.ts";
import type { LiveValues, RefreshOutcome } from "../../src/core/system-unit/refresher.ts";
import type { LockInfo, UnitRecord } from "../../src/core/unit/record.ts";
import { stateKeyOfUnit, systemUnitId } from "../../src/core/unit/unit-id.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "./core.ts";

const id = systemUnitId;

export const alice: Caller = {
	principal: { id: "alice", credentialKind: "admin-token", loginId: "alice" },
	surface: "http-backend",
	requestId: "test",
};

export const lockInfo = (lockId: string): LockInfo => ({
	ID: lockId,
	Operation: "OperationTypeApply",
});

/** A state with one edge, as a user's apply leaves it. */
export function edgeState(serial: number, digest: string | null = null, lineage = "line"): string {
	return `{
  "version": 4, "terraform_version": "1.11.4", "serial": ${serial}, "lineage": "${lineage}",
  "outputs": {"big": {"value": 123456789012345678901234567890, "type": "number"}},
  "resources": [{
    "mode": "managed", "type": "opentaco_dependency", "name": "x",
    "provider": "provider[\\"registry.terraform.io/digger/opentaco\\"]",
    "instances": [{"index_key": "k", "attributes": {"from_unit_id": "a", "from_output": "o", "to_unit_id": "b", "to_input": null, "in_digest": ${JSON.stringify(digest)}, "out_digest": null, "status": "unknown", "last_in_at": null, "last_out_at": null}}]
  }]
}
`;
}

/** The same when the graph has this digest. */
export function shownState(serial: number, digest: string): string {
	return edgeState(serial)
		.replace('"in_digest": null', `"in_digest": "${digest}"`)
		.replace('"unknown"', '"pending"')
		.replace('"last_in_at": null', '"last_in_at": "2026-01-01T00:00:00Z"');
}

/** What the graph says of every edge. */
export const pending = (inDigest: string) =>
	({
		inDigest,
		outDigest: null,
		status: "pending",
		lastInAt: "2026-01-01T00:00:00Z",
		lastOutAt: null,
	}) as const;

export class SystemUnitBench {
	/** How far the store's clock is ahead, ms. */
	laterMs = 0;
	/** The digest that the graph has for the edge; null while it knows nothing. */
	digest: string | null = null;
	readonly store = new MemoryStore({ now: () => realClock.now() + this.laterMs });
	readonly core: Core = this.open();

	/** Another server on the store; with null it shows what its own graph knows. */
	open(liveValues: LiveValues | null = () => this.#liveValues()): Core {
		const core = createCore({
			store: this.store,
			clock: realClock,
			random: realRandom,
			log: silentLog,
			metrics: silentMetrics,
			decide: decideAdminOnly,
			settings: testSettings,
		});
		if (liveValues !== null) core.parts.systemState.useLiveValues(liveValues);
		return core;
	}

	async #liveValues(): ReturnType<LiveValues> {
		const { digest } = this;
		return () => (digest === null ? undefined : pending(digest));
	}

	async create(): Promise<void> {
		await this.core.units.create(alice, id, { labels: {} });
	}

	write(text: string, lockId: string | null = null, more: object = {}) {
		const body = new TextEncoder().encode(text);
		return this.core.states.write(alice, id, {
			...{ body, lockId, md5: null, force: false, autoCreate: false, ...more },
		});
	}

	refresh(): Promise<RefreshOutcome> {
		return this.core.parts.systemState.refresh();
	}

	async head(): Promise<UnitRecord> {
		return (await this.core.parts.unitLog.confirm(id)).record as UnitRecord;
	}

	async read(options: { version?: number; shownAs?: string } = {}): Promise<string> {
		const { body } = await this.core.states.read(alice, id, options);
		return await new Response(body as ReadableStream<Uint8Array>).text();
	}

	/** The plain object, once all that goes on beside requests has ended. */
	async plain(): Promise<string> {
		await this.core.tasks.idle();
		const blob = await this.store.get(stateKeyOfUnit(id));
		return blob.found ? Buffer.from(blob.bytes).toString("utf8") : "";
	}
}

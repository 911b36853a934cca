/**
 * This server's own chain of denials and logins. Answering a request never waits for it: entries
 * queue in bounded memory, are written together, and are counted where they come too fast, so that
 * a flood of denials costs neither memory nor a flood of writes. Anchors name the chain's head and
 * the heads of the units that this server changed, so that a cut tail shows.
 */
import { limits } from "../limits.ts";
import { recordHash } from "../log/head-finder.ts";
import { RecordLog } from "../log/record-log.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { type Random, randomId } from "../ports/random.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Denial, Gate } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import type { Register } from "../register/register.ts";
import { encodeUnitRecord, type UnitRecord } from "../unit/record.ts";
import { type Anchor, type Anchors, noAnchors } from "./anchors.ts";
import {
	type AuditEntry,
	type AuditRecord,
	auditCodec,
	auditSchema,
	chainName,
	type NotedHead,
} from "./chain-record.ts";

export interface AuditChainDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
	readonly log: Log;
	readonly headAgeMaxMs: number;
	readonly actDeadlineMs: number;
}

/** A login that was tried, as the server saw it. */
export interface LoginAttempt {
	readonly outcome: "success" | "failed";
	/** `login.password`, `login.token`, `token.refresh` and the like. */
	readonly operation: string;
	/** Absent when nobody proved to be anybody. */
	readonly caller?: Caller | undefined;
	readonly requestId: string | null;
	readonly address: string | null;
	/** No secret. */
	readonly detail?: string | undefined;
}

/** Writes this server's chain. */
export class AuditChain {
	#instance: string | null = null;
	readonly #deps: AuditChainDeps;
	readonly #chain: RecordLog<AuditRecord>;
	#queue: AuditEntry[] = [];
	#dropped = 0;
	#minuteFrom = 0;
	#inMinute = 0;
	#heads = new Map<string, NotedHead>();
	#anchoredGeneration = 0;
	#writing: Promise<void> = Promise.resolve();

	constructor(deps: AuditChainDeps) {
		this.#deps = deps;
		this.#chain = new RecordLog<AuditRecord>({
			...deps,
			codec: auditCodec,
			headsCachedMax: 1,
			prunesRecords: false,
		});
	}

	/** Names the chain: one for each run of a server that has something to say. */
	get instance(): string {
		this.#instance ??= randomId(this.#deps.random);
		return this.#instance;
	}

	/** Notes a denial of the gate. */
	denied(denial: Denial): void {
		const { caller, action, resource } = denial;
		this.#add({
			kind: "denial",
			outcome: "denied",
			operation: action,
			unit: resource === everything ? null : resource,
			detail: null,
			...entryOf(caller),
		});
	}

	/** Notes a login, or one that failed. */
	login(attempt: LoginAttempt): void {
		const { caller, outcome, operation } = attempt;
		const nobody = {
			principal: "",
			credentialKind: null,
			loginId: null,
			email: null,
			surface: null,
		};
		this.#add({
			kind: "login",
			outcome,
			operation,
			unit: null,
			detail: attempt.detail ?? null,
			...(caller === undefined ? nobody : entryOf(caller)),
			requestId: attempt.requestId,
			address: attempt.address,
		});
	}

	#add(entry: Omit<AuditEntry, "time">): void {
		const now = this.#deps.clock.monotonic();
		if (now - this.#minuteFrom >= 60_000) {
			this.#minuteFrom = now;
			this.#inMinute = 0;
		}
		const isTooFast = this.#inMinute >= limits.auditEntriesPerMinuteMax;
		if (isTooFast || this.#queue.length >= limits.auditQueueMax) {
			this.#dropped++;
			return;
		}
		this.#inMinute++;
		const time = new Date(this.#deps.clock.now()).toISOString();
		this.#queue.push(bounded({ time, ...entry }));
	}

	/** Notes the record that this server appended to a unit, for the next anchor. */
	noteHead(unit: string, record: UnitRecord): void {
		if (!this.#heads.has(unit) && this.#heads.size >= limits.auditHeadsPerAnchorMax) return;
		const hash = recordHash(encodeUnitRecord(record));
		this.#heads.set(unit, { unit, generation: record.generation, hash });
	}

	/** Whether so many heads wait for an anchor that it should not. */
	get isFull(): boolean {
		return this.#heads.size >= limits.auditHeadsPerAnchorMax;
	}

	/** Writes what has queued. Fails as RecordLog.act; what was not written stays queued. */
	async flush(): Promise<void> {
		await this.#inTurn(async () => {
			while (this.#queue.length > 0 || this.#dropped > 0) await this.#write([]);
		});
	}

	/**
	 * Writes what has queued and the heads of the units that changed, and then where the chain has
	 * come to into the register. Fails as `flush` and as Register.update.
	 */
	async anchor(gate: Gate, register: Register<Anchors>): Promise<void> {
		await this.#inTurn(async () => {
			const heads = [...this.#heads.values()];
			if (heads.length > 0) {
				await this.#write(heads);
				for (const head of heads) {
					if (this.#heads.get(head.unit)?.hash === head.hash) this.#heads.delete(head.unit);
				}
			}
			while (this.#queue.length > 0 || this.#dropped > 0) await this.#write([]);
			const head = this.#chain.lastSeen(chainName(this.instance));
			if (head === undefined || head.hash === null) return;
			if (head.generation === this.#anchoredGeneration) return;
			const grant = await gate.authorize(systemCaller(), "system.manage", everything);
			const at = new Date(this.#deps.clock.now()).toISOString();
			const { generation, hash } = head;
			await register.update(grant, (anchors) => {
				const chains = (anchors ?? noAnchors).chains;
				const anchor: Anchor = { first: chains[this.instance]?.first ?? 1, generation, hash, at };
				const value = withAnchor(chains, this.instance, anchor);
				return { operation: "audit.anchor", value, result: undefined };
			});
			this.#anchoredGeneration = generation;
		});
	}

	async #write(heads: readonly NotedHead[]): Promise<void> {
		const entries = this.#queue.slice(0, limits.auditBatchMax);
		const dropped = this.#dropped;
		this.#queue = this.#queue.slice(entries.length);
		this.#dropped = 0;
		try {
			await this.#chain.act<void>(chainName(this.instance), () => ({
				append: {
					schema: auditSchema,
					instance: this.instance,
					time: new Date(this.#deps.clock.now()).toISOString(),
					entries,
					dropped,
					heads,
				},
				result: () => undefined,
			}));
		} catch (error) {
			const room = Math.max(limits.auditQueueMax - this.#queue.length, 0);
			this.#queue = [...entries.slice(0, room), ...this.#queue];
			this.#dropped += dropped + Math.max(entries.length - room, 0);
			throw error;
		}
	}

	async #inTurn(work: () => Promise<void>): Promise<void> {
		const turn = this.#writing.then(work, work);
		this.#writing = turn.catch(() => undefined);
		await turn;
	}
}

/** The platform as a caller of its own. */
export function systemCaller(): Caller {
	return { principal: systemPrincipal, surface: "system", requestId: "audit" };
}

function withAnchor(
	chains: Readonly<Record<string, Anchor>>,
	instance: string,
	anchor: Anchor,
): Anchors {
	// The longest silent ones give way: the register must not grow for ever.
	const newest = Object.entries({ ...chains, [instance]: anchor })
		.sort(([, one], [, other]) => (one.at < other.at ? 1 : -1))
		.slice(0, limits.auditInstancesMax);
	return { schema: 1, chains: Object.fromEntries(newest) };
}

function entryOf(caller: Caller) {
	const { id, credentialKind, loginId, email } = caller.principal;
	return {
		principal: id,
		credentialKind,
		loginId,
		email: email ?? null,
		surface: caller.surface,
		requestId: caller.requestId,
		address: caller.address ?? null,
	};
}

function bounded(entry: AuditEntry): AuditEntry {
	const cut = (text: string) => text.slice(0, limits.auditFieldBytesMax);
	return {
		...entry,
		principal: cut(entry.principal),
		operation: cut(entry.operation),
		unit: entry.unit === null ? null : cut(entry.unit),
		detail: entry.detail === null ? null : cut(entry.detail),
	};
}

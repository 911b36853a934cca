/** Requests of clients: sent, answered or not, recorded. */
import type { Core } from "../../src/core/core.ts";
import type { LockClaim } from "../../src/core/lock/rules.ts";
import type { Caller } from "../../src/core/principal.ts";
import type { LockInfo } from "../../src/core/unit/record.ts";
import type { UnitId } from "../../src/core/unit/unit-id.ts";
import { type Attempt, type AttemptResult, type Intent, repeatable } from "./history.ts";
import type { Prng } from "./prng.ts";
import type { Scheduler } from "./scheduler.ts";
import { withCoreOf } from "./scopes.ts";
import type { SimServer } from "./server.ts";

/** A client stops waiting for a reply after this, ms. */
const patienceMs = 12_000;

const decoder = new TextDecoder();

/** What a state says, as far as clients look. */
export interface StateText {
	readonly serial: number;
	readonly lineage: string;
	/** What its edge shows; absent when it declares none. */
	readonly edge?: EdgeText;
}

/** The computed attributes of an edge. */
export interface EdgeText {
	readonly in_digest: string | null;
	readonly out_digest: string | null;
	readonly status: string;
}

export const newEdge: EdgeText = { in_digest: null, out_digest: null, status: "unknown" };

/** What the system unit's edge is between. */
export const edgeEnds = { upstream: "app/prod", downstream: "other" };

/** `edge`: what the state says of its edge, if it declares one. */
export function stateBytes(
	serial: number,
	lineage: string,
	mark: string,
	edge?: EdgeText,
): Uint8Array {
	const resources = edge === undefined ? "" : edgeResource(edge);
	return new TextEncoder().encode(
		`{"version":4,"terraform_version":"1.11.4","serial":${serial},"lineage":"${lineage}","outputs":{"o":{"value":"${mark}","type":"string"}},"resources":[${resources}]}\n`,
	);
}

function edgeResource({ in_digest, out_digest, status }: EdgeText): string {
	const provider = 'provider[\\"registry.terraform.io/digger/opentaco\\"]';
	const computed = Object.entries({ in_digest, out_digest, status });
	const values = computed.map(([name, value]) => `"${name}": ${JSON.stringify(value)} `);
	const { upstream, downstream } = edgeEnds;
	return `{"mode":"managed","type":"opentaco_dependency","name":"x","provider":"${provider}","instances":[{"attributes":{"from_unit_id":"${upstream}","from_output":"o","to_unit_id":"${downstream}",${values.join(",")}}}]}`;
}

export function parseState(bytes: Uint8Array): StateText {
	const { serial, lineage, resources } = JSON.parse(decoder.decode(bytes));
	const edge = resources?.[0]?.instances?.[0]?.attributes as EdgeText | undefined;
	return { serial, lineage, ...(edge === undefined ? {} : { edge }) };
}

export function sha256(bytes: Uint8Array): string {
	return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

export const nothing: AttemptResult = {
	generation: null,
	sha256: null,
	isUnchanged: false,
	lockId: null,
};

/** What a request does at a server. */
export type Act = (core: Core, caller: Caller, unit: UnitId) => Promise<AttemptResult>;

export interface Desk {
	readonly scheduler: Scheduler;
	readonly prng: Prng;
	readonly servers: readonly SimServer[];
	readonly attempts: Attempt[];
	readonly unitIds: ReadonlyMap<string, UnitId>;
}

/** What the client knows after a request: `given_up` when no reply came. */
export interface Seen {
	readonly outcome: "ok" | "failed" | "unknown";
	readonly code: string;
	readonly result: AttemptResult | null;
}

/** Sends one request to a server and waits for its reply as long as clients do. */
export async function send(desk: Desk, server: SimServer, intent: Intent, act: Act): Promise<Seen> {
	const { scheduler, prng, attempts } = desk;
	if (server.machine.isDead)
		return { outcome: "failed", code: "storage_unavailable", result: null };
	return await new Promise<Seen>((resolve) => {
		scheduler.after(prng.between(0, 5), "request", () =>
			server.machine.deliver("request", () => {
				const attempt: Attempt = {
					...intent,
					id: `a${attempts.length}`,
					server: server.name,
					start: scheduler.now,
					end: null,
					outcome: "open",
					code: "",
					error: null,
					result: null,
				};
				attempts.push(attempt);
				scheduler.note(
					`${intent.client} ${intent.kind} ${attempt.id} op${intent.op} at ${server.name}`,
				);
				const done = () => {
					attempt.end = scheduler.now;
					scheduler.note(`${attempt.id} ${attempt.outcome} ${attempt.code}`);
					const { outcome, code, result } = attempt;
					const seen: Seen = { outcome: outcome === "open" ? "unknown" : outcome, code, result };
					scheduler.after(1, "reply", () => resolve(seen));
				};
				perform(server, attempt, desk, act).then(done, done);
			}),
		);
		scheduler.after(patienceMs, "patience", () =>
			resolve({ outcome: "unknown", code: "given_up", result: null }),
		);
	});
}

async function perform(server: SimServer, attempt: Attempt, desk: Desk, act: Act): Promise<void> {
	const caller: Caller = {
		principal: { id: attempt.principal, credentialKind: "admin-token", loginId: attempt.principal },
		surface: attempt.surface ?? "http-backend",
		requestId: attempt.id,
	};
	const unit = desk.unitIds.get(attempt.unit);
	if (unit === undefined) throw new Error("a unit of nobody");
	try {
		attempt.result = await withCoreOf(server, attempt.unit, (core) => act(core, caller, unit));
		attempt.outcome = "ok";
	} catch (error) {
		const code = (error as { code?: unknown }).code;
		attempt.error = error;
		attempt.code = typeof code === "string" ? code : error === cutOff ? "body_cut_off" : "crash";
		attempt.outcome = code === "outcome_unknown" ? "unknown" : "failed";
	}
}

/** Sends a request, and the same again up to twice while its outcome is open, as Terraform does. */
export async function insist(
	desk: Desk,
	choose: () => SimServer,
	intent: Intent,
	act: Act,
): Promise<Seen> {
	for (let attempt = 1; ; attempt++) {
		const seen = await send(desk, choose(), intent, act);
		if (seen.outcome === "ok" || !repeatable.has(seen.code) || attempt === 3) return seen;
		await desk.scheduler.sleep(desk.prng.between(50, 1000));
	}
}

export function lockInfo(id: string, operation: string): LockInfo {
	return {
		ID: id,
		Operation: operation,
		Info: "",
		Who: "somebody@somewhere",
		Version: "1.11.4",
		Created: "2026-01-01T00:00:00Z",
		Path: "",
	};
}

export const acts = {
	lock(lockId: string, operation = "OperationTypeApply"): Act {
		return async (core, caller, unit) => {
			const lock = await core.locks.lock(caller, unit, lockInfo(lockId, operation), {
				autoCreate: true,
			});
			return { ...nothing, lockId: lock.info.ID };
		};
	},
	unlock(lockId: string): Act {
		return async (core, caller, unit) => {
			await core.locks.unlock(caller, unit, lockId);
			return nothing;
		};
	},
	forceUnlock(): Act {
		return async (core, caller, unit) => {
			const lock = await core.locks.forceUnlock(caller, unit);
			return { ...nothing, lockId: lock?.info.ID ?? null };
		};
	},
	/** `isStreamed`: as surfaces hand on what is too large to be held. */
	write(bytes: Uint8Array, lockId: LockClaim, isStreamed = false): Act {
		return async (core, caller, unit) => {
			const written = await core.states.write(caller, unit, {
				body: isStreamed ? { stream: streamOf(bytes), size: bytes.length } : bytes.slice(),
				lockId,
				md5: null,
				force: false,
				autoCreate: true,
			});
			return {
				...nothing,
				generation: written.version.generation,
				sha256: written.version.sha256,
				isUnchanged: written.isUnchanged,
			};
		};
	},
	/** `give` gets the bytes. */
	read(give: (bytes: Uint8Array) => void): Act {
		return async (core, caller, unit) => {
			const read = await core.states.read(caller, unit);
			const bytes =
				read.body instanceof Uint8Array
					? read.body
					: await collect(read.body).catch(() => Promise.reject(cutOff));
			give(bytes);
			return {
				...nothing,
				generation: read.version?.generation ?? null,
				sha256: sha256(bytes),
			};
		};
	},
	get(): Act {
		return async (core, caller, unit) => {
			const summary = await core.units.get(caller, unit);
			return {
				...nothing,
				generation: summary.generation,
				sha256: summary.current?.sha256 ?? null,
				lockId: summary.lock?.info.ID ?? null,
			};
		};
	},
	update(value: string): Act {
		return async (core, caller, unit) => {
			const summary = await core.units.update(caller, unit, { labels: { value } });
			return { ...nothing, generation: summary.generation };
		};
	},
	delete(isForced: boolean): Act {
		return async (core, caller, unit) => {
			await core.units.delete(caller, unit, { force: isForced });
			return nothing;
		};
	},
	undelete(): Act {
		return async (core, caller, unit) => {
			await core.units.undelete(caller, unit);
			return nothing;
		};
	},
	create(): Act {
		return async (core, caller, unit) => {
			await core.units.create(caller, unit, { labels: {} });
			return nothing;
		};
	},
	restore(number: number, lockId: string | null): Act {
		return async (core, caller, unit) => {
			const restored = await core.states.restore(caller, unit, {
				number,
				lockId,
				preview: false,
			});
			return {
				...nothing,
				generation: restored.version?.generation ?? null,
				sha256: restored.version?.sha256 ?? null,
			};
		};
	},
};

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
	const half = bytes.length >> 1;
	const pieces = [bytes.slice(0, half), bytes.slice(half)];
	return new ReadableStream<Uint8Array>(
		{
			pull(controller) {
				const piece = pieces.shift();
				if (piece === undefined) controller.close();
				else controller.enqueue(piece);
			},
		},
		{ highWaterMark: 0 },
	);
}

/** A stream that broke off: the client of a surface sees a connection that ends too early. */
const cutOff = new Error("the body was cut off");

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
	const reader = stream.getReader();
	const chunks: Uint8Array[] = [];
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return Buffer.concat(chunks);
		chunks.push(value);
	}
}

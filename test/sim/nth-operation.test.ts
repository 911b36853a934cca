/**
 * Each use case with its first, second, third … call of the store failing: before its effect or
 * after it, once or from then on. Whatever was answered, the invariants hold, and when the store
 * is well again everything works.
 */
import { describe, expect, test } from "bun:test";
import type { UnitId } from "../../src/core/unit/unit-id.ts";
import { Bucket } from "./bucket.ts";
import { checkAll } from "./checkers/all.ts";
import { chainOf } from "./checkers/chain.ts";
import { checkShown } from "./checkers/overlays.ts";
import { checkConvergence } from "./checkers/projections.ts";
import {
	type Act,
	acts,
	type Desk,
	type EdgeText,
	insist,
	lockInfo,
	newEdge,
	sha256,
	stateBytes,
} from "./client.ts";
import { type Code, loadCode } from "./code.ts";
import type { CallFaults, CallPlan } from "./faults.ts";
import type { Attempt, AttemptKind, Intent, Violation } from "./history.ts";
import { Prng } from "./prng.ts";
import { Scheduler } from "./scheduler.ts";
import { type SimServer, startServer } from "./server.ts";
import { mixOf, times } from "./swarm.ts";

const code: Code = await loadCode();
const unit = "app/prod";
const stateKey = `${unit}/terraform.tfstate`;

const modes = [
	{ fault: "error-before", isLasting: false },
	{ fault: "error-after", isLasting: false },
	{ fault: "error-before", isLasting: true },
	{ fault: "error-after", isLasting: true },
	{ fault: "sent-twice", isLasting: true },
] as const;

class NthFails implements CallFaults {
	readonly #nth: number;
	readonly #mode: (typeof modes)[number];
	isArmed = false;
	calls = 0;

	constructor(nth: number, mode: (typeof modes)[number]) {
		this.#nth = nth;
		this.#mode = mode;
	}

	call(): CallPlan {
		const plan = { effectMs: 1, replyMs: 1, lateMs: 1, staleMs: 1, sleepMs: 0 };
		if (!this.isArmed) return { ...plan, fault: null };
		this.calls++;
		const isHit = this.#mode.isLasting ? this.calls >= this.#nth : this.calls === this.#nth;
		return { ...plan, fault: isHit ? this.#mode.fault : null };
	}
}

class Bench {
	readonly scheduler: Scheduler;
	readonly bucket: Bucket;
	readonly faults: NthFails;
	readonly server: SimServer;
	readonly desk: Desk;
	readonly found: Violation[] = [];
	readonly attempts: Attempt[] = [];
	readonly id: UnitId = code.parseUnitId(unit);
	#ops = 0;

	/** `hasEdge`: the unit is the system unit; the units of its edge are not there. */
	constructor(seed: string, faults: NthFails, hasEdge: boolean) {
		this.scheduler = new Scheduler(new Prng(seed));
		this.bucket = new Bucket(this.scheduler, 1);
		this.faults = faults;
		const settings = { ...mixOf(seed, "pruning").settings, versionsKept: 2 };
		this.server = startServer(
			{
				...{ code, scheduler: this.scheduler, bucket: this.bucket, faults, settings },
				systemUnit: hasEdge ? this.id : undefined,
			},
			"server0",
			seed,
			0,
		);
		this.desk = {
			scheduler: this.scheduler,
			prng: new Prng(`${seed}/network`),
			servers: [this.server],
			attempts: this.attempts,
			unitIds: new Map([[unit, this.id]]),
		};
	}

	async ask(kind: AttemptKind, act: Act, more: Partial<Intent> = {}): Promise<string> {
		const intent: Intent = {
			op: this.#ops++,
			client: "client",
			principal: "admin",
			unit,
			kind,
			lockId: null,
			sha256: null,
			isForced: false,
			...more,
		};
		const seen = await insist(this.desk, () => this.server, intent, act);
		return seen.outcome === "ok" ? "ok" : seen.code;
	}

	lock(lockId: string): Promise<string> {
		return this.ask("lock", acts.lock(lockId), { lockId });
	}

	unlock(lockId: string): Promise<string> {
		return this.ask("unlock", acts.unlock(lockId), { lockId });
	}

	write(
		serial: number,
		lockId: string | null = null,
		isStreamed = false,
		edge?: EdgeText,
	): Promise<string> {
		const bytes = stateBytes(serial, "lineage", "mark", edge);
		const act = acts.write(bytes, lockId, isStreamed);
		return this.ask("write", act, { lockId, sha256: sha256(bytes) });
	}

	plain(serial: number): void {
		this.bucket.put(stateKey, stateBytes(serial, "lineage", "plain"), "foreign", 0);
	}

	rest(): Promise<void> {
		return this.server.core.tasks.idle();
	}

	/** Whatever the case left behind: all is well as soon as the store is. */
	async recover(): Promise<void> {
		const { scheduler } = this;
		await scheduler.sleep(times.projectionSettleMs + times.actDeadlineMs);
		await this.server.core.parts.sweeper.sweep(new AbortController().signal, true);
		await this.rest();
		const chain = chainOf(unit, this.bucket.history);
		this.found.push(...checkConvergence(chain, this.bucket));
		const edges = await this.server.core.graph.declaredEdges();
		this.found.push(...checkShown(chain, this.bucket, edges));
		const broken = await this.ask("force-unlock", acts.forceUnlock());
		const results = [
			broken === "unit_not_found" ? "ok" : broken,
			await this.lock("last"),
			await this.write(1_000_000, "last"),
			await this.ask(
				"read",
				acts.read(() => {}),
			),
			await this.unlock("last"),
		];
		if (results.some((result) => result !== "ok")) {
			this.found.push({ invariant: "I15", what: `afterwards: ${results.join(", ")}` });
		}
		await this.rest();
	}
}

interface UseCase {
	readonly name: string;
	readonly hasEdge?: boolean;
	readonly prepare?: (bench: Bench) => Promise<unknown>;
	readonly run: (bench: Bench) => Promise<unknown>;
}

const withState = async (bench: Bench) => {
	await bench.lock("first");
	await bench.write(1, "first");
	await bench.unlock("first");
	await bench.rest();
};
const withLock = async (bench: Bench) => {
	await withState(bench);
	await bench.lock("held");
	await bench.rest();
};
const deleted = async (bench: Bench) => {
	await withState(bench);
	await bench.ask("delete", acts.delete(false));
	await bench.rest();
};
const aged = async (bench: Bench) => {
	for (let serial = 1; serial <= 6; serial++) await bench.write(serial);
	await bench.rest();
	await bench.scheduler.sleep(times.pruneGraceMs + 2000);
	await bench.write(7);
	await bench.rest();
};

const useCases: readonly UseCase[] = [
	{ name: "create", run: (bench) => bench.ask("create", acts.create()) },
	{ name: "the first lock of a unit", run: (bench) => bench.lock("a") },
	{ name: "the first write of a unit", run: (bench) => bench.write(1) },
	{ name: "lock", prepare: withState, run: (bench) => bench.lock("a") },
	{ name: "lock that is held", prepare: withLock, run: (bench) => bench.lock("other") },
	{ name: "lock again", prepare: withLock, run: (bench) => bench.lock("held") },
	{ name: "write under a lock", prepare: withLock, run: (bench) => bench.write(2, "held") },
	{ name: "write without a lock", prepare: withState, run: (bench) => bench.write(2) },
	{
		name: "write of a stream",
		prepare: withLock,
		run: (bench) => bench.write(2, "held", true),
	},
	{ name: "labels", prepare: withState, run: (bench) => bench.ask("update", acts.update("a")) },
	{ name: "write of the same bytes", prepare: withState, run: (bench) => bench.write(1) },
	{ name: "write of an old serial", prepare: withState, run: (bench) => bench.write(0) },
	{ name: "unlock", prepare: withLock, run: (bench) => bench.unlock("held") },
	{ name: "unlock again", prepare: withState, run: (bench) => bench.unlock("first") },
	{
		name: "force-unlock",
		prepare: withLock,
		run: (bench) => bench.ask("force-unlock", acts.forceUnlock()),
	},
	{
		name: "read",
		prepare: withState,
		run: (bench) =>
			bench.ask(
				"read",
				acts.read(() => {}),
			),
	},
	{ name: "get", prepare: withState, run: (bench) => bench.ask("get", acts.get()) },
	{ name: "delete", prepare: withLock, run: (bench) => bench.ask("delete", acts.delete(true)) },
	{ name: "undelete", prepare: deleted, run: (bench) => bench.ask("undelete", acts.undelete()) },
	{ name: "lock of a deleted unit", prepare: deleted, run: (bench) => bench.lock("a") },
	{
		name: "restore",
		prepare: async (bench) => {
			await withState(bench);
			await bench.write(2);
			await bench.rest();
		},
		run: (bench) => bench.ask("restore", acts.restore(1, null)),
	},
	{
		name: "adoption by a lock",
		prepare: async (bench) => bench.plain(3),
		run: (bench) => bench.lock("a"),
	},
	{
		name: "adoption by a write",
		prepare: async (bench) => bench.plain(3),
		run: (bench) => bench.write(4),
	},
	{
		name: "adoption of a locked state",
		prepare: async (bench) => {
			bench.plain(3);
			const text = JSON.stringify(lockInfo("theirs", "apply"));
			bench.bucket.put(`${stateKey}.tflock`, new TextEncoder().encode(text), "foreign", 0);
		},
		run: (bench) => bench.lock("a"),
	},
	{
		name: "read of a plain state",
		prepare: async (bench) => bench.plain(3),
		run: (bench) =>
			bench.ask(
				"read",
				acts.read(() => {}),
			),
	},
	{
		name: "somebody else's write, found by a sweep",
		prepare: async (bench) => {
			await withState(bench);
			bench.plain(2);
		},
		run: (bench) =>
			bench.server.core.parts.sweeper
				.sweep(new AbortController().signal, true)
				.catch(() => undefined),
	},
	{
		name: "live values",
		hasEdge: true,
		prepare: async (bench) => {
			await bench.lock("held");
			await bench.write(1, "held", false, { ...newEdge, in_digest: "old" });
			await bench.rest();
		},
		run: async (bench) => {
			await bench.unlock("held");
			await bench.rest();
		},
	},
	{
		name: "pruning",
		prepare: aged,
		run: (bench) => bench.server.core.parts.pruner.prune(bench.id).catch(() => undefined),
	},
];

/** One case with one fault; gives whether the fault was reached. */
async function tryOnce(useCase: UseCase, nth: number, mode: (typeof modes)[number]) {
	const faults = new NthFails(nth, mode);
	const bench = new Bench(`${useCase.name} ${nth}`, faults, useCase.hasEdge ?? false);
	const story = async () => {
		await useCase.prepare?.(bench);
		faults.isArmed = true;
		await useCase.run(bench);
		await bench.rest();
		faults.isArmed = false;
		await bench.recover();
	};
	const hasEnded = await bench.scheduler.runUntil(story(), 20_000);
	const violations = [
		...bench.found,
		...checkAll({
			hasForeign: true,
			attempts: bench.attempts,
			history: bench.bucket.history,
			killed: new Set(),
			bucket: bench.bucket,
			units: [unit],
		}),
	];
	if (!hasEnded) violations.push({ invariant: "I15", what: "it does not end" });
	return { wasReached: faults.calls >= nth, violations };
}

describe("the nth call of the store fails", () => {
	test.each(useCases.map((useCase) => [useCase.name, useCase] as const))(
		"%s",
		async (_name, useCase) => {
			let tried = 0;
			for (const mode of modes) {
				for (let nth = 1; nth <= 200; nth++) {
					const { wasReached, violations } = await tryOnce(useCase, nth, mode);
					if (violations.length > 0) {
						const what = violations.map((one) => `${one.invariant} ${one.what}`).join("\n");
						throw new Error(
							`call ${nth}, ${mode.fault} ${mode.isLasting ? "from then on" : "once"}:\n${what}`,
						);
					}
					if (!wasReached) break;
					tried++;
				}
			}
			expect(tried).toBeGreaterThan(0);
		},
		120_000,
	);
});

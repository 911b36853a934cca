/** One run: a seed in, violations out. */
import type { UnitId } from "../../src/core/unit/unit-id.ts";
import { Bucket, type Change } from "./bucket.ts";
import { checkAll } from "./checkers/all.ts";
import { type Chain, chainOf } from "./checkers/chain.ts";
import { checkShown } from "./checkers/overlays.ts";
import { checkConvergence } from "./checkers/projections.ts";
import { acts, type Desk, lockInfo, newEdge, send, sha256, stateBytes } from "./client.ts";
import type { Code } from "./code.ts";
import { type FaultNote, FaultPlan } from "./faults.ts";
import type { Attempt, AttemptKind, Violation } from "./history.ts";
import { Prng } from "./prng.ts";
import { Scheduler } from "./scheduler.ts";
import { byScope, inOrganization, localName, plainKeyOf, viewFor, withCoreOf } from "./scopes.ts";
import { type SimServer, startServer } from "./server.ts";
import { type Focus, type Mix, mixOf, times } from "./swarm.ts";
import { Client, type Workplace, writeBehindOurBack } from "./workload.ts";

export interface RunOptions {
	readonly focus?: Focus;
	/** Faults that are left out. */
	readonly without?: ReadonlySet<string>;
	readonly isTracing?: boolean;
}

/** Everything that a run leaves behind, for the checkers. */
export interface Run {
	/** Somebody else writes the plain objects. */
	readonly hasForeign: boolean;
	readonly attempts: readonly Attempt[];
	readonly history: readonly Change[];
	/** Servers that were killed. */
	readonly killed: ReadonlySet<string>;
	/** The bucket at the end. */
	readonly bucket: Bucket;
	readonly units: readonly string[];
}

export interface RunReport {
	readonly seed: string;
	readonly violations: readonly Violation[];
	readonly traceHash: string;
	readonly trace: readonly string[];
	readonly faults: readonly FaultNote[];
	readonly events: number;
	readonly calls: number;
	readonly attempts: number;
}

/** A run that has not come to rest after so many events never will. */
const eventsMax = 60_000;

const lister = { id: "admin", credentialKind: "admin-token", loginId: "admin" } as const;

const unitNames = ["app", "app/prod", "other"];
/** What the other organization's are called; the first is called the same. */
const otherNames = ["app", "other", "own"];

export async function runSeed(
	code: Code,
	seed: string,
	options: RunOptions = {},
): Promise<RunReport> {
	const mix = mixOf(seed, options.focus);
	const scheduler = new Scheduler(new Prng(`${seed}/order`), {
		isTracing: options.isTracing ?? false,
	});
	const bucket = new Bucket(scheduler, mix.dateStepMs);
	const faults = new FaultPlan(seed, mix.profile, options.without);
	const world = new World(code, seed, mix, scheduler, bucket, faults);
	const isOver = await scheduler.runUntil(world.run(), eventsMax);
	const violations = [...world.found];
	if (!isOver)
		violations.push({ invariant: "I15", what: `no end after ${scheduler.count} events` });
	violations.push(...checkAll(world.result()));
	return {
		seed,
		violations,
		traceHash: scheduler.traceHash,
		trace: scheduler.trace,
		faults: faults.happened,
		events: scheduler.count,
		calls: faults.calls,
		attempts: world.place.attempts.length,
	};
}

class World {
	readonly #code: Code;
	readonly #seed: string;
	readonly #mix: Mix;
	readonly #scheduler: Scheduler;
	readonly #bucket: Bucket;
	readonly #faults: FaultPlan;
	readonly #prng: Prng;
	readonly #servers: SimServer[] = [];
	readonly #killed = new Set<string>();
	readonly place: Workplace;
	readonly found: Violation[] = [];
	#machineFaults = 0;
	#isDark = false;
	#started = 0;

	constructor(
		code: Code,
		seed: string,
		mix: Mix,
		scheduler: Scheduler,
		bucket: Bucket,
		faults: FaultPlan,
	) {
		this.#code = code;
		this.#seed = seed;
		this.#mix = mix;
		this.#scheduler = scheduler;
		this.#bucket = bucket;
		this.#faults = faults;
		this.#prng = new Prng(`${seed}/world`);
		const others = mix.hasOrganization ? otherNames.slice(0, mix.units).map(inOrganization) : [];
		const units = [...unitNames.slice(0, mix.units), ...others];
		this.place = {
			mix,
			bucket,
			scheduler,
			prng: new Prng(`${seed}/network`),
			servers: this.#servers,
			attempts: [],
			units,
			systemUnit: mix.hasSystemUnit && units.length > 1 ? (units[0] ?? null) : null,
			unitIds: new Map<string, UnitId>(
				units.map((unit) => [unit, code.parseUnitId(localName(unit))]),
			),
			nextOp: 0,
		};
	}

	result(): Run {
		return {
			hasForeign: this.#mix.foreignEveryMs > 0 || this.#mix.hasPlain,
			attempts: this.place.attempts,
			history: this.#bucket.history,
			killed: this.#killed,
			bucket: this.#bucket,
			units: this.place.units,
		};
	}

	async run(): Promise<void> {
		const mix = this.#mix;
		for (let i = 0; i < mix.servers; i++) this.#servers.push(this.#start());
		if (mix.hasPlain) this.#layPlainObjects();
		const work: Promise<void>[] = [];
		for (let i = 0; i < mix.clients; i++) {
			const prng = new Prng(`${this.#seed}/client${i}`);
			// Every third client comes over S3.
			work.push(new Client(this.place, prng, `client${i}`, i % 3 === 2).run());
		}
		if (mix.foreignEveryMs > 0) {
			work.push(writeBehindOurBack(this.place, new Prng(`${this.#seed}/foreign`)));
		}
		work.push(this.#troubleMachines(), this.#prune(), this.#sweepNowAndThen());
		await Promise.all(work);
		// What is late arrives, what is paused wakes up.
		await this.#scheduler.sleep(Math.max(times.lateMsMax, mix.pauseMsMax) + 6000);
		for (const [i, server] of this.#servers.entries()) {
			if (server.machine.isDead) this.#servers[i] = this.#start();
		}
		await this.#settle();
		await this.#lookForLife();
		await this.#settle();
	}

	#start(): SimServer {
		const { skewMsMax } = this.#mix;
		const name = `server${this.#started++}`;
		return startServer(
			{
				code: this.#code,
				scheduler: this.#scheduler,
				bucket: this.#bucket,
				faults: this.#faults,
				settings: this.#mix.settings,
				systemUnit: this.place.unitIds.get(this.place.systemUnit ?? ""),
			},
			name,
			this.#seed,
			this.#prng.between(-skewMsMax, skewMsMax),
		);
	}

	#layPlainObjects(): void {
		for (const unit of this.place.units) {
			if (this.#prng.chance(0.3)) continue;
			const key = plainKeyOf(unit);
			this.#bucket.put(key, stateBytes(3, `plain-${unit}`, "plain"), "foreign", 0);
			if (!this.#mix.hasPlainLocks || this.#prng.chance(0.4)) continue;
			const suffix = this.#prng.pick([".lock", ".tflock"]);
			const text = JSON.stringify(lockInfo(`plain-lock-${unit}`, "OperationTypeApply"));
			this.#bucket.put(`${key}${suffix}`, new TextEncoder().encode(text), "foreign", 0);
		}
	}

	/** Pauses, kills and restarts machines, and sets their clocks. */
	async #troubleMachines(): Promise<void> {
		const { pauseEveryMs, pauseMsMin, pauseMsMax, killEveryMs, jumpEveryMs, suspends } = this.#mix;
		await Promise.all([
			this.#blackOut(),
			this.#repeatedly(pauseEveryMs, "pause", (server) => {
				const kind = suspends && this.#prng.chance(0.7) ? "suspended" : "stopped";
				server.machine.pause(this.#prng.between(pauseMsMin, pauseMsMax), kind);
			}),
			this.#repeatedly(killEveryMs, "kill", (server, index) => {
				this.#kill(server);
				this.#scheduler.after(this.#prng.between(100, 2000), "restart", () => {
					if (this.#servers[index] === server && !this.#isDark) {
						this.#servers[index] = this.#start();
					}
				});
			}),
			this.#repeatedly(jumpEveryMs, "jump", (server) =>
				server.machine.jump(this.#prng.between(-86_400_000, 86_400_000)),
			),
		]);
	}

	#kill(server: SimServer): void {
		this.#killed.add(server.name);
		server.machine.kill();
	}

	async #blackOut(): Promise<void> {
		const { blackoutAtMs } = this.#mix;
		if (blackoutAtMs === 0) return;
		await this.#scheduler.sleep(blackoutAtMs);
		if (!this.#faults.allows("blackout", this.#scheduler.now, "blackout")) return;
		this.#isDark = true;
		for (const server of this.#servers) this.#kill(server);
	}

	async #repeatedly(
		everyMs: number,
		what: string,
		act: (server: SimServer, index: number) => void,
	): Promise<void> {
		while (everyMs > 0 && this.#scheduler.now < this.#mix.durationMs) {
			await this.#scheduler.sleep(this.#prng.between(1, 2 * everyMs));
			const index = this.#prng.between(0, this.#servers.length - 1);
			const server = this.#servers[index] as SimServer;
			const id = `m${this.#machineFaults++}`;
			if (this.#faults.allows(id, this.#scheduler.now, `${what} ${server.name}`)) {
				act(server, index);
			}
		}
	}

	async #prune(): Promise<void> {
		const { pruneEveryMs, durationMs } = this.#mix;
		while (pruneEveryMs > 0 && this.#scheduler.now < durationMs) {
			await this.#scheduler.sleep(this.#prng.between(1, 2 * pruneEveryMs));
			const server = this.#prng.pick(this.#servers);
			const unit = this.#prng.pick(this.place.units);
			const id = this.place.unitIds.get(unit);
			if (id === undefined) continue;
			server.machine.deliver("prune", () => {
				withCoreOf(server, unit, ({ parts }) => parts.pruner.prune(id)).catch(() => undefined);
			});
		}
	}

	async #sweepNowAndThen(): Promise<void> {
		while (this.#scheduler.now < this.#mix.durationMs) {
			await this.#scheduler.sleep(this.#prng.between(2000, 8000));
			this.#sweep(this.#prng.pick(this.#servers), false);
		}
	}

	#sweep(server: SimServer, isFull: boolean): void {
		const never = new AbortController().signal;
		for (const [unit = ""] of byScope(this.place.units)) {
			server.machine.deliver("sweep", () => {
				withCoreOf(server, unit, ({ parts }) => parts.sweeper.sweep(never, isFull)).catch(
					() => undefined,
				);
			});
		}
	}

	/** Without faults every request is answered in time, and a free lock can be taken (I15). */
	async #lookForLife(): Promise<void> {
		const desk: Desk = this.place;
		for (const unit of this.place.units) {
			const server = this.#prng.pick(this.#servers);
			const lockId = `last-${unit}`;
			const edge = unit === this.place.systemUnit ? newEdge : undefined;
			const bytes = stateBytes(1_000_000, `last-${unit}`, "last", edge);
			const steps: [AttemptKind, Parameters<typeof send>[3], readonly string[]][] = [
				["force-unlock", acts.forceUnlock(), ["unit_not_found"]],
				["lock", acts.lock(lockId, "state-push"), []],
				["write", acts.write(bytes, lockId), []],
				["read", acts.read(() => {}), []],
				["unlock", acts.unlock(lockId), []],
			];
			for (const [kind, act, accepted] of steps) {
				const from = this.#scheduler.now;
				const seen = await send(
					desk,
					server,
					{
						op: this.place.nextOp++,
						client: "last",
						principal: "admin",
						unit,
						kind,
						lockId: kind === "force-unlock" || kind === "read" ? null : lockId,
						sha256: kind === "write" ? sha256(bytes) : null,
						isForced: true,
					},
					act,
				);
				const tookMs = this.#scheduler.now - from;
				if ((seen.outcome !== "ok" && !accepted.includes(seen.code)) || tookMs > 4000) {
					this.found.push({
						invariant: "I15",
						what: `${kind} of ${unit} on ${server.name} after the faults: ${seen.outcome} ${seen.code} in ${tookMs} ms`,
					});
				}
			}
		}
	}

	/** Time for second looks and sweeps, after which the plain objects must be right. */
	async #settle(): Promise<void> {
		await this.#scheduler.sleep(times.projectionSettleMs + 3000);
		for (const server of this.#servers) this.#sweep(server, true);
		await this.#scheduler.sleep(times.projectionSettleMs + 3000);
		for (const unit of this.place.units) {
			this.found.push(...checkConvergence(this.#chain(unit), viewFor(unit, this.#bucket)));
		}
		await this.#compareShown();
		const { profile, killEveryMs, blackoutAtMs } = this.#mix;
		if (profile.rate === 0 && killEveryMs === 0 && blackoutAtMs === 0) await this.#compareLists();
	}

	/** The system unit shows what a server knows of the graph that has just come to the store. */
	async #compareShown(): Promise<void> {
		const { systemUnit } = this.place;
		if (systemUnit === null) return;
		const edges = await this.#start().core.graph.declaredEdges();
		this.found.push(...checkShown(this.#chain(systemUnit), this.#bucket, edges));
	}

	#chain(unit: string): Chain {
		return chainOf(localName(unit), viewFor(unit, this.#bucket).history);
	}

	/** Lists are caches; where nothing failed, every server's shows every unit as it is. */
	async #compareLists(): Promise<void> {
		for (const server of this.#servers) {
			for (const units of byScope(this.place.units)) await this.#compareList(server, units);
		}
	}

	/** `units`: those of one scope; its list shows no others. */
	async #compareList(server: SimServer, units: readonly string[]): Promise<void> {
		const caller = { principal: lister, surface: "management", requestId: "list" } as const;
		const ask = (deleted: boolean) =>
			withCoreOf(server, units[0] ?? "", (core) =>
				core.units.list(caller, { prefix: "", labels: {}, deleted }),
			);
		await ask(false);
		await this.#scheduler.sleep(5000);
		const listed = [...(await ask(false)).units, ...(await ask(true)).units];
		const say = (what: string) =>
			this.found.push({ invariant: "lists", what: `${server.name} shows ${what}` });
		for (const { id } of listed) {
			if (!units.some((unit) => localName(unit) === id)) say(`${id}, which is not there`);
		}
		for (const unit of units) {
			const last = this.#chain(unit).entries.at(-1);
			const shown = listed.find((one) => one.id === localName(unit))?.generation;
			if (last !== undefined && shown !== last.generation) {
				say(`${unit} at ${shown}, it is at ${last.generation}`);
			}
		}
	}
}

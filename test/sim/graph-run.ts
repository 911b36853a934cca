/**
 * One run of the graph: servers, runs of Terraform on units that depend on each other, faults and
 * deaths of servers; then what every server says is held against the heads and bodies that the
 * bucket really has, worked out anew by the plainest means.
 */
import type { LockInfo } from "../../src/core/unit/record.ts";
import type { UnitId } from "../../src/core/unit/unit-id.ts";
import { testSettings } from "../support/core.ts";
import { dependency, remoteState, stateText } from "../support/graph-states.ts";
import { Bucket } from "./bucket.ts";
import { checkAcknowledgements } from "./checkers/acknowledgements.ts";
import { type Acknowledging, checkByHand } from "./checkers/by-hand.ts";
import { type Chain, chainOf } from "./checkers/chain.ts";
import type { Code } from "./code.ts";
import { callFaults, FaultPlan, type FaultProfile } from "./faults.ts";
import { Prng } from "./prng.ts";
import { Scheduler } from "./scheduler.ts";
import { type SimServer, startServer } from "./server.ts";
import { times } from "./swarm.ts";

export type GraphFocus = "faults" | "calm";

export interface GraphReport {
	readonly seed: string;
	readonly violations: readonly string[];
	readonly applies: number;
	/** How many edges were of each status when the faults stopped. */
	readonly statuses: readonly string[];
}

const system = "__opentaco_system";
const names = ["a", "b", "c", "d", "e"];
/** Declared: a cycle among them, and an upstream that has no such output. */
const declared = [
	["a", "t", "b"],
	["b", "t", "c"],
	["c", "t", "b"],
	["a", "t", "c"],
	["b", "gone", "d"],
	["a", "u", "d"],
	["a", "t", "e"],
] as const;
/** Whose state holds a copy of what another one had. */
const readers: Readonly<Record<string, string>> = { d: "c", e: "a" };
/** The units that are declared above this one and of which its state never holds a copy. */
const above = (unit: string) =>
	declared.filter(([from, , to]) => to === unit && readers[to] !== from).map(([from]) => from);
const caller = (surface: "http-backend" | "management") =>
	({
		principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
		surface,
		requestId: "sim",
	}) as const;

const settings = {
	...testSettings,
	pruneGraceMs: times.pruneGraceMs,
	headAgeMaxMs: times.headAgeMaxMs,
	actDeadlineMs: times.actDeadlineMs,
	projectionSettleMs: times.projectionSettleMs,
	directoryFreshMs: 500,
	versionsKept: 0,
};

export async function runGraphSeed(
	code: Code,
	seed: string,
	focus: GraphFocus = "faults",
): Promise<GraphReport> {
	const scheduler = new Scheduler(new Prng(`${seed}/order`));
	const prng = new Prng(`${seed}/graph`);
	const durationMs = 20_000;
	const isCalm = focus === "calm";
	const profile: FaultProfile = {
		rate: isCalm ? 0 : prng.pick([0, 0.03, 0.1]),
		kinds: callFaults,
		...{ latencyMsMax: prng.pick([3, 40]), lateMsMax: 2000, staleMsMax: 2000 },
		staleRate: isCalm ? 0 : prng.pick([0, 0.1]),
		...{ sleepRate: 0, sleepMsMin: 0, sleepMsMax: 1, bursts: [], untilMs: durationMs },
	};
	const world = new GraphWorld(code, seed, scheduler, prng, new FaultPlan(seed, profile), isCalm);
	const isOver = await scheduler.runUntil(world.run(durationMs), 400_000);
	if (!isOver) world.violations.push(`no end after ${scheduler.count} events`);
	const { violations, applies, statuses } = world;
	return { seed, violations, applies, statuses };
}

class GraphWorld {
	readonly violations: string[] = [];
	applies = 0;
	statuses: string[] = [];
	readonly #code: Code;
	readonly #seed: string;
	readonly #scheduler: Scheduler;
	readonly #prng: Prng;
	readonly #faults: FaultPlan;
	readonly #isCalm: boolean;
	readonly #bucket: Bucket;
	readonly #servers: SimServer[] = [];
	readonly #ids: ReadonlyMap<string, UnitId>;
	readonly #byHand: Acknowledging[] = [];
	#started = 0;
	#serial = 0;

	constructor(
		code: Code,
		seed: string,
		scheduler: Scheduler,
		prng: Prng,
		faults: FaultPlan,
		isCalm: boolean,
	) {
		this.#code = code;
		this.#seed = seed;
		this.#scheduler = scheduler;
		this.#prng = prng;
		this.#faults = faults;
		this.#isCalm = isCalm;
		this.#bucket = new Bucket(scheduler, prng.pick([1, 1000]));
		this.#ids = new Map([system, ...names].map((name) => [name, code.parseUnitId(name)]));
	}

	async run(durationMs: number): Promise<void> {
		for (let i = this.#prng.between(1, 3); i > 0; i--) this.#servers.push(this.#start());
		await this.#declare();
		const until = durationMs - 1000;
		const work = names.map((name) => this.#work(name, until));
		work.push(this.#acknowledgeNowAndThen(until));
		if (!this.#isCalm) work.push(this.#kill(until));
		await Promise.all(work);
		await this.#scheduler.sleep(6000);
		for (const [index, server] of this.#servers.entries()) {
			if (server.machine.isDead) this.#servers[index] = this.#start();
		}
		await this.#check("when the faults had stopped");
		for (const name of names) {
			// In order, and twice because of the cycle: afterwards nobody needs anything but the cycle.
			await this.#run(name, "OperationTypeApply", { t: 7 });
		}
		for (const name of names) {
			// What a server acknowledges does not depend on how long it has been running.
			this.#servers.splice(0, this.#servers.length, this.#start());
			await this.#run(name, "OperationTypeApply", { t: 7 });
		}
		const after = await this.#check("after everything was applied");
		const pending = after.filter((line) => line.endsWith("pending"));
		if (pending.length > 0) this.violations.push(`still pending: ${pending.join(", ")}`);
	}

	#start(): SimServer {
		const server = startServer(
			{
				...{ code: this.#code, scheduler: this.#scheduler, bucket: this.#bucket },
				...{ faults: this.#faults, settings },
			},
			`server${this.#started++}`,
			this.#seed,
			this.#prng.between(-5000, 5000),
		);
		void server.core.parts.liveGraph.run(new AbortController().signal);
		return server;
	}

	#server(): SimServer {
		const living = this.#servers.filter(({ machine }) => !machine.isDead);
		return living.length === 0 ? this.#revive() : this.#prng.pick(living);
	}

	#revive(): SimServer {
		const fresh = this.#start();
		this.#servers[0] = fresh;
		return fresh;
	}

	async #declare(): Promise<void> {
		const resources = declared.map(([from, output, to], index) =>
			dependency(`e${index}`, from, output, to),
		);
		await this.#ask((server) => server.core.units.create(caller("management"), this.#id(system)));
		await this.#write(system, { resources }, null);
	}

	async #work(name: string, until: number): Promise<void> {
		while (this.#scheduler.now < until) {
			await this.#scheduler.sleep(this.#prng.between(50, 3000));
			const t = this.#prng.between(0, 2);
			const operation = this.#prng.pick([
				...["OperationTypeApply", "OperationTypeApply", "OperationTypeApply", ""],
				...["state-rm", "taint", "unlocked", "restore"],
			]);
			if (operation === "restore") await this.#restore(name);
			else await this.#run(name, operation, { t });
		}
	}

	/** One run of Terraform; whatever fails fails. */
	async #run(name: string, operation: string, outputs: object): Promise<void> {
		if (operation === "unlocked") {
			await this.#write(name, await this.#content(name, outputs), null);
			return;
		}
		const lockId = `${name}-${++this.#serial}`;
		const info = { ID: lockId, Operation: operation } as LockInfo;
		const took = await this.#ask((server) =>
			server.core.locks.lock(caller("http-backend"), this.#id(name), info, { autoCreate: true }),
		);
		if (took) {
			const content = await this.#content(name, outputs);
			await this.#scheduler.sleep(this.#prng.between(1, 400));
			if (await this.#write(name, content, lockId)) this.applies++;
		}
		for (let attempt = 0; attempt < 20; attempt++) {
			const isFree = await this.#ask((server) =>
				server.core.locks.forceUnlock(caller("management"), this.#id(name), lockId),
			);
			if (isFree || !took) return;
			await this.#scheduler.sleep(200);
		}
	}

	/** What the state holds: its outputs, and the copies of what it reads now. */
	async #content(name: string, outputs: object) {
		const upstream = readers[name];
		if (upstream === undefined) return { outputs: { ...outputs, u: 1 } };
		const seen = stateIn(this.#bucket, chainOf(upstream, this.#bucket.history));
		const address = `http://localhost:8080/v1/backend/${upstream}`;
		const copies = Object.fromEntries(
			Object.entries(seen?.outputs ?? {}).map(([output, { value }]) => [output, value]),
		);
		return {
			outputs: { ...outputs, u: 1 },
			resources: [remoteState(upstream, "http", { address }, copies)],
		};
	}

	async #write(name: string, content: object, lockId: string | null): Promise<boolean> {
		const text = stateText(++this.#serial, name, content);
		return await this.#ask((server) =>
			server.core.states.write(caller("http-backend"), this.#id(name), {
				...{ body: new TextEncoder().encode(text), lockId, md5: null },
				...{ force: true, autoCreate: true },
			}),
		);
	}

	async #restore(name: string): Promise<void> {
		const entries = chainOf(name, this.#bucket.history).entries;
		const count = entries.at(-1)?.record.state.versionCount ?? 0;
		if (count === 0) return;
		const input = { number: this.#prng.between(1, count), lockId: null, preview: false };
		await this.#ask((server) =>
			server.core.states.restore(caller("management"), this.#id(name), input),
		);
	}

	/** Somebody says that a unit is up to date, whatever runs on it. */
	async #acknowledgeNowAndThen(until: number): Promise<void> {
		while (this.#scheduler.now < until) {
			await this.#scheduler.sleep(this.#prng.between(50, 1500));
			await this.#acknowledge(this.#prng.pick(names));
		}
	}

	async #acknowledge(unit: string): Promise<void> {
		const requestId = `by-hand-${this.#byHand.length}`;
		const request: Acknowledging = {
			...{ unit, requestId, from: null, until: null, machine: null, outcome: "" },
		};
		this.#byHand.push(request);
		const { history } = this.#bucket;
		await this.#ask(async (server) => {
			Object.assign(request, { from: history.length, machine: server.machine });
			const asked = { ...caller("management"), requestId };
			request.outcome = await server.core.graph.acknowledge(asked, this.#id(unit)).then(
				() => "ok",
				(error: { readonly code?: string }) => error.code ?? `crash: ${error}`,
			);
			request.until = history.length;
		});
	}

	/** Sends to some server; false when it fails, or when the server dies. */
	#ask(act: (server: SimServer) => Promise<unknown>): Promise<boolean> {
		const server = this.#server();
		return new Promise((resolve) => {
			this.#scheduler.after(9000, "the client gives up", () => resolve(false));
			server.machine.deliver("request", () => {
				act(server).then(
					() => resolve(true),
					() => resolve(false),
				);
			});
		});
	}

	async #kill(until: number): Promise<void> {
		while (this.#scheduler.now < until) {
			await this.#scheduler.sleep(this.#prng.between(2000, 12_000));
			const index = this.#prng.between(0, this.#servers.length - 1);
			this.#servers[index]?.machine.kill();
			await this.#scheduler.sleep(this.#prng.between(100, 1500));
			this.#servers[index] = this.#start();
		}
	}

	#id(name: string): UnitId {
		return this.#ids.get(name) as UnitId;
	}

	/** Every server says what the heads say, as soon as hints and looks have gone round. */
	async #check(when: string): Promise<string[]> {
		await this.#scheduler.sleep(12_000);
		const chains = new Map(
			[system, ...names].map((name) => [name, chainOf(name, this.#bucket.history)]),
		);
		const wanted = truth(this.#bucket, chains);
		const servers = [...this.#servers, this.#start()];
		for (const server of servers) {
			const seen = await this.#picture(server);
			if (seen.join() !== wanted.join()) {
				const differing = [
					...wanted.filter((line) => !seen.includes(line)).map((line) => `wanted ${line}`),
					...seen.filter((line) => !wanted.includes(line)).map((line) => `said ${line}`),
				];
				this.violations.push(`${server.name} ${when}: ${differing.join("; ")}`);
			}
		}
		this.violations.push(
			...checkAcknowledgements(chains),
			...checkByHand(chains, this.#byHand, above, system),
		);
		this.statuses = wanted;
		return wanted;
	}

	async #picture(server: SimServer): Promise<string[]> {
		// A hint that died with its server is made up for by the directory's next reload.
		await server.core.parts.directory.reload();
		const { edges } = await server.core.graph.picture(caller("management"), "");
		return edges.map(({ from, output, to, status }) => `${from}.${output} ${to} ${status}`).sort();
	}
}

interface PlainState {
	readonly outputs: Readonly<Record<string, { readonly value: unknown }>>;
	readonly resources: readonly { readonly instances: readonly { attributes: PlainReading }[] }[];
}

interface PlainReading {
	readonly outputs?: { readonly value: Readonly<Record<string, unknown>> };
}

/** The content of a version, the current one without a number; undefined when there is none. */
function stateIn(bucket: Bucket, chain: Chain, number?: number): PlainState | undefined {
	const state = chain.entries.at(-1)?.record.state;
	const wanted = number ?? state?.current;
	const version = state?.versions.find((one) => one.number === wanted);
	const body = version === undefined ? undefined : bucket.get(version.body);
	return body === undefined ? undefined : JSON.parse(new TextDecoder().decode(body.bytes));
}

/** Every edge with its status, from heads and bodies alone. */
function truth(bucket: Bucket, chains: ReadonlyMap<string, Chain>): string[] {
	const lines = new Set<string>();
	const chain = (name: string) => chains.get(name) as Chain;
	const now = (name: string, output: string) =>
		stateIn(bucket, chain(name))?.outputs[output]?.value;
	const copiesOf = (to: string, from: string) =>
		readers[to] !== from
			? undefined
			: stateIn(bucket, chain(to))?.resources[0]?.instances[0]?.attributes.outputs?.value;
	const statusOf = (from: string, output: string, to: string): string => {
		const current = now(from, output);
		const target = chain(to).entries.at(-1)?.record.state;
		if (current === undefined || target === undefined) return "unknown";
		const copy = copiesOf(to, from)?.[output];
		if (copy !== undefined) return copy === current ? "ok" : "pending";
		if (target.current === null) return "pending";
		const number = target.acknowledged?.upstream.find(([unit]) => unit === from)?.[1];
		if (number === undefined) return "pending";
		const then = stateIn(bucket, chain(from), number)?.outputs[output]?.value;
		return then === current ? "ok" : "pending";
	};
	if (stateIn(bucket, chain(system)) !== undefined) {
		for (const [from, output, to] of declared) {
			lines.add(`${from}.${output} ${to} ${statusOf(from, output, to)}`);
		}
	}
	for (const [to, from] of Object.entries(readers)) {
		for (const output of Object.keys(copiesOf(to, from) ?? {})) {
			lines.add(`${from}.${output} ${to} ${statusOf(from, output, to)}`);
		}
	}
	return [...lines].sort();
}

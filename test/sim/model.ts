/**
 * The protocol itself, without code, streams or time: a log with put-if-absent, up to three clients
 * that lock, write, unlock, force and crash, and a few faults in any place. Every interleaving is
 * visited; states that were seen are not visited again.
 */

export type Step = "lock" | "write" | "unlock" | "force";

export interface Bounds {
	/** What each client does, in order. */
	readonly programs: readonly (readonly Step[])[];
	/** The lock id of each client, if not its own: a client may be the late copy of another's request. */
	readonly lockIds?: readonly number[];
	/** Faults and crashes in all. */
	readonly faults: number;
}

/** Rules of the protocol that can be left out, to see that they matter. */
export interface Rules {
	readonly readsBack: boolean;
	readonly reportsUnknown: boolean;
	readonly keepsNonce: boolean;
	readonly remembersReleased: boolean;
	readonly checksClaim: boolean;
}

export const allRules: Rules = {
	readsBack: true,
	reportsUnknown: true,
	keepsNonce: true,
	remembersReleased: true,
	checksClaim: true,
};

interface LogRecord {
	readonly by: number;
	readonly step: Step;
	/** Which of the client's steps. */
	readonly at: number;
	readonly nonce: string;
	/** Id of the lock under which it acts. */
	readonly id: number;
	/** Id of the lock that is held after it, or null. */
	readonly lock: number | null;
	readonly released: readonly number[];
}

interface Client {
	/** Index into its program; past the end when it is through. */
	readonly at: number;
	/** How often it has sent this step: the first time, and once more after an unknown outcome. */
	readonly tries: number;
	readonly phase: "idle" | "sending" | "asking";
	/** Of the record under way: generation, nonce, and the puts of it so far. */
	readonly generation: number;
	readonly record: LogRecord | null;
	readonly puts: number;
	/** The put answered that something was there. */
	readonly existed: boolean;
	readonly isCrashed: boolean;
}

interface State {
	readonly log: readonly LogRecord[];
	readonly clients: readonly Client[];
	/** Puts that may still arrive. */
	readonly late: readonly { readonly generation: number; readonly record: LogRecord }[];
	readonly faults: number;
	/** Requests that were answered as failures, and steps that were answered as successes. */
	readonly refused: readonly string[];
	readonly acknowledged: readonly { readonly by: number; readonly at: number }[];
}

export interface ModelResult {
	readonly states: number;
	/** What was broken and how it came about, or null. */
	readonly broken: { readonly what: string; readonly path: readonly string[] } | null;
}

type Move = readonly [label: string, state: State];

const putsMax = 2;

/** Visits every state within the bounds. */
export function checkModel(bounds: Bounds, rules: Rules = allRules): ModelResult {
	const start: State = {
		log: [],
		clients: bounds.programs.map(() => ({
			at: 0,
			tries: 0,
			phase: "idle",
			generation: 0,
			record: null,
			puts: 0,
			existed: false,
			isCrashed: false,
		})),
		late: [],
		faults: bounds.faults,
		refused: [],
		acknowledged: [],
	};
	const seen = new Set<string>();
	const stack: { state: State; path: readonly string[] }[] = [{ state: start, path: [] }];
	for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
		const key = JSON.stringify(top.state);
		if (seen.has(key)) continue;
		seen.add(key);
		const what = violationOf(top.state, bounds);
		if (what !== null) return { states: seen.size, broken: { what, path: top.path } };
		for (const [label, state] of moves(top.state, bounds, rules)) {
			stack.push({ state, path: [...top.path, label] });
		}
	}
	return { states: seen.size, broken: null };
}

function* moves(state: State, bounds: Bounds, rules: Rules): Generator<Move> {
	for (const [index, one] of state.late.entries()) {
		const late = state.late.filter((_, other) => other !== index);
		yield [`late put of ${one.record.by}`, { ...put(state, one.generation, one.record), late }];
	}
	for (const [by, client] of state.clients.entries()) {
		const step = bounds.programs[by]?.[client.at];
		if (client.isCrashed || step === undefined) continue;
		const name = `${by} ${step}`;
		if (state.faults > 0 && client.phase !== "idle") {
			yield [`${name} crashes`, withClient(hurt(state), by, { ...client, isCrashed: true })];
		}
		if (client.phase === "idle")
			yield [`${name} decides`, decide(state, by, step, bounds.lockIds?.[by] ?? by, rules)];
		if (client.phase === "sending") yield* sendings(state, by, name, rules);
		if (client.phase === "asking") yield [`${name} reads back`, readBack(state, by, rules)];
	}
}

/** A request: one step, sent for the first or the second time. Nonces begin with it. */
function requestOf(by: number, client: Client): string {
	return `${by}/${client.at}/${client.tries}`;
}

/** Confirms the head and decides on it. */
function decide(state: State, by: number, step: Step, id: number, rules: Rules): State {
	const client = state.clients[by] as Client;
	const head = state.log.at(-1);
	const lock = head?.lock ?? null;
	const released = head?.released ?? [];
	const nonce = `${requestOf(by, client)}/${state.log.length}`;
	const append = (next: number | null, nowReleased: readonly number[]) =>
		withClient(state, by, {
			...client,
			phase: "sending",
			generation: state.log.length + 1,
			record: { by, id, step, at: client.at, nonce, lock: next, released: nowReleased },
			puts: 0,
			existed: false,
		});
	const release = () =>
		append(null, lock === null || !rules.remembersReleased ? released : [...released, lock]);
	switch (step) {
		case "lock":
			if (lock === id) return succeed(state, by);
			if (lock !== null || released.includes(id)) return refuse(state, by);
			return append(id, released);
		case "write": {
			const isDone = state.log.some((one) => one.by === by && one.at === client.at && lock === by);
			if (isDone) return succeed(state, by);
			if (lock !== id && (rules.checksClaim || lock !== null)) return refuse(state, by);
			return append(lock, released);
		}
		case "unlock":
			if (lock === id) return release();
			return released.includes(id) ? succeed(state, by) : refuse(state, by);
		case "force":
			return lock === null ? succeed(state, by) : release();
	}
}

function* sendings(state: State, by: number, name: string, rules: Rules): Generator<Move> {
	const client = state.clients[by] as Client;
	if (client.record === null) return;
	const { generation } = client;
	const record =
		rules.keepsNonce || client.puts === 0
			? client.record
			: { ...client.record, nonce: `${client.record.nonce}+${client.puts}` };
	const sent: Client = { ...client, record, puts: client.puts + 1 };
	const isFree = state.log.length + 1 === generation;
	const done = put(state, generation, record);
	yield isFree
		? [`${name} is stored`, succeed(withClient(done, by, sent), by)]
		: [`${name} meets another`, met(state, by, sent, rules)];
	if (state.faults === 0) return;
	const asking: Client = { ...sent, phase: "asking" };
	const failed = (after: State) =>
		rules.reportsUnknown ? withClient(after, by, asking) : refuse(withClient(after, by, sent), by);
	yield [`${name} is lost`, failed(hurt(state))];
	yield [`${name} is stored, its reply lost`, failed(hurt(done))];
	yield [
		`${name} is delayed`,
		failed({ ...hurt(state), late: [...state.late, { generation, record }] }),
	];
	if (isFree) yield [`${name} is sent twice`, met(hurt(done), by, sent, rules)];
}

function met(state: State, by: number, client: Client, rules: Rules): State {
	if (rules.readsBack) return withClient(state, by, { ...client, phase: "asking", existed: true });
	return withClient(state, by, { ...client, phase: "idle", record: null });
}

function readBack(state: State, by: number, rules: Rules): State {
	const client = state.clients[by] as Client;
	const there = state.log[client.generation - 1];
	if (there !== undefined) {
		if (there.nonce === client.record?.nonce) return succeed(state, by);
		return withClient(state, by, { ...client, phase: "idle", record: null });
	}
	if (client.puts < putsMax) return withClient(state, by, { ...client, phase: "sending" });
	return rules.reportsUnknown ? unknown(state, by) : refuse(state, by);
}

function put(state: State, generation: number, record: LogRecord): State {
	if (state.log.length + 1 !== generation) return state;
	return { ...state, log: [...state.log, record] };
}

function hurt(state: State): State {
	return { ...state, faults: state.faults - 1 };
}

function withClient(state: State, by: number, client: Client): State {
	return { ...state, clients: state.clients.map((one, index) => (index === by ? client : one)) };
}

const fresh = { phase: "idle", generation: 0, record: null, puts: 0, existed: false } as const;

function succeed(state: State, by: number): State {
	const client = state.clients[by] as Client;
	const acknowledged = [...state.acknowledged, { by, at: client.at }];
	return withClient({ ...state, acknowledged }, by, {
		...client,
		...fresh,
		at: client.at + 1,
		tries: 0,
	});
}

/** A failure: the client gives the rest of its program up. */
function refuse(state: State, by: number): State {
	const client = state.clients[by] as Client;
	const refused = [...state.refused, requestOf(by, client)].sort();
	return withClient({ ...state, refused }, by, { ...client, ...fresh, at: 99 });
}

/** Nobody knows: the client sends the same once more, then gives up. */
function unknown(state: State, by: number): State {
	const client = state.clients[by] as Client;
	if (client.tries > 0) return withClient(state, by, { ...client, ...fresh, at: 99 });
	return withClient(state, by, { ...client, ...fresh, tries: 1 });
}

function violationOf(state: State, bounds: Bounds): string | null {
	const effects = new Set<string>();
	const broken = new Set<number>();
	const released = new Set<number>();
	let lock: number | null = null;
	for (const record of state.log) {
		const { by, id, step } = record;
		if (step === "lock" && lock !== null) return `I1: ${by} locked while ${lock} held the lock`;
		if (step === "lock" && released.has(id)) return `I10: the released lock of ${by} came back`;
		if (step === "write" && lock !== id) return `I2: ${by} wrote under the lock of ${lock}`;
		if (step === "unlock" && lock !== id) return `I1: ${by} released the lock of ${lock}`;
		if (step !== "lock" && step !== "force" && broken.has(id)) return `I10: ${by} was fenced`;
		const effect = `${by}/${record.at}`;
		// Breaking whatever lock there is names none, so a repetition may meet the next one.
		if (step !== "force" && effects.has(effect)) return `I6: ${by} ${step} took effect twice`;
		effects.add(effect);
		if (step === "lock") effects.add(`lock ${id}`);
		if (state.refused.some((request) => record.nonce.startsWith(`${request}/`)))
			return `I5: the refused ${step} of ${by} took effect`;
		if (lock !== null && record.lock === null) released.add(lock);
		if (step === "force" && lock !== null) broken.add(lock);
		lock = record.lock;
	}
	for (const { by, at } of state.acknowledged) {
		const step = bounds.programs[by]?.[at];
		const expected = step === "lock" ? `lock ${bounds.lockIds?.[by] ?? by}` : `${by}/${at}`;
		if ((step === "write" || step === "lock") && !effects.has(expected)) {
			return `I4: the acknowledged ${step} of ${by} is not in the log`;
		}
	}
	return null;
}

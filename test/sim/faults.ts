/**
 * What goes wrong. Whether a call of the store is touched, and how, is a function of the seed and
 * of the call's number alone, so that single faults can be left out when a failure is made small.
 */
import { Prng } from "./prng.ts";

/** Numbers in docs/invariants.md's list of faults are not needed: the names are theirs. */
export const callFaults = [
	/** The request or the reply takes long, but less than the deadline. */
	"slow",
	/** An error comes back and nothing was done. */
	"error-before",
	/** Nothing was done and nothing comes back. */
	"silence-before",
	/** It was done and an error comes back. */
	"error-after",
	/** It was done and nothing comes back. */
	"silence-after",
	/** Nothing comes back, and it is done long after the caller has given up. */
	"late",
	/** An error comes back at once, and it is done long after. */
	"error-then-late",
	/** A layer below sends it twice and hands on the second reply. */
	"sent-twice",
	/** It is done and answered, and a copy arrives much later. */
	"late-copy",
	/** 409: somebody else is writing there. Nothing was done. */
	"conflict",
	/** 503 SlowDown. Nothing was done, but nobody can know. */
	"throttled",
	/** 403: the credentials have expired. Nothing was done. */
	"denied",
	/** Fewer bytes arrive than were announced. */
	"truncated",
	/** A listing shows the store as it was a while ago. */
	"stale-listing",
] as const;

export type CallFault = (typeof callFaults)[number];

/** What a seed's runs may suffer. */
export interface FaultProfile {
	/** Probability that a call is touched. */
	readonly rate: number;
	readonly kinds: readonly CallFault[];
	/** Replies normally take up to this long, ms. */
	readonly latencyMsMax: number;
	/** The latest time at which a late request can still arrive, ms after it was sent. */
	readonly lateMsMax: number;
	readonly staleMsMax: number;
	/** Probability that a listing of our own objects is stale. */
	readonly staleRate: number;
	/** Probability that the machine sleeps between deciding on a call and sending it. */
	readonly sleepRate: number;
	readonly sleepMsMin: number;
	readonly sleepMsMax: number;
	/** Times in which most calls get a 503. */
	readonly bursts: readonly { readonly from: number; readonly until: number }[];
	/** Faults stop here. */
	readonly untilMs: number;
}

/** What happens to one call. */
export interface CallPlan {
	readonly fault: CallFault | null;
	/** From the dispatch to the effect, ms. */
	readonly effectMs: number;
	/** From the effect to the reply, ms. */
	readonly replyMs: number;
	/** From the dispatch to the late effect, ms. */
	readonly lateMs: number;
	readonly staleMs: number;
	/** The machine sleeps so long before the request leaves it. */
	readonly sleepMs: number;
}

/** A fault that happened, for the report. */
export interface FaultNote {
	readonly id: string;
	readonly at: number;
	readonly what: string;
}

const readOnlyFaults: ReadonlySet<CallFault> = new Set(["truncated", "stale-listing"]);
const writeOnlyFaults: ReadonlySet<CallFault> = new Set(["conflict", "late-copy", "sent-twice"]);

export interface CallShape {
	readonly isWrite: boolean;
	readonly isListing: boolean;
	readonly label: string;
}

/** Decides what happens to calls. */
export interface CallFaults {
	call(now: number, shape: CallShape): CallPlan;
}

export class FaultPlan implements CallFaults {
	readonly #seed: string;
	readonly #profile: FaultProfile;
	readonly #left: ReadonlySet<string>;
	#calls = 0;
	readonly happened: FaultNote[] = [];

	/** `left` names faults that are left out. */
	constructor(seed: string, profile: FaultProfile, left: ReadonlySet<string> = new Set()) {
		this.#seed = seed;
		this.#profile = profile;
		this.#left = left;
	}

	get calls(): number {
		return this.#calls;
	}

	/** Decides the next call's fate. */
	call(now: number, shape: CallShape): CallPlan {
		const id = `c${this.#calls++}`;
		const profile = this.#profile;
		const prng = new Prng(`${this.#seed}/${id}`);
		const plan = {
			fault: null,
			effectMs: prng.between(1, profile.latencyMsMax),
			replyMs: prng.between(1, profile.latencyMsMax),
			// Soon enough to meet the caller's next attempt, or long after it has given up.
			lateMs: prng.chance(0.5) ? prng.between(5, 200) : prng.between(200, profile.lateMsMax),
			staleMs: prng.between(1, profile.staleMsMax),
			sleepMs: 0,
		};
		if (now >= profile.untilMs || this.#left.has(id)) return plan;
		if (prng.chance(profile.sleepRate)) {
			const sleepMs = prng.between(profile.sleepMsMin, profile.sleepMsMax);
			this.happened.push({ id, at: now, what: `asleep for ${sleepMs} ms: ${shape.label}` });
			return { ...plan, sleepMs };
		}
		const inBurst = profile.bursts.some((burst) => burst.from <= now && now < burst.until);
		const isStale = shape.isListing && prng.chance(profile.staleRate);
		const fault =
			inBurst && prng.chance(0.7)
				? "throttled"
				: prng.chance(profile.rate)
					? prng.pick(profile.kinds)
					: isStale
						? "stale-listing"
						: null;
		if (fault === null || !applies(fault, shape)) return plan;
		this.happened.push({ id, at: now, what: `${fault}: ${shape.label}` });
		if (fault === "slow") {
			return { ...plan, fault, effectMs: prng.between(1, 450), replyMs: prng.between(1, 450) };
		}
		return { ...plan, fault };
	}

	/** Whether a fault of the machines (a pause, a kill, a jump of the clock) is to happen. */
	allows(id: string, now: number, what: string): boolean {
		if (now >= this.#profile.untilMs || this.#left.has(id)) return false;
		this.happened.push({ id, at: now, what });
		return true;
	}
}

function applies(fault: CallFault, shape: CallShape): boolean {
	if (fault === "stale-listing") return shape.isListing;
	if (readOnlyFaults.has(fault)) return !shape.isWrite && !shape.isListing;
	if (writeOnlyFaults.has(fault)) return shape.isWrite;
	return true;
}

/** Each seed picks its own mix: how many of whom, which faults and how often, which settings. */
import type { CoreSettings } from "../../src/core/settings.ts";
import { type CallFault, callFaults, type FaultProfile } from "./faults.ts";
import { Prng } from "./prng.ts";

export interface Mix {
	readonly servers: number;
	readonly clients: number;
	readonly units: number;
	/** Clients begin nothing new after this, ms. */
	readonly durationMs: number;
	readonly thinkMsMax: number;
	readonly profile: FaultProfile;
	readonly settings: CoreSettings;
	/** The store's clock goes in such steps. */
	readonly dateStepMs: number;
	readonly skewMsMax: number;
	/** Mean time between two pauses of some machine; 0 for none. */
	readonly pauseEveryMs: number;
	readonly pauseMsMin: number;
	readonly pauseMsMax: number;
	readonly suspends: boolean;
	readonly killEveryMs: number;
	/** All servers die at this time, and are started again when everything else is over; 0 for never. */
	readonly blackoutAtMs: number;
	readonly jumpEveryMs: number;
	readonly pruneEveryMs: number;
	/** Mean time between two writes of somebody who does not know us; 0 for nobody. */
	readonly foreignEveryMs: number;
	/** Units that begin as plain objects. */
	readonly hasPlain: boolean;
	readonly hasPlainLocks: boolean;
	/** There is another organization, with units of the same names. */
	readonly hasOrganization: boolean;
	/** The first unit is the system unit, whose state shows an edge between the two others. */
	readonly hasSystemUnit: boolean;
	readonly isOnePrincipal: boolean;
	/** Probability that a request is sent again by the network, much later. */
	readonly duplicateRate: number;
	/** How likely a client stays on its server. */
	readonly stickiness: number;
	readonly weights: Readonly<Record<Deed, number>>;
}

export type Deed =
	| "apply"
	| "push"
	| "unlocked-write"
	| "read"
	| "force-unlock"
	| "delete"
	| "undelete"
	| "restore"
	| "relock"
	| "label";

/** Scaled times: deadline < H < G, and G above 2 H (see docs/invariants.md). */
export const times = {
	actDeadlineMs: 4000,
	headAgeMaxMs: 6000,
	pruneGraceMs: 15_000,
	projectionSettleMs: 5000,
	lateMsMax: 2500,
} as const;

/** What a campaign wants more of. */
export const foci = [
	"everything",
	"outcomes",
	"pruning",
	"projection",
	"adoption",
	"sleepers",
	"calm",
	"overlay",
	"organization",
] as const;

export type Focus = (typeof foci)[number];

export function mixOf(seed: string, focus: Focus = "everything"): Mix {
	const prng = new Prng(`${seed}/mix`);
	const own = new Prng(`${seed}/mix of the system unit`);
	const isSleeping = focus === "sleepers";
	const isOverlaying = focus === "overlay";
	const hasOrganization = focus === "organization";
	const isPruning =
		focus === "pruning" ||
		isSleeping ||
		((focus === "everything" || isOverlaying || hasOrganization) && prng.chance(0.3));
	const isProjecting = focus === "projection";
	const isAmbiguous = focus === "outcomes";
	const rate = focus === "calm" ? 0 : prng.pick(isAmbiguous ? [0.1, 0.25] : [0, 0.02, 0.1, 0.2]);
	// Long runs think longer, so that no unit grows a history whose size is all that a run costs.
	const thinkMsMax = isSleeping ? 15_000 : prng.pick(isPruning ? [800, 2500] : [30, 200, 800]);
	const durationMs = isPruning
		? prng.between(25_000, 45_000) + (isSleeping ? 60_000 : 0)
		: thinkMsMax * prng.between(6, 12) + prng.between(500, 4000);
	const hasPlain =
		focus === "adoption" ||
		(focus === "everything" && prng.chance(0.2)) ||
		(hasOrganization && own.chance(0.3));
	const isForeign =
		isProjecting ||
		(focus === "everything" && prng.chance(0.15)) ||
		((isOverlaying || hasOrganization) && own.chance(0.2));
	const hasMachineFaults = focus !== "calm" && prng.chance(0.6);
	return {
		servers: prng.between(isPruning ? 2 : 1, 3),
		clients: isSleeping ? 2 : prng.between(isPruning ? 4 : 2, isPruning ? 6 : 7),
		units: isOverlaying ? 3 : prng.pick(isPruning ? [1, 1, 1, 2] : [1, 1, 1, 2, 3]),
		durationMs,
		thinkMsMax,
		profile: {
			rate,
			kinds: isAmbiguous ? callFaults : kindsOf(prng),
			latencyMsMax: prng.pick([3, 20, 120]),
			lateMsMax: times.lateMsMax,
			staleMsMax: 3000,
			staleRate: rate === 0 ? 0 : prng.pick(isAmbiguous ? [0, 0.4] : [0, 0, 0.1]),
			sleepRate: isSleeping ? 0.1 : isPruning ? prng.pick([0, 0.01, 0.03]) : 0,
			sleepMsMin: times.pruneGraceMs + 1000,
			sleepMsMax: times.pruneGraceMs + 7000,
			bursts: rate > 0 && prng.chance(0.2) ? [burst(prng, durationMs)] : [],
			untilMs: durationMs,
		},
		settings: {
			versionsKept: prng.pick(isPruning ? [1, 2, 4] : [0, 2, 5]),
			recordsKept: isPruning ? 3 : 0,
			isAutoCreating: true,
			pruneGraceMs: times.pruneGraceMs,
			headAgeMaxMs: times.headAgeMaxMs,
			actDeadlineMs: times.actDeadlineMs,
			projectionSettleMs: times.projectionSettleMs,
			directoryFreshMs: 500,
			systemStateSettleMs: isOverlaying ? own.pick([100, 2000]) : 300,
		},
		dateStepMs: prng.pick([1, 1000]),
		skewMsMax: prng.pick([0, 5000, 86_400_000]),
		pauseEveryMs: isPruning
			? prng.pick([5000, 12_000])
			: hasMachineFaults && prng.chance(0.5)
				? 4000
				: 0,
		pauseMsMin: isPruning ? prng.pick([50, times.pruneGraceMs + 1000]) : 50,
		pauseMsMax: isPruning ? 24_000 : prng.pick([500, 3000, 9000]),
		suspends: prng.chance(isPruning ? 0.8 : 0.5),
		killEveryMs: hasMachineFaults && prng.chance(0.5) ? 6000 : 0,
		blackoutAtMs: hasMachineFaults && prng.chance(0.25) ? prng.between(1, durationMs) : 0,
		jumpEveryMs: hasMachineFaults && prng.chance(0.3) ? 4000 : 0,
		pruneEveryMs: isPruning ? 700 : 0,
		foreignEveryMs: isForeign ? prng.pick([800, 3000]) : 0,
		...{ hasPlain, hasOrganization },
		hasSystemUnit: isOverlaying || (focus === "everything" && own.chance(0.2)),
		hasPlainLocks: hasPlain && prng.chance(0.5),
		isOnePrincipal: prng.chance(0.5),
		duplicateRate: prng.pick([0, 0, 0.1, 0.3]),
		stickiness: prng.pick([0.2, 0.8, 1]),
		weights: {
			apply: prng.pick([2, 6]),
			push: prng.pick([0, 1]),
			"unlocked-write": prng.pick([0, 1, 4]),
			read: prng.pick([1, 3]),
			"force-unlock": prng.pick([0.3, 1]),
			delete: prng.pick([0, 0, 0.3]),
			undelete: prng.pick([0, 0.3]),
			restore: prng.pick([0, 0, 0.5]),
			relock: prng.pick([0, 0.5]),
			label: prng.pick([0, 0.3]),
		},
	};
}

function kindsOf(prng: Prng): readonly CallFault[] {
	const share = prng.pick([0.15, 0.5, 1]);
	const kinds = callFaults.filter(() => prng.chance(share));
	return kinds.length > 0 ? kinds : [prng.pick(callFaults)];
}

function burst(prng: Prng, durationMs: number) {
	const from = prng.between(0, durationMs);
	return { from, until: from + prng.between(200, 3000) };
}

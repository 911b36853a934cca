/**
 * The start-up probe: tries on the real store what the protocol relies on, and refuses a store that
 * does not keep the contract. Some S3 servers take conditions and ignore them, one only in buckets
 * that keep versions; each would lose states without a word.
 */

import { limits } from "../core/limits.ts";
import {
	type BlobStore,
	type PutIfAbsentResult,
	StoreError,
	type StoreOptions,
} from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import { detailsOf, type StoreDetails } from "./layer.ts";
import { refusalOfBehaviour, refusalOfStore } from "./refusal.ts";

export interface ProbeReport {
	/** Where the data is, for people. */
	readonly location: string;
	readonly durable: boolean;
	/** The store's clock minus ours, ms; S3 tells whole seconds, so that 1 s means nothing. */
	readonly clockDifferenceMs: number;
	/** How long one read took, ms. */
	readonly roundTripMs: number;
	/** Null where there is no such thing. */
	readonly bucketVersioning: "off" | "enabled" | "suspended" | "unknown" | null;
	/** What people should know although the store can be used. */
	readonly warnings: readonly string[];
}

const racersCount = 8;
const attemptsMax = 3;
const pauseMs = 300;
/** Above the granularity of a Date header, below what makes signatures fail. */
const clockDifferenceWarnMs = 60_000;

const conditionsHint =
	"Use a store that honours If-None-Match on PUT (AWS S3, or Ceph without bucket versioning), or a folder.";

/**
 * Probes below `__opentaco/probe/`, within `probeDeadlineMs`, and removes what it wrote. Throws
 * `DomainError("storage_unavailable")` that says what is wrong and what to do.
 */
export async function probeStore(store: BlobStore, clock: Clock): Promise<ProbeReport> {
	const deadline = new AbortController();
	const timer = new AbortController();
	clock.sleep(limits.probeDeadlineMs, timer.signal).then(
		() => deadline.abort(new Error("the probe took too long")),
		() => {},
	);
	try {
		return await attempts(store, clock, deadline.signal);
	} catch (error) {
		if (!(error instanceof StoreError)) throw error;
		const { kind, location } = store.capabilities;
		throw refusalOfStore(error, kind, location);
	} finally {
		timer.abort();
	}
}

/** A failure that may pass is no reason not to start; conditional writes are not repeated below. */
async function attempts(store: BlobStore, clock: Clock, signal: AbortSignal): Promise<ProbeReport> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await new Probe(store, clock, { signal }).run();
		} catch (error) {
			const mayPass =
				error instanceof StoreError &&
				(error.kind === "throttled" || error.kind === "unavailable") &&
				attempt < attemptsMax &&
				!signal.aborted;
			if (!mayPass) throw error;
			await clock.sleep(pauseMs);
		}
	}
}

class Probe {
	readonly #store: BlobStore;
	readonly #clock: Clock;
	readonly #options: StoreOptions;
	readonly #prefix = `__opentaco/probe/${crypto.randomUUID()}/`;
	readonly #written = new Set<string>();

	constructor(store: BlobStore, clock: Clock, options: StoreOptions) {
		this.#store = store;
		this.#clock = clock;
		this.#options = options;
	}

	async run(): Promise<ProbeReport> {
		const details = await detailsOf(this.#store, this.#options);
		this.#checkDetails(details);
		try {
			const { clockDifferenceMs, roundTripMs } = await this.#checkClock();
			await this.#checkOnce(details);
			await this.#checkListing();
			await this.#checkRace(details);
			await this.#checkReplace();
			const foldsCase = await this.#foldsCase();
			await this.#checkDelete();
			const { location, durable } = this.#store.capabilities;
			return {
				location,
				durable,
				clockDifferenceMs,
				roundTripMs,
				bucketVersioning: details.bucketVersioning ?? null,
				warnings: warningsOf(details, clockDifferenceMs, foldsCase, durable),
			};
		} finally {
			await this.#clean();
		}
	}

	#checkDetails({ networkFileSystem }: StoreDetails): void {
		if (networkFileSystem !== undefined) {
			throw this.#refused(
				`it is on ${networkFileSystem}, where creating a file exclusively cannot be relied on`,
				"Name a folder on a local disk, or use S3.",
			);
		}
	}

	async #checkClock(): Promise<{ clockDifferenceMs: number; roundTripMs: number }> {
		const name = `${this.#prefix}absent`;
		await this.#store.get(name, this.#options);
		const sentAt = this.#clock.monotonic();
		const now = this.#clock.now();
		const got = await this.#store.get(name, this.#options);
		const roundTripMs = this.#clock.monotonic() - sentAt;
		if (got.found) throw this.#refused("a key that nobody wrote is there", conditionsHint);
		return {
			clockDifferenceMs: Math.round(got.date - (now + roundTripMs / 2)),
			roundTripMs,
		};
	}

	async #checkOnce(details: StoreDetails): Promise<void> {
		const name = `${this.#prefix}once`;
		const first = textBytes("first");
		await this.#create(name, first);
		if (!(await this.#holds(name, first))) {
			throw this.#refused("an object that was just written is not there", conditionsHint);
		}
		const second = await this.#create(name, textBytes("second"));
		if (second.created || !(await this.#holds(name, first))) {
			throw this.#ignoresConditions(details);
		}
	}

	async #checkRace(details: StoreDetails): Promise<void> {
		const name = `${this.#prefix}race`;
		const bodies = Array.from({ length: racersCount }, (_, i) => textBytes(`racer ${i}`));
		const outcomes = await Promise.allSettled(bodies.map((bytes) => this.#create(name, bytes)));
		const winners = outcomes.flatMap((outcome, i) =>
			outcome.status === "fulfilled" && outcome.value.created ? [i] : [],
		);
		const unexpected = outcomes.find(
			(outcome) =>
				outcome.status === "rejected" &&
				!(outcome.reason instanceof StoreError && outcome.reason.notDone),
		);
		if (winners.length > 1) throw this.#ignoresConditions(details);
		const winner = winners[0];
		if (winner === undefined) {
			// Nobody knows of having won: a failure says why, or a layer below re-sent a request.
			if (unexpected?.status === "rejected") throw unexpected.reason;
			const got = await this.#store.get(name, this.#options);
			if (got.found) return;
			throw this.#refused("of several creators at once none succeeded", conditionsHint);
		}
		if (!(await this.#holds(name, bodies[winner] as Uint8Array))) {
			throw this.#ignoresConditions(details);
		}
	}

	async #checkListing(): Promise<void> {
		const name = `${this.#prefix}once`;
		const page = await this.#store.list({ prefix: this.#prefix, limit: 10, ...this.#options });
		const newest = await this.#store.newest(this.#prefix, this.#options);
		if (page.blobs[0]?.key !== name || newest !== name) {
			throw this.#refused(
				"its listing does not show an object that was just written",
				"Use a store whose listings are consistent, or a folder.",
			);
		}
	}

	async #checkReplace(): Promise<void> {
		const name = `${this.#prefix}replaced`;
		this.#written.add(name);
		await this.#store.put(name, textBytes("old"), this.#options);
		await this.#store.put(name, textBytes("new"), this.#options);
		if (!(await this.#holds(name, textBytes("new")))) {
			throw this.#refused(
				"a read does not show what was just written",
				"Use a store that shows writes at once, or a folder.",
			);
		}
	}

	/** True on a file system that takes names which differ in case only for one. */
	async #foldsCase(): Promise<boolean> {
		if (this.#store.capabilities.kind !== "filesystem") return false;
		return (await this.#store.get(`${this.#prefix}ONCE`, this.#options)).found;
	}

	async #checkDelete(): Promise<void> {
		for (const name of [...this.#written]) {
			await this.#store.delete(name, this.#options);
			this.#written.delete(name);
			if ((await this.#store.get(name, this.#options)).found) {
				throw this.#refused(
					"an object that was just deleted is still there",
					"Use a store that shows deletes at once, or a folder.",
				);
			}
		}
	}

	async #create(name: string, bytes: Uint8Array): Promise<PutIfAbsentResult> {
		this.#written.add(name);
		return this.#store.putIfAbsent(name, bytes, this.#options);
	}

	async #holds(name: string, bytes: Uint8Array): Promise<boolean> {
		const got = await this.#store.get(name, this.#options);
		return got.found && Buffer.compare(got.bytes, bytes) === 0;
	}

	async #clean(): Promise<void> {
		for (const name of this.#written) {
			await this.#store.delete(name, this.#options).catch(() => {});
		}
	}

	#ignoresConditions({ bucketVersioning }: StoreDetails): Error {
		return bucketVersioning === "enabled"
			? this.#refused(
					"it ignores create-if-absent (If-None-Match: *) in a bucket that keeps versions, so that states would be lost",
					"Use a bucket without versioning: this program keeps its own history.",
				)
			: this.#refused(
					"it ignores create-if-absent (If-None-Match: *), so that states would be lost",
					conditionsHint,
				);
	}

	#refused(problem: string, hint: string): Error {
		return refusalOfBehaviour(this.#store.capabilities.location, problem, hint);
	}
}

function warningsOf(
	{ bucketVersioning }: StoreDetails,
	clockDifferenceMs: number,
	foldsCase: boolean,
	durable: boolean,
): string[] {
	const warnings: string[] = [];
	if (!durable) warnings.push("Everything is gone when this process ends.");
	if (bucketVersioning === "enabled") {
		warnings.push(
			"The bucket keeps versions: every state stays there once more, also after it was deleted.",
		);
	}
	if (Math.abs(clockDifferenceMs) > clockDifferenceWarnMs) {
		warnings.push(
			`This machine's clock and the storage's differ by ${Math.round(clockDifferenceMs / 1000)} s.`,
		);
	}
	if (foldsCase) {
		warnings.push(
			"The file system takes names that differ in case only for the same: units whose ids differ so are one unit here, and a rule of a role about one of them opens it. Use another file system where that matters.",
		);
	}
	return warnings;
}

function textBytes(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

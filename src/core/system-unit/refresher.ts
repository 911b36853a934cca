/**
 * Shows the state of the system unit with live values: as an overlay of its current version, only
 * while it is unlocked, and only when something differs. Any number of servers may do it at once:
 * the log decides, and who finds the same result there appends nothing. What a lock, a crash or a
 * lost race leaves undone is asked for again by the unlock, the start and the sweep.
 */
import type { TaskGroup } from "../../lib/task-group.ts";
import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { StoreError } from "../ports/blob-store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { type Random, randomId } from "../ports/random.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { type BodyStore, cancelBody, damaged, type VerifiedBody } from "../state/body-store.ts";
import { checkState } from "../state/tfstate.ts";
import { withOverlay } from "../unit/overlay.ts";
import {
	overlayOf,
	type UnitRecord,
	type UnitState,
	type Version,
	writtenVersion,
} from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import type { UnitLog } from "../unit/unit-log.ts";
import {
	type DeclaredDependency,
	findDependencies,
	type ValuesOf,
	withDependencyValues,
} from "./dependency-edit.ts";

export interface RefresherDeps {
	readonly unit: UnitId;
	readonly log: UnitLog;
	readonly gate: Gate;
	readonly bodies: BodyStore;
	readonly clock: Clock;
	readonly random: Random;
	readonly tasks: TaskGroup;
	readonly messages: Log;
	readonly settleMs: number;
	/** Ends the waiting at shutdown; what is missed then any server's start or sweep makes up for. */
	readonly stopping: AbortSignal;
}

/**
 * The values of all edges as far as they are known; those of `certain` edges as the heads are now.
 * Fails with StoreError or DomainError.
 */
export type LiveValues = (certain: readonly DeclaredDependency[]) => Promise<ValuesOf>;

export type RefreshOutcome =
	/** The overlay was replaced, made or taken away. */
	| "refreshed"
	| "unchanged"
	/** No state, or none that can be read. */
	| "nothing"
	| "locked"
	| "too-large"
	/** Others kept changing the unit. */
	| "moved";

class Moved extends Error {}

/** While changes keep coming, a refresh is followed by a pause of so many times its length. */
const pausesPerRefresh = 20;

/** What is to be shown: bytes, or null for the version as it was written. */
interface Shown {
	readonly written: Version;
	readonly bytes: Uint8Array | null;
}

/** Keeps the values in the system unit's state up to date. */
export class SystemStateRefresher {
	readonly #deps: RefresherDeps;
	#liveValues: LiveValues | null = null;
	#isAsked = false;
	#isRunning = false;
	#reported: RefreshOutcome = "unchanged";

	constructor(deps: RefresherDeps) {
		this.#deps = deps;
	}

	/** Wires the graph in; without it nothing is refreshed. */
	useLiveValues(liveValues: LiveValues): void {
		this.#liveValues = liveValues;
	}

	/** Refreshes soon, together with whatever else is asked until then. Returns at once. */
	request(): void {
		this.#isAsked = true;
		if (this.#isRunning || this.#liveValues === null || this.#deps.stopping.aborted) return;
		this.#isRunning = true;
		this.#deps.tasks.run("refresh the system unit's state", () => this.#run());
	}

	/** Takes in a record of the unit: what waited for its lock, or for a state, goes on. */
	note({ operation, state }: UnitRecord): void {
		if (operation !== "graph" && state.lock === null) this.request();
	}

	async #run(): Promise<void> {
		const { clock, settleMs, stopping, messages, unit } = this.#deps;
		let tookMs = 0;
		try {
			while (this.#isAsked) {
				// Where the graph is large and much is written, most of the time is left to requests.
				const pauseMs = Math.min(tookMs * pausesPerRefresh, limits.systemStateSettleMaxMs);
				await clock.sleep(Math.max(settleMs, pauseMs), stopping).catch(() => undefined);
				if (stopping.aborted) return;
				this.#isAsked = false;
				const from = clock.monotonic();
				try {
					this.#report(await this.refresh());
				} catch (error) {
					if (!(error instanceof StoreError || error instanceof DomainError)) throw error;
					messages.write("warn", "the live values in the system unit's state are behind", {
						unit,
						error,
					});
				}
				tookMs = clock.monotonic() - from;
			}
		} finally {
			this.#isRunning = false;
		}
	}

	#report(outcome: RefreshOutcome): void {
		if (outcome === "too-large" && this.#reported !== outcome) {
			this.#deps.messages.write(
				"warn",
				"the system unit's state is too large for live values to be written into it",
				{ unit: this.#deps.unit, limitBytes: limits.systemStateBytesMax },
			);
		}
		this.#reported = outcome;
	}

	/**
	 * Refreshes now. Nothing is appended when the unit shows the live values already. Fails with
	 * StoreError, or as UnitLog.act; it may be repeated then.
	 */
	async refresh(): Promise<RefreshOutcome> {
		for (let attempt = 0; attempt < limits.systemStateAttemptsMax; attempt++) {
			const { record, generation } = await this.#deps.log.confirm(this.#deps.unit);
			if (record === null || record.state.adopting) return "nothing";
			const { state } = record;
			if (state.lock !== null) return "locked";
			const wanted = await this.#wanted(state);
			if (typeof wanted === "string") return wanted;
			const outcome = await this.#show(generation, wanted);
			if (outcome !== "moved") return outcome;
		}
		return "moved";
	}

	/** What the unit should show instead of what it shows. */
	async #wanted(state: UnitState): Promise<Shown | RefreshOutcome> {
		const written = writtenVersion(state);
		const overlay = overlayOf(state);
		if (state.deleted !== null || written === undefined) return "nothing";
		if (written.encrypted || written.serial === null) return "nothing";
		if (written.sizeBytes > limits.systemStateBytesMax) return "too-large";
		if (this.#liveValues === null) return "nothing";
		// What is shown is what is edited, because a time stays as long as its digest does.
		const shown = overlay === undefined ? null : await this.#read(overlay);
		const bytes = shown ?? (await this.#read(written));
		if (bytes === null) throw damaged();
		const edited = await this.#edited(bytes, this.#liveValues);
		const isShown = overlay === undefined || shown !== null;
		if (edited === bytes && isShown) return "unchanged";
		const sha256 = new Bun.CryptoHasher("sha256").update(edited).digest("hex");
		return { written, bytes: sha256 === written.sha256 ? null : edited };
	}

	/**
	 * The bytes with live values. Where this server would change something it makes certain first: it
	 * may lag behind another one, and must not bring old values back.
	 */
	async #edited(bytes: Uint8Array, liveValues: LiveValues): Promise<Uint8Array> {
		const certain = new Map<string, DeclaredDependency>();
		const found = findDependencies(bytes);
		for (;;) {
			const valuesOf = await liveValues([...certain.values()]);
			const { bytes: edited, changed } = withDependencyValues(bytes, found, valuesOf);
			const isCertain = changed.every((edge) => certain.has(JSON.stringify(edge)));
			if (isCertain) return edited;
			for (const edge of changed) certain.set(JSON.stringify(edge), edge);
		}
	}

	/** null when it is damaged or gone: of an overlay nothing is lost by that, it is made anew. */
	async #read(version: Version): Promise<Uint8Array | null> {
		try {
			const body = await this.#deps.bodies.open(version.body, version);
			return body === null ? null : await wholeOf(body);
		} catch (error) {
			if (isDomainError(error, "storage_corrupt")) return null;
			throw error;
		}
	}

	async #show(generation: number, { written, bytes }: Shown): Promise<RefreshOutcome> {
		const { unit, log, gate, bodies, clock, random } = this.#deps;
		const caller: Caller = {
			principal: systemPrincipal,
			surface: "system",
			requestId: `graph-${randomId(random).slice(0, 12)}`,
		};
		const grant = await gate.authorize(caller, "system.manage", unit);
		const facts = bytes === null ? null : checkState(bytes);
		const body =
			bytes === null || facts === null
				? null
				: await bodies.putBytes(unit, generation + 1, bytes, facts);
		const overlay = (at: string): Version | null =>
			body === null ? null : { ...written, ...presentedAs(body.facts), body: body.key, at };
		try {
			await log.act<void>(grant, unit, (state, now) => {
				// Everything was decided on this very head: a lock, a write or another overlay is a new one.
				if (state === null || now !== generation) throw new Moved();
				const at = new Date(clock.now()).toISOString();
				return {
					operation: "graph",
					state: withOverlay(state, overlay(at)),
					result: () => undefined,
				};
			});
			return "refreshed";
		} catch (error) {
			// Unknown: the record may stand, and then it refers to the body.
			if (body !== null && !isDomainError(error, "outcome_unknown")) await bodies.discard(body.key);
			if (error instanceof Moved) return "moved";
			throw error;
		}
	}
}

/** What differs between a version as it was written and as it is shown. */
function presentedAs(facts: ReturnType<typeof checkState>) {
	const { sizeBytes, sha256, md5, serialAt } = facts;
	return { sizeBytes, sha256, md5, serialAt };
}

async function wholeOf(body: VerifiedBody): Promise<Uint8Array> {
	if (body instanceof Uint8Array) return body;
	const chunks: Uint8Array[] = [];
	let size = 0;
	try {
		for await (const chunk of body) {
			chunks.push(chunk);
			size += chunk.byteLength;
			if (size > limits.systemStateBytesMax + limits.bufferedBodyBytesMax) throw damaged();
		}
	} catch (error) {
		await cancelBody(body);
		throw error;
	}
	return new Uint8Array(Buffer.concat(chunks));
}

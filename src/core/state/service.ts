/** Reading and writing a unit's state. Body first, then the record, then everything else. */
import { DomainError } from "../errors.ts";
import type { ConfirmedHead } from "../log/head-finder.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import type { Caller } from "../principal.ts";
import { unitNotFound } from "../unit/not-found.ts";
import { presentationsOf } from "../unit/overlay.ts";
import {
	currentVersion,
	hasBody,
	type Presentation,
	type UnitRecord,
	type UnitState,
	type Version,
} from "../unit/record.ts";
import { stateKeyOfUnit, type UnitId } from "../unit/unit-id.ts";
import { type BodyStore, cancelBody, damaged, type VerifiedBody } from "./body-store.ts";
import type { History } from "./history.ts";
import { type Restored, type RestoreInput, restoreState } from "./restore.ts";
import { versionNotFound } from "./version.ts";
import { type ContentWish, changeContent, checkReadable } from "./withholding.ts";
import type { StateWriter, StateWriterDeps, WriteInput, WrittenState } from "./writer.ts";

export interface StateServiceDeps extends StateWriterDeps {
	/** Finishes the adoption of a plain state that another server began. */
	readonly adopt: (id: UnitId) => Promise<void>;
}

export interface ReadState {
	/** null for a plain state that nobody has taken over yet. */
	readonly version: Version | null;
	readonly sizeBytes: number;
	readonly sha256: string | null;
	/** The exact bytes that were written. */
	readonly body: VerifiedBody;
}

/** Where a state is, without its bytes. */
export interface LocatedState {
	/** null for a plain state that nobody has taken over yet. */
	readonly version: Version | null;
	/** ISO 8601 of when it was written. */
	readonly at: string;
}

/** Which state is read; the current one, as everybody sees it, when no version is named. */
export interface ReadOptions {
	readonly version?: number;
	/**
	 * Base64. When the named version was shown with this content and is current, it is read as it is
	 * shown now; otherwise as it was written.
	 */
	readonly shownAs?: string;
}

export interface VersionRow {
	/** As it was written. */
	readonly version: Version;
	readonly isCurrent: boolean;
	/** False when its content was given up, or is withheld. */
	readonly isAvailable: boolean;
	/** Its content can be brought back into sight. */
	readonly isWithheld: boolean;
	/** What it was shown as beside that, the newest first. */
	readonly presentations: readonly Presentation[];
}

/** Reads, writes and restores states. */
export class StateService {
	readonly #deps: StateServiceDeps;
	readonly #bodies: BodyStore;
	readonly #history: History;
	readonly #writer: StateWriter;

	constructor(deps: StateServiceDeps, bodies: BodyStore, history: History, writer: StateWriter) {
		this.#writer = writer;
		this.#deps = deps;
		this.#bodies = bodies;
		this.#history = history;
	}

	/**
	 * The current state, or a version of it, byte for byte. One round trip when the head is warm:
	 * the head is confirmed and the body fetched at once (I7).
	 * Fails with `unit_not_found`, `no_state`, `version_not_found`, `storage_corrupt` (I8) or
	 * `storage_unavailable`.
	 */
	async read(caller: Caller, id: UnitId, options: ReadOptions = {}): Promise<ReadState> {
		await this.#deps.gate.authorize(caller, "unit.read", id);
		return await orUnavailable(() => this.#read(caller, id, options));
	}

	/** The version that `read` would give, without its bytes. Fails as `read`. */
	async locate(caller: Caller, id: UnitId, options: ReadOptions = {}): Promise<LocatedState> {
		await this.#deps.gate.authorize(caller, "unit.read", id);
		return await orUnavailable(async () => {
			const found = await this.#find(id);
			if (typeof found !== "number") {
				const version = await this.#pick(caller, id, found, options);
				return { version, at: version.at };
			}
			if (options.version !== undefined) throw versionNotFound();
			return { version: null, at: new Date(found).toISOString() };
		});
	}

	async #read(caller: Caller, id: UnitId, options: ReadOptions): Promise<ReadState> {
		let missing: string | null = null;
		for (;;) {
			const read = await this.#readOnce(caller, id, options);
			if (typeof read !== "string") return read;
			// Retention may have taken the body of a version that another write has just replaced.
			if (read === missing) throw damaged();
			missing = read;
		}
	}

	/** Gives the body's key when the head refers to it and it is not there. */
	async #readOnce(caller: Caller, id: UnitId, options: ReadOptions): Promise<ReadState | string> {
		const number = options.version;
		const seen = this.#deps.log.lastSeen(id)?.record?.state;
		const guess = number === undefined && seen !== undefined ? currentVersion(seen) : undefined;
		const guessed = guess === undefined ? null : this.#bodies.open(guess.body, guess);
		guessed?.catch(() => undefined);
		try {
			const head = await this.#head(id);
			if (head.record === null) return await this.#readPlain(id, number);
			const state = head.record.state;
			if (state.deleted !== null) throw unitNotFound();
			const version = await this.#pick(caller, id, state, options);
			if (guess?.body === version.body && guessed !== null) {
				const body = await guessed;
				if (body !== null)
					return { version, sizeBytes: version.sizeBytes, sha256: version.sha256, body };
			}
			await cancelBody(guessed === null ? null : await guessed.catch(() => null));
			const body = await this.#bodies.open(version.body, version);
			if (body === null) return version.body;
			return { version, sizeBytes: version.sizeBytes, sha256: version.sha256, body };
		} catch (error) {
			if (guessed !== null) void guessed.then(cancelBody, () => undefined);
			throw error;
		}
	}

	/** The head, with an adoption finished that somebody began. */
	async #head(id: UnitId): Promise<ConfirmedHead<UnitRecord>> {
		let head = await this.#deps.log.confirm(id);
		if (head.record?.state.adopting) {
			await this.#deps.adopt(id);
			head = await this.#deps.log.confirm(id);
		}
		return head;
	}

	async #readPlain(id: UnitId, number: number | undefined): Promise<ReadState> {
		const plain = await this.#deps.store.getStream(stateKeyOfUnit(id));
		if (!plain.found) throw unitNotFound();
		if (number !== undefined) {
			await cancelBody(plain.body);
			throw versionNotFound();
		}
		return { version: null, sizeBytes: plain.size, sha256: null, body: plain.body };
	}

	async #pick(
		caller: Caller,
		id: UnitId,
		state: UnitState,
		{ version: number, shownAs }: ReadOptions,
	): Promise<Version> {
		const current = currentVersion(state);
		if (current !== undefined && current.number === number) {
			const shown = presentationsOf(state, number);
			if (shown.some(({ md5 }) => md5 === shownAs)) return current;
		}
		if (number === undefined) {
			if (current !== undefined) return current;
			throw new DomainError("no_state", "the unit has no state yet", {
				hint: "apply, or push a state with `taco unit push`",
			});
		}
		return await this.#available(caller, id, state, number);
	}

	async #available(caller: Caller, id: UnitId, state: UnitState, number: number): Promise<Version> {
		const version = await this.#history.find(state, number);
		if (version === undefined) throw versionNotFound();
		if (version.life < state.life) await this.#deps.gate.authorize(caller, "unit.manage", id);
		checkReadable(state, version);
		return version;
	}

	/** All versions that the caller may see, newest first. Fails with `unit_not_found`. */
	async versions(caller: Caller, id: UnitId): Promise<VersionRow[]> {
		await this.#deps.gate.authorize(caller, "unit.read", id);
		const state = await orUnavailable(() => this.#find(id));
		if (typeof state === "number") return [];
		const mayManage = await this.#deps.gate.may(caller, "unit.manage", id);
		const all = await orUnavailable(() => this.#history.all(state));
		return all
			.filter((version) => version.life === state.life || mayManage)
			.map((version) => row(state, version))
			.reverse();
	}

	/** One version. Fails with `unit_not_found` or `version_not_found`. */
	async version(caller: Caller, id: UnitId, number: number): Promise<VersionRow> {
		const rows = await this.versions(caller, id);
		const found = rows.find((r) => r.version.number === number);
		if (found === undefined) throw versionNotFound();
		return found;
	}

	/** The unit's state; for a plain one without a log when it was written, ms since the epoch. */
	async #find(id: UnitId): Promise<UnitState | number> {
		const head = await this.#head(id);
		if (head.record !== null) {
			if (head.record.state.deleted !== null) throw unitNotFound();
			return head.record.state;
		}
		const page = await this.#deps.store.list({ prefix: stateKeyOfUnit(id), limit: 1 });
		const plain = page.blobs[0];
		if (plain?.key !== stateKeyOfUnit(id)) throw unitNotFound();
		return plain.modified;
	}

	/** See StateWriter.write. */
	async write(caller: Caller, id: UnitId, input: WriteInput): Promise<WrittenState> {
		return await orUnavailable(() => this.#writer.write(caller, id, input));
	}

	/**
	 * Makes the content of an earlier version current again, under a higher serial; see restore.ts.
	 * Fails as `write`, and with `version_not_found`.
	 */
	async restore(caller: Caller, id: UnitId, input: RestoreInput): Promise<Restored> {
		return await orUnavailable(() =>
			restoreState(
				{ ...this.#deps, bodies: this.#bodies, history: this.#history },
				this.#writer,
				caller,
				id,
				input,
			),
		);
	}

	/** Withholds, releases or gives up the content of an earlier version; see withholding.ts. */
	async changeContent(
		caller: Caller,
		id: UnitId,
		number: number,
		wish: ContentWish,
	): Promise<void> {
		await changeContent({ ...this.#deps, history: this.#history }, caller, id, number, wish);
	}
}

function row(state: UnitState, version: Version): VersionRow {
	const isKept = hasBody(state, version);
	const isWithheld = isKept && state.withheld?.includes(version.number) === true;
	return {
		version,
		isCurrent: version.number === state.current,
		isAvailable: isKept && !isWithheld,
		isWithheld,
		presentations: presentationsOf(state, version.number),
	};
}

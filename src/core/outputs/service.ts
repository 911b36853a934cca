/**
 * Outputs of a unit's states, for callers who may read the state and for those who may read no more
 * than some of its outputs. To these an output that is not granted does not exist, nor does any
 * version but the current one, and what they read as the state holds their outputs and nothing else.
 */
import { DomainError, isDomainError } from "../errors.ts";
import type { ReadNotes } from "../graph/reads.ts";
import { limits } from "../limits.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate, OutputFilter } from "../rbac/grant.ts";
import { LenientScanner } from "../state/lenient-scanner.ts";
import type { LocatedState, ReadOptions, ReadState, StateService } from "../state/service.ts";
import { versionNotFound } from "../state/version.ts";
import type { StateIndex } from "../state-index/index-facts.ts";
import { type StateIndexService, scanState } from "../state-index/service.ts";
import type { Version } from "../unit/record.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { type Output, outputsOf } from "./output.ts";
import { type OutputsStateFacts, outputsStateBytes } from "./outputs-state.ts";

export interface OutputsServiceDeps {
	readonly states: StateService;
	readonly gate: Gate;
	readonly stateIndex: StateIndexService;
	/** Told of what callers are given who may read no more than outputs. */
	readonly reads?: Pick<ReadNotes, "note">;
}

/** What a caller may have. */
interface Reach {
	/** In whose name the store is read. */
	readonly reader: Caller;
	/** null: everything, because the state may be read. */
	readonly filter: OutputFilter | null;
}

/** Outputs with what they are of. */
export interface ShownOutputs {
	/** null: a plain state that nobody has taken over yet. */
	readonly version: Version | null;
	/** Nothing can be said of its outputs: OpenTofu encrypted the state, or it is none. */
	readonly isOpaque: boolean;
	/** In order of their names. */
	readonly outputs: readonly Output[];
}

/** Reads outputs. */
export class OutputsService {
	readonly #deps: OutputsServiceDeps;
	readonly #ready = new WeakMap<StateIndex, readonly Output[]>();

	constructor(deps: OutputsServiceDeps) {
		this.#deps = deps;
	}

	/**
	 * The outputs of the current state or of a version that the caller may read, in order of their
	 * names; none for a state that OpenTofu encrypted. Its time does not depend on the size of the
	 * state. Fails as StateService.read, with `too_large`, and with `unit_not_found` for whoever may
	 * read neither the state nor any of its outputs.
	 */
	async read(caller: Caller, id: UnitId, options: ReadOptions = {}): Promise<readonly Output[]> {
		return (await this.show(caller, id, options)).outputs;
	}

	/** As `read`, with the version. */
	async show(caller: Caller, id: UnitId, options: ReadOptions = {}): Promise<ShownOutputs> {
		const reach = await this.#reach(caller, id);
		const { version } = await this.#locate(reach, id, options);
		const index = whole(await this.#index(reach, id, version));
		const known = this.#ready.get(index) ?? outputsOf(index.outputs);
		this.#ready.set(index, known);
		const { filter } = reach;
		const outputs = filter === null ? known : known.filter(({ name }) => filter(name));
		if (filter !== null) this.#note(caller, id, version, outputs);
		return { version, isOpaque: index.isOpaque, outputs };
	}

	/**
	 * The state as the caller may have it: the whole of it, or, for those who may neither read the
	 * state nor write it, one with the outputs that they may read. Fails as StateService.read, and
	 * with `forbidden` when such a state cannot be made because the client has encrypted the whole.
	 */
	async readState(caller: Caller, id: UnitId, options: ReadOptions = {}): Promise<ReadState> {
		if (!(await this.#isLimited(caller, id))) {
			return await this.#deps.states.read(caller, id, options);
		}
		const { version, bytes } = await this.#outputsState(caller, id, options);
		return { version, sizeBytes: version.sizeBytes, sha256: version.sha256, body: bytes };
	}

	/**
	 * The version that stands for the state of outputs which `readState` would give, with the size and
	 * the hashes of that one; its number is 0 for a plain state. null for callers who get the whole
	 * state, or nothing. Fails as `readState`.
	 */
	async limitedVersion(
		caller: Caller,
		id: UnitId,
		options: ReadOptions = {},
	): Promise<Version | null> {
		if (!(await this.#isLimited(caller, id))) return null;
		return (await this.#outputsState(caller, id, options)).version;
	}

	/** Whether the caller gets a state of outputs where others get the whole. */
	async #isLimited(caller: Caller, id: UnitId): Promise<boolean> {
		const { gate } = this.#deps;
		if (await gate.may(caller, "unit.read", id)) return false;
		if (!(await gate.may(caller, "unit.read-outputs", id))) return false;
		return !(await gate.may(caller, "unit.write", id));
	}

	async #reach(caller: Caller, id: UnitId): Promise<Reach> {
		const { gate } = this.#deps;
		if (await gate.may(caller, "unit.read", id)) return { reader: caller, filter: null };
		const filter = await gate.outputsFilter(caller, id);
		return { reader: { ...caller, principal: systemPrincipal }, filter };
	}

	/** The version that is asked for; to those who may read outputs only the current one alone exists. */
	async #locate(
		{ reader, filter }: Reach,
		id: UnitId,
		options: ReadOptions,
	): Promise<LocatedState> {
		const { states } = this.#deps;
		if (filter === null) return await states.locate(reader, id, options);
		const current = await states.locate(reader, id);
		const number = current.version?.number ?? 0;
		if ((options.version ?? number) !== number) throw versionNotFound();
		return current;
	}

	/** The index; that of a plain state, which nobody has taken over yet, is made each time. */
	async #index({ reader }: Reach, id: UnitId, version: Version | null): Promise<StateIndex> {
		const { states, stateIndex } = this.#deps;
		if (version !== null) return await stateIndex.of(id, version);
		return (await scanState((await states.read(reader, id)).body)).index;
	}

	async #outputsState(
		caller: Caller,
		id: UnitId,
		options: ReadOptions,
	): Promise<{ readonly version: Version; readonly bytes: Uint8Array }> {
		const reach = await this.#reach(caller, id);
		const located = await this.#locate(reach, id, options);
		const { index, facts } = await this.#factsOf(reach, id, located);
		if (index.isOpaque) throw opaque();
		const granted = whole(index).outputs.filter(({ name }) => reach.filter?.(name) ?? true);
		const bytes = outputsStateBytes(facts, granted);
		this.#note(caller, id, located.version, granted);
		return { version: visibleVersion(located, facts, bytes), bytes };
	}

	#note(
		caller: Caller,
		id: UnitId,
		version: Version | null,
		outputs: readonly { readonly name: string }[],
	): void {
		if (version === null) return;
		const names = outputs.map(({ name }) => name);
		this.#deps.reads?.note(caller, id, version, names);
	}

	async #factsOf(
		{ reader }: Reach,
		id: UnitId,
		{ version }: LocatedState,
	): Promise<{ readonly index: StateIndex; readonly facts: OutputsStateFacts }> {
		const { states, stateIndex } = this.#deps;
		if (version !== null) return { index: await stateIndex.of(id, version), facts: version };
		const facts = new LenientScanner();
		const { index } = await scanState((await states.read(reader, id)).body, facts);
		return { index, facts: facts.finish() };
	}

	/**
	 * Whether the current state manages resources; no when there is no state, yes when it cannot be
	 * looked into. Fails as StateService.read.
	 */
	async hasResources(caller: Caller, id: UnitId): Promise<boolean> {
		try {
			const reach = { reader: caller, filter: null };
			const { version } = await this.#locate(reach, id, {});
			const { isOpaque, resourceCount } = await this.#index(reach, id, version);
			return isOpaque || resourceCount > 0;
		} catch (error) {
			if (isDomainError(error, "no_state")) return false;
			throw error;
		}
	}
}

/** Half of the outputs would look like all of them. */
function whole(index: StateIndex): StateIndex {
	if (!index.isMissingOutputs) return index;
	throw new DomainError("too_large", "the outputs of the state are too large to be shown", {
		hint: "read the state itself",
		details: { limitBytes: limits.outputsBytesMax },
	});
}

function opaque(): DomainError {
	return new DomainError(
		"forbidden",
		"the client has encrypted this state: its outputs cannot be read without the whole of it",
		{ hint: "contact your administrator to grant unit.read permission" },
	);
}

/** The version with the size and the hashes of what the caller gets in its place. */
function visibleVersion(
	{ version, at }: LocatedState,
	facts: OutputsStateFacts,
	bytes: Uint8Array,
): Version {
	const { serial, lineage, terraformVersion } = facts;
	return {
		...(version ?? { ...plainVersion, at, serial, lineage, terraformVersion }),
		sizeBytes: bytes.length,
		sha256: new Bun.CryptoHasher("sha256").update(bytes).digest("hex"),
		md5: new Bun.CryptoHasher("md5").update(bytes).digest("base64"),
		serialAt: null,
		body: "",
	};
}

/** Stands for the state of a unit without history. */
const plainVersion = {
	number: 0,
	generation: 0,
	life: 1,
	cause: "outside",
	encrypted: false,
	encoding: "plain",
	author: "outside",
	credentialKind: "system",
	surface: "outside",
	lock: null,
	restoredFrom: null,
} as const;

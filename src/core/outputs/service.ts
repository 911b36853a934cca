/** Outputs of a unit's states, for callers who may read the state and for those who may read no more than them. */
import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import type { StateService } from "../state/service.ts";
import type { StateIndex } from "../state-index/index-facts.ts";
import { type StateIndexService, scanState } from "../state-index/service.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { type Output, outputsOf } from "./output.ts";

export interface OutputsServiceDeps {
	readonly states: StateService;
	readonly gate: Gate;
	readonly stateIndex: StateIndexService;
}

/** Reads outputs. */
export class OutputsService {
	readonly #deps: OutputsServiceDeps;
	readonly #ready = new WeakMap<StateIndex, readonly Output[]>();

	constructor(deps: OutputsServiceDeps) {
		this.#deps = deps;
	}

	/**
	 * The outputs of the current state or of a version, in order of their names; none for a state
	 * that OpenTofu encrypted. Its time does not depend on the size of the state. Fails as
	 * StateService.read, with `too_large`, and with `unit_not_found` for whoever may read neither the
	 * state nor its outputs.
	 */
	async read(
		caller: Caller,
		id: UnitId,
		options: { readonly version?: number } = {},
	): Promise<readonly Output[]> {
		const { gate } = this.#deps;
		const mayRead = await gate.may(caller, "unit.read", id);
		if (!mayRead) await gate.authorize(caller, "unit.read-outputs", id);
		const reader = mayRead ? caller : { ...caller, principal: systemPrincipal };
		const index = await this.#index(reader, id, options);
		if (index.isMissingOutputs) {
			throw new DomainError("too_large", "the outputs of the state are too large to be shown", {
				hint: "read the state itself",
				details: { limitBytes: limits.outputsBytesMax },
			});
		}
		const known = this.#ready.get(index);
		if (known !== undefined) return known;
		const outputs = outputsOf(index.outputs);
		this.#ready.set(index, outputs);
		return outputs;
	}

	/** The index; that of a plain state, which nobody has taken over yet, is made each time. */
	async #index(
		caller: Caller,
		id: UnitId,
		options: { readonly version?: number },
	): Promise<StateIndex> {
		const { states, stateIndex } = this.#deps;
		const version = await states.locate(caller, id, options);
		if (version !== null) return await stateIndex.of(id, version);
		return (await scanState((await states.read(caller, id)).body)).index;
	}

	/**
	 * Whether the current state manages resources; no when there is no state, yes when it cannot be
	 * looked into. Fails as StateService.read.
	 */
	async hasResources(caller: Caller, id: UnitId): Promise<boolean> {
		try {
			const { isOpaque, resourceCount } = await this.#index(caller, id, {});
			return isOpaque || resourceCount > 0;
		} catch (error) {
			if (isDomainError(error, "no_state")) return false;
			throw error;
		}
	}
}

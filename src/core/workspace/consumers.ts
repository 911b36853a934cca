/**
 * Which workspaces a workspace names as consumers of its state, as the cloud backend's API has it.
 * A list that is kept: it gives nobody any rights.
 */
import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Caller } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import type { UnitService } from "../unit/service.ts";
import { encodeUnitId, type UnitId } from "../unit/unit-id.ts";

interface ConsumersDocument {
	/** Creation of the unit that it is about: a unit that was created anew has none. */
	readonly unitCreated: string;
	readonly consumers: readonly UnitId[];
}

export interface ConsumerServiceDeps extends RegisterDeps {
	readonly gate: Gate;
	readonly units: UnitService;
}

/** The consumers afterwards, of those before. Pure. */
export type ConsumersChange = (before: readonly UnitId[]) => readonly UnitId[];

/** Reads and changes the consumers of workspaces. */
export class ConsumerService {
	readonly #deps: ConsumerServiceDeps;

	constructor(deps: ConsumerServiceDeps) {
		this.#deps = deps;
	}

	/** The consumers that are there and that the caller may read. Fails as UnitService.get. */
	async list(caller: Caller, id: UnitId): Promise<readonly UnitId[]> {
		const { created } = await this.#deps.units.get(caller, id);
		const { value } = await this.#register(id).read();
		const kept = consumersIn(value, created);
		const readable = await Promise.all(kept.map((one) => this.#isReadable(caller, one)));
		return kept.filter((_, at) => readable[at]);
	}

	async #isReadable(caller: Caller, id: UnitId): Promise<boolean> {
		try {
			await this.#deps.units.get(caller, id);
			return true;
		} catch (error) {
			if (isDomainError(error, "unit_not_found")) return false;
			throw error;
		}
	}

	/**
	 * Changes the consumers; whom the caller may not read cannot be added. Fails with
	 * `unit_not_found`, `forbidden`, `too_large`, or as Register.update.
	 */
	async change(caller: Caller, id: UnitId, change: ConsumersChange): Promise<void> {
		const { gate, units } = this.#deps;
		const grant = await gate.authorize(caller, "unit.configure", id);
		const { created } = await units.get(caller, id);
		const register = this.#register(id);
		const before = new Set(consumersIn((await register.read()).value, created));
		for (const one of change([...before])) {
			if (!before.has(one)) await units.get(caller, one);
		}
		await register.update<void>(grant, (value) => {
			const consumers = [...new Set(change(consumersIn(value, created)))];
			if (consumers.length > limits.remoteStateConsumersMax) {
				throw new DomainError(
					"too_large",
					`a workspace names ${limits.remoteStateConsumersMax} consumers of its state at most`,
				);
			}
			return {
				operation: "workspace.consumers",
				detail: id,
				value: { unitCreated: created, consumers },
				result: undefined,
			};
		});
	}

	#register(id: UnitId): Register<ConsumersDocument> {
		return new Register(this.#deps, `state-consumers-${encodeUnitId(id)}`, parseConsumers);
	}
}

function consumersIn(document: ConsumersDocument | null, created: string): readonly UnitId[] {
	return document?.unitCreated === created ? document.consumers : [];
}

function parseConsumers(value: unknown): ConsumersDocument {
	const document = value as Partial<ConsumersDocument> | null;
	if (typeof document?.unitCreated !== "string" || !Array.isArray(document.consumers)) {
		throw new DomainError("storage_corrupt", "the consumers of a state are not readable");
	}
	return document as ConsumersDocument;
}

/** Variables of units. Kept for clients and for what will run plans; nothing here runs anything. */
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import type { UnitService } from "../unit/service.ts";
import { encodeUnitId, type UnitId } from "../unit/unit-id.ts";
import type { VariableDocuments, VariablePlace, VariableUpdate } from "./documents.ts";
import {
	type Variable,
	type VariableChange,
	type VariableInput,
	variableNotFound,
} from "./variable.ts";

export interface VariableServiceDeps {
	readonly gate: Gate;
	readonly units: UnitService;
	readonly documents: VariableDocuments;
}

/**
 * Lists, makes, changes and deletes variables of units. Reading needs unit.read-variables, which
 * unit.read includes; changing needs unit.write-variables, which unit.write includes. What is
 * refused to somebody who may not read the unit is `unit_not_found`.
 */
export class VariableService {
	readonly #deps: VariableServiceDeps;

	constructor(deps: VariableServiceDeps) {
		this.#deps = deps;
	}

	/** Fails with `unit_not_found`, `forbidden`, or as Register.read. */
	async list(caller: Caller, id: UnitId): Promise<readonly Variable[]> {
		await this.#deps.gate.authorize(caller, "unit.read-variables", id);
		return await this.#deps.documents.read(await this.#place(caller, id));
	}

	/** Fails with `not_found`, or as `list`. */
	async get(caller: Caller, id: UnitId, variable: string): Promise<Variable> {
		const found = (await this.list(caller, id)).find((one) => one.id === variable);
		if (found === undefined) throw variableNotFound();
		return found;
	}

	/** Fails with `unit_not_found`, `forbidden`, or as VariableDocuments.add. */
	async create(caller: Caller, id: UnitId, input: VariableInput): Promise<Variable> {
		const { gate, documents } = this.#deps;
		const grant = await gate.authorize(caller, "unit.write-variables", id);
		return await documents.add(grant, await this.#place(caller, id), input);
	}

	/** Fails with `unit_not_found`, `forbidden`, or as VariableDocuments.change. */
	async update(
		caller: Caller,
		id: UnitId,
		variable: string,
		change: VariableChange,
	): Promise<Variable> {
		const [changed] = await this.updateAll(caller, id, [{ id: variable, change }]);
		if (changed === undefined) throw variableNotFound();
		return changed;
	}

	/** Changes all of them or none. Fails as `update`. */
	async updateAll(
		caller: Caller,
		id: UnitId,
		updates: readonly VariableUpdate[],
	): Promise<readonly Variable[]> {
		const { gate, documents } = this.#deps;
		const grant = await gate.authorize(caller, "unit.write-variables", id);
		return await documents.change(grant, await this.#place(caller, id), updates);
	}

	/** Fails with `unit_not_found`, `forbidden`, `not_found`, or as Register.update. */
	async delete(caller: Caller, id: UnitId, variable: string): Promise<void> {
		const { gate, documents } = this.#deps;
		const grant = await gate.authorize(caller, "unit.write-variables", id);
		await documents.remove(grant, await this.#place(caller, id), variable);
	}

	async #place(caller: Caller, id: UnitId): Promise<VariablePlace> {
		// Who may read the variables alone may not read the unit itself.
		const unit = await this.#deps.units.get({ ...caller, principal: systemPrincipal }, id);
		return { register: `variables-${encodeUnitId(id)}`, life: unit.created, owner: id };
	}
}

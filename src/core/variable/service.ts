/** Variables of units. Kept for clients and for what will run plans; nothing here runs anything. */
import { orUnavailable } from "../ports/unavailable.ts";
import { type Caller, systemPrincipal } from "../principal.ts";
import type { Gate } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import type { UnitService } from "../unit/service.ts";
import type { UnitSummary } from "../unit/summary.ts";
import { encodeUnitId, type UnitId } from "../unit/unit-id.ts";
import type { VariableDocuments, VariablePlace, VariableUpdate } from "./documents.ts";
import { type InheritedVariable, inherited, type VariableSource } from "./set.ts";
import type { VariableSetService } from "./sets.ts";
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
	readonly sets: VariableSetService;
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

	/**
	 * All variables that the unit has, those of variable sets as well, the ones that count last.
	 * Fails as `list`.
	 */
	async inherited(caller: Caller, id: UnitId): Promise<readonly InheritedVariable[]> {
		const { gate, documents, sets } = this.#deps;
		await gate.authorize(caller, "unit.read-variables", id);
		const unit = await this.#unit(caller, id);
		const [own, others] = await Promise.all([documents.read(placeOf(unit)), sets.sourcesFor(unit)]);
		return inherited([...others, { set: null, scope: "unit", variables: own }]);
	}

	/** The variable sets that apply to the unit. Fails as `list`. */
	async sets(caller: Caller, id: UnitId): Promise<readonly VariableSource[]> {
		const { gate, sets } = this.#deps;
		await gate.authorize(caller, "unit.read-variables", id);
		return await sets.sourcesFor(await this.#unit(caller, id));
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

	/**
	 * Seals every sensitive value with the key of today, those of variable sets too, so that earlier
	 * keys can be given up. Gives how many were sealed with another one. Fails with `forbidden`, or
	 * as VariableDocuments.reseal; what was done before stays done.
	 */
	async reseal(caller: Caller): Promise<number> {
		const { gate, documents } = this.#deps;
		const grant = await gate.authorize(caller, "system.manage", everything);
		let count = 0;
		const registers = await orUnavailable(() => documents.registers());
		for (const register of registers) count += await documents.reseal(grant, register);
		return count;
	}

	async #place(caller: Caller, id: UnitId): Promise<VariablePlace> {
		return placeOf(await this.#unit(caller, id));
	}

	/** Who may read the variables alone may not read the unit itself. */
	async #unit(caller: Caller, id: UnitId): Promise<UnitSummary> {
		return await this.#deps.units.get({ ...caller, principal: systemPrincipal }, id);
	}
}

function placeOf({ id, created }: UnitSummary): VariablePlace {
	return { register: `variables-${encodeUnitId(id)}`, life: created, owner: id };
}

/**
 * Sets of variables that apply to many units. One register holds the sets, one each the variables of
 * a set. A set of the organization belongs to no unit: reading it needs unit.read-variables on
 * everything, changing it unit.write-variables; a project's own set the same in that project.
 */
import { isSame } from "../../lib/is-same.ts";
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { newId } from "../organization/id.ts";
import type { Organization } from "../organization/organization.ts";
import type { Caller } from "../principal.ts";
import type { Gate, Grant } from "../rbac/grant.ts";
import { everything, projectQuestion } from "../rbac/resource.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import type { VariableDocuments, VariablePlace } from "./documents.ts";
import {
	changedSet,
	checkSets,
	type Placed,
	scopeOfSet,
	setNotFound,
	type VariableSet,
	type VariableSetChange,
	type VariableSetInput,
	type VariableSource,
} from "./set.ts";
import {
	type Variable,
	type VariableChange,
	type VariableInput,
	variableNotFound,
} from "./variable.ts";

interface SetsDocument {
	readonly sets: readonly VariableSet[];
}

export interface VariableSetServiceDeps extends RegisterDeps {
	readonly gate: Gate;
	readonly documents: VariableDocuments;
	/** Whose sets these are. */
	readonly organization: Organization;
}

type Places = Pick<VariableSet, "units" | "projects">;

/** Lists, makes, applies, changes and deletes variable sets. */
export class VariableSetService {
	readonly #deps: VariableSetServiceDeps;
	readonly #register: Register<SetsDocument>;

	constructor(deps: VariableSetServiceDeps) {
		this.#deps = deps;
		this.#register = new Register<SetsDocument>(deps, "variable-sets", parseSets);
	}

	/** Those that the caller may read, in order of their names. Fails as Register.read. */
	async list(caller: Caller): Promise<readonly VariableSet[]> {
		const seen: VariableSet[] = [];
		for (const set of await this.#all()) {
			if (await this.#may(caller, "unit.read-variables", set.parent)) seen.push(set);
		}
		return seen.sort((a, b) => (a.name < b.name ? -1 : 1));
	}

	/** Fails with `not_found`, or as Register.read. */
	async get(caller: Caller, id: string): Promise<VariableSet> {
		const set = (await this.#all()).find((one) => one.id === id);
		if (set === undefined || !(await this.#may(caller, "unit.read-variables", set.parent))) {
			throw setNotFound();
		}
		return set;
	}

	/** Whether the caller may change sets of the organization (null) or of a project. */
	async mayChange(caller: Caller, parent: string | null): Promise<boolean> {
		return await this.#may(caller, "unit.write-variables", parent);
	}

	/** Fails with `forbidden`, `invalid_request`, `conflict`, `too_large`, or as Register.update. */
	async create(
		caller: Caller,
		parent: string | null,
		input: VariableSetInput,
	): Promise<VariableSet> {
		const { clock, random, organization } = this.#deps;
		const at = new Date(clock.now()).toISOString();
		const fresh: VariableSet = {
			...input,
			id: newId("varset", organization, random),
			...{ parent, created: at, updated: at },
		};
		const set = changedSet(fresh, {});
		const grant = await this.#authorize(caller, parent);
		return await this.#register.update(grant, (document) => {
			const sets = [...(document?.sets ?? []), set];
			checkSets(sets);
			const detail = `${set.id} ${set.name}`;
			return { operation: "variable-set.create", detail, value: { sets }, result: set };
		});
	}

	/** Fails with `not_found`, `forbidden`, and as `create`. */
	async update(
		caller: Caller,
		id: string,
		change: (before: VariableSet) => VariableSetChange,
	): Promise<VariableSet> {
		const { grant } = await this.#open(caller, id);
		const updated = new Date(this.#deps.clock.now()).toISOString();
		return await this.#register.update(grant, (document) => {
			const before = (document?.sets ?? []).find((one) => one.id === id);
			if (before === undefined) throw setNotFound();
			const after = { ...changedSet(before, change(before)), updated };
			const sets = (document?.sets ?? []).map((one) => (one === before ? after : one));
			checkSets(sets);
			return { operation: "variable-set.update", detail: id, value: { sets }, result: after };
		});
	}

	/** Applies it to more. Fails as `update`. */
	async apply(caller: Caller, id: string, { units, projects }: Places): Promise<VariableSet> {
		return await this.update(caller, id, (before) => ({
			units: [...before.units, ...units],
			projects: [...before.projects, ...projects],
		}));
	}

	/** Applies it to less. Fails as `update`. */
	async withdraw(caller: Caller, id: string, { units, projects }: Places): Promise<VariableSet> {
		return await this.update(caller, id, (before) => ({
			units: before.units.filter((unit) => !units.includes(unit)),
			projects: before.projects.filter((project) => !projects.includes(project)),
		}));
	}

	/** Fails with `not_found`, `forbidden`, or as Register.update. */
	async delete(caller: Caller, id: string): Promise<void> {
		const { grant } = await this.#open(caller, id);
		await this.#register.update<void>(grant, (document) => {
			const before = document?.sets ?? [];
			const sets = before.filter((one) => one.id !== id);
			if (sets.length === before.length) throw setNotFound();
			const operation = "variable-set.delete";
			return { operation, detail: id, value: { sets }, result: undefined };
		});
	}

	/** The projects that own sets or that sets apply to. Fails as Register.read. */
	async namedProjects(): Promise<readonly string[]> {
		return (await this.#all()).flatMap(({ parent, projects }) =>
			parent === null ? projects : [parent, ...projects],
		);
	}

	/** Deletes the sets of projects that are gone, and takes these from others. Fails as Register.update. */
	async forgetProjects(grant: Grant, ids: ReadonlySet<string>): Promise<void> {
		await this.#register.update<void>(grant, (document) => {
			const before = document?.sets ?? [];
			const kept = before.filter(({ parent }) => parent === null || !ids.has(parent));
			const sets = kept.map((set) => {
				const projects = set.projects.filter((id) => !ids.has(id));
				return projects.length === set.projects.length ? set : { ...set, projects };
			});
			if (isSame(sets, before)) return { answer: undefined };
			const operation = kept.length < before.length ? "variable-set.delete" : "variable-set.update";
			const detail = [...ids].join(" ").slice(0, 512);
			return { operation, detail, value: { sets }, result: undefined };
		});
	}

	/** The set's variables. Fails with `not_found`, or as Register.read. */
	async variables(caller: Caller, id: string): Promise<readonly Variable[]> {
		const set = await this.get(caller, id);
		return await this.#deps.documents.read(placeOf(set.id));
	}

	/** Fails with `not_found`, or as Register.read. */
	async variable(caller: Caller, id: string, variable: string): Promise<Variable> {
		const found = (await this.variables(caller, id)).find((one) => one.id === variable);
		if (found === undefined) throw variableNotFound();
		return found;
	}

	/** Fails with `not_found`, `forbidden`, or as VariableDocuments.add. */
	async addVariable(caller: Caller, id: string, input: VariableInput): Promise<Variable> {
		const { grant } = await this.#open(caller, id);
		return await this.#deps.documents.add(grant, placeOf(id), input);
	}

	/** Fails with `not_found`, `forbidden`, or as VariableDocuments.change. */
	async changeVariable(
		caller: Caller,
		id: string,
		variable: string,
		change: VariableChange,
	): Promise<Variable> {
		const { grant } = await this.#open(caller, id);
		const updates = [{ id: variable, change }];
		const [changed] = await this.#deps.documents.change(grant, placeOf(id), updates);
		if (changed === undefined) throw variableNotFound();
		return changed;
	}

	/** Fails with `not_found`, `forbidden`, or as VariableDocuments.remove. */
	async removeVariable(caller: Caller, id: string, variable: string): Promise<void> {
		const { grant } = await this.#open(caller, id);
		await this.#deps.documents.remove(grant, placeOf(id), variable);
	}

	/**
	 * The sets that apply to a unit, with their variables. Whoever may read the variables of the unit
	 * may read these; that is decided before. Fails as Register.read.
	 */
	async sourcesFor(unit: Placed): Promise<readonly VariableSource[]> {
		const applying = (await this.#all()).flatMap((set) => {
			const scope = scopeOfSet(set, unit);
			return scope === null ? [] : [{ set, scope }];
		});
		const sources: VariableSource[] = [];
		for (let at = 0; at < applying.length; at += limits.variableSetReadsAtOnce) {
			const some = applying.slice(at, at + limits.variableSetReadsAtOnce);
			const read = some.map(async ({ set, scope }) => {
				const variables = await this.#deps.documents.read(placeOf(set.id));
				return { set, scope, variables };
			});
			sources.push(...(await Promise.all(read)));
		}
		return sources;
	}

	async #all(): Promise<VariableSet[]> {
		return [...((await this.#register.read()).value?.sets ?? [])];
	}

	async #open(caller: Caller, id: string): Promise<{ set: VariableSet; grant: Grant }> {
		const set = await this.get(caller, id);
		return { set, grant: await this.#authorize(caller, set.parent) };
	}

	async #may(
		caller: Caller,
		action: "unit.read-variables" | "unit.write-variables",
		parent: string | null,
	): Promise<boolean> {
		const { gate } = this.#deps;
		if (parent === null) return await gate.may(caller, action, everything);
		const { resource, traits } = projectQuestion(parent);
		return await gate.may(caller, action, resource, traits);
	}

	async #authorize(caller: Caller, parent: string | null): Promise<Grant> {
		const { gate } = this.#deps;
		if (parent === null) return await gate.authorize(caller, "unit.write-variables", everything);
		const { resource, traits } = projectQuestion(parent);
		return await gate.authorize(caller, "unit.write-variables", resource, traits);
	}
}

function placeOf(id: string): VariablePlace {
	return { register: `variable-set-${id}`, life: id, owner: id };
}

function parseSets(value: unknown): SetsDocument {
	const document = value as Partial<SetsDocument> | null;
	const isGood =
		Array.isArray(document?.sets) &&
		document.sets.every((set) => typeof set?.id === "string" && Array.isArray(set.units));
	if (isGood) return document as SetsDocument;
	throw new DomainError("storage_corrupt", "the register of variable sets is not readable", {
		hint: "run `taco doctor` on the store",
	});
}

/**
 * Lists of variables, each in a register of its own: of a unit, or of a variable set. Every change
 * is a record that names the variable and never its value (I13).
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { newId } from "../organization/id.ts";
import type { Organization } from "../organization/organization.ts";
import { randomId } from "../ports/random.ts";
import type { Grant } from "../rbac/grant.ts";
import { Register, type RegisterDeps } from "../register/register.ts";
import { registerRoot } from "../unit/keys.ts";
import type { Seal, Sealed, SecretBox } from "./secret-box.ts";
import {
	checkVariable,
	checkVariables,
	nameOfVariable,
	type StoredVariable,
	shownVariable,
	type Variable,
	type VariableChange,
	type VariableInput,
	variableNotFound,
} from "./variable.ts";

/** Where a list of variables is. */
export interface VariablePlace {
	/** The register's name. */
	readonly register: string;
	/** Which life of its owner it is about: what was kept for an earlier one is gone. */
	readonly life: string;
	/** For the audit trail. */
	readonly owner: string;
}

interface VariablesDocument {
	readonly life: string;
	readonly variables: readonly StoredVariable[];
}

/** A change of one variable among several. */
export interface VariableUpdate {
	readonly id: string;
	readonly change: VariableChange;
}

export interface VariableDocumentsDeps extends RegisterDeps {
	/** Whose variables these are. */
	readonly organization: Organization;
}

/** Reads and changes lists of variables. Who may is decided before. */
export class VariableDocuments {
	readonly #deps: VariableDocumentsDeps;
	readonly #box: SecretBox;
	readonly #registers = new Map<string, Register<VariablesDocument>>();

	constructor(deps: VariableDocumentsDeps, box: SecretBox) {
		this.#deps = deps;
		this.#box = box;
	}

	/** In the order in which they were made. Fails as Register.read. */
	async read(place: VariablePlace): Promise<readonly Variable[]> {
		const { value } = await this.#register(place).read();
		return variablesOf(value, place).map(shownVariable);
	}

	/** Fails with `invalid_request`, `conflict`, `too_large`, or as Register.update. */
	async add(grant: Grant, place: VariablePlace, input: VariableInput): Promise<Variable> {
		checkVariable(input, input.value);
		const { random, clock, organization } = this.#deps;
		const id = newId("var", organization, random);
		const { seal } = await this.#box.sealer();
		const { value, ...rest } = input;
		const added: StoredVariable = {
			id,
			...rest,
			...kept(value, input.isSensitive, () => seal(value, contextOf(place, id))),
			created: new Date(clock.now()).toISOString(),
			versionId: randomId(random),
		};
		return await this.#register(place).update(grant, (document) => {
			const variables = [...variablesOf(document, place), added];
			checkVariables(variables);
			return {
				operation: "variable.create",
				detail: `${place.owner} ${nameOfVariable(added)}`,
				value: { life: place.life, variables },
				result: shownVariable(added),
			};
		});
	}

	/**
	 * Changes several at once or none. Fails with `not_found`, `invalid_request` (also for the wish
	 * to see a sensitive value), `conflict`, `too_large`, or as Register.update.
	 */
	async change(
		grant: Grant,
		place: VariablePlace,
		updates: readonly VariableUpdate[],
	): Promise<readonly Variable[]> {
		const { seal } = await this.#box.sealer();
		const versionId = randomId(this.#deps.random);
		return await this.#register(place).update(grant, (document) => {
			const before = variablesOf(document, place);
			let variables = before;
			for (const { id, change } of updates) {
				const known = variables.find((one) => one.id === id);
				if (known === undefined) throw variableNotFound();
				const after = changed(known, change, versionId, (text) => seal(text, contextOf(place, id)));
				variables = variables.map((one) => (one === known ? after : one));
			}
			checkVariables(variables);
			const ids = new Set(updates.map(({ id }) => id));
			const result = variables.filter(({ id }) => ids.has(id)).map(shownVariable);
			return {
				operation: "variable.update",
				detail: `${place.owner} ${result.map(nameOfVariable).join(" ")}`.slice(0, 512),
				value: { life: place.life, variables },
				result,
			};
		});
	}

	/** Fails with `not_found`, or as Register.update. */
	async remove(grant: Grant, place: VariablePlace, id: string): Promise<void> {
		await this.#register(place).update<void>(grant, (document) => {
			const before = variablesOf(document, place);
			const known = before.find((one) => one.id === id);
			if (known === undefined) throw variableNotFound();
			return {
				operation: "variable.delete",
				detail: `${place.owner} ${nameOfVariable(known)}`,
				value: { life: place.life, variables: before.filter((one) => one !== known) },
				result: undefined,
			};
		});
	}

	/** The names of the registers that hold variables. Fails with StoreError. */
	async registers(): Promise<string[]> {
		const names: string[] = [];
		const prefix = `${registerRoot}variable`;
		for (let after: string | undefined; ; ) {
			const page = await this.#deps.store.list({
				...{ prefix, delimiter: "/", limit: limits.listPageMax },
				...(after === undefined ? {} : { after }),
			});
			names.push(...page.prefixes.map((key) => key.slice(registerRoot.length, -1)));
			after = page.next;
			if (after === undefined) break;
		}
		return names.filter((name) => /^variable(?:s-|-set-)/.test(name));
	}

	/**
	 * Seals anew, with the key of today, what was sealed with an earlier one. Gives how many values
	 * that were. Fails with `storage_corrupt` for a value that does not open, or as Register.update.
	 */
	async reseal(grant: Grant, register: string): Promise<number> {
		const place = { register, life: "", owner: register };
		const { keyId, seal } = await this.#box.sealer();
		const { value } = await this.#register(place).read();
		const fresh = new Map<string, Sealed>();
		for (const { id, sealed } of value?.variables ?? []) {
			if (sealed === null || sealed.key === keyId) continue;
			const text = await this.#box.open(sealed, contextOf(place, id));
			fresh.set(sealed.data, seal(text, contextOf(place, id)));
		}
		if (fresh.size === 0) return 0;
		return await this.#register(place).update(grant, (document) => {
			if (document === null) return { answer: 0 };
			const variables = document.variables.map((one) => {
				const sealed = fresh.get(one.sealed?.data ?? "");
				return sealed === undefined ? one : { ...one, sealed };
			});
			const count = variables.filter((one, at) => one !== document.variables[at]).length;
			return {
				operation: "variable.reseal",
				detail: `${register} ${count}`,
				value: { ...document, variables },
				result: count,
			};
		});
	}

	#register({ register: name }: Pick<VariablePlace, "register">): Register<VariablesDocument> {
		const known = this.#registers.get(name);
		if (known !== undefined) return known;
		const made = new Register<VariablesDocument>(this.#deps, name, parseDocument);
		this.#registers.set(name, made);
		for (const oldest of this.#registers.keys()) {
			if (this.#registers.size <= limits.variableRegistersCachedMax) break;
			this.#registers.delete(oldest);
		}
		return made;
	}
}

/** What a sealed value is bound to. */
function contextOf({ register }: VariablePlace, id: string): string {
	return `${register} ${id}`;
}

function kept(
	value: string,
	isSensitive: boolean,
	seal: () => Sealed,
): Pick<StoredVariable, "value" | "sealed"> {
	return isSensitive ? { value: null, sealed: seal() } : { value, sealed: null };
}

function changed(
	known: StoredVariable,
	change: VariableChange,
	versionId: string,
	seal: (text: string) => ReturnType<Seal>,
): StoredVariable {
	const isSensitive = change.isSensitive ?? known.isSensitive;
	if (known.isSensitive && !isSensitive) {
		throw new DomainError("invalid_request", "a sensitive variable stays sensitive", {
			hint: "delete it and make another one",
		});
	}
	const text = change.value ?? known.value;
	const value = text === null ? known : kept(text, isSensitive, () => seal(text));
	const after: StoredVariable = {
		...known,
		key: change.key ?? known.key,
		category: change.category ?? known.category,
		isHcl: change.isHcl ?? known.isHcl,
		isSensitive,
		description: change.description ?? known.description,
		value: value.value,
		sealed: value.sealed,
		versionId,
	};
	checkVariable(after, text);
	return after;
}

function variablesOf(
	document: VariablesDocument | null,
	{ life }: VariablePlace,
): readonly StoredVariable[] {
	return document?.life === life ? document.variables : [];
}

function parseDocument(value: unknown): VariablesDocument {
	const document = value as Partial<VariablesDocument> | null;
	const isGood =
		typeof document?.life === "string" &&
		Array.isArray(document.variables) &&
		document.variables.every(
			(one) =>
				typeof one?.id === "string" &&
				typeof one.key === "string" &&
				(one.isSensitive === true
					? typeof one.sealed?.data === "string" && one.value === null
					: true),
		);
	if (isGood) return document as VariablesDocument;
	throw new DomainError("storage_corrupt", "a register of variables is not readable", {
		hint: "run `taco doctor` on the store",
	});
}

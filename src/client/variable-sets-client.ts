/** Variable sets: `/v1/variable-sets`. */
import type {
	CreateVariable,
	CreateVariableSet,
	UpdateVariable,
	UpdateVariableSet,
	VariableList,
	VariableSetList,
	VariableSetView,
	VariableView,
} from "../api/variables.ts";
import { type CallOptions, callFor } from "./call.ts";
import type { Http } from "./http.ts";

const root = "/v1/variable-sets";

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class VariableSetsClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	/** In order of their names. */
	async list(options: CallOptions = {}): Promise<VariableSetView[]> {
		const request = { method: "GET", path: root, repeatable: true, ...options } as const;
		return (await callFor<VariableSetList>(this.#http, request, "variable_sets")).variable_sets;
	}

	/** Sent once: a second one would find the set of the first. */
	create(set: CreateVariableSet, options: CallOptions = {}): Promise<VariableSetView> {
		const request = { method: "POST", path: root, json: set, repeatable: false } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	/** What the change does not name stays. */
	update(
		id: string,
		change: UpdateVariableSet,
		options: CallOptions = {},
	): Promise<VariableSetView> {
		const request = { method: "PATCH", path: pathOf(id), json: change, repeatable: true } as const;
		return callFor(this.#http, { ...request, ...options }, "id");
	}

	async delete(id: string, options: CallOptions = {}): Promise<void> {
		const path = pathOf(id);
		await this.#http.json({ method: "DELETE", path, repeatable: false, ...options });
	}

	/** The set's variables; sensitive values are null. */
	async variables(id: string, options: CallOptions = {}): Promise<VariableView[]> {
		const path = `${pathOf(id)}/variables`;
		const request = { method: "GET", path, repeatable: true, ...options } as const;
		return (await callFor<VariableList>(this.#http, request, "variables")).variables;
	}

	/** Sent once: a second one would find the variable of the first. */
	createVariable(
		id: string,
		variable: CreateVariable,
		options: CallOptions = {},
	): Promise<VariableView> {
		const path = `${pathOf(id)}/variables`;
		const request = { method: "POST", path, json: variable, repeatable: false } as const;
		return callFor(this.#http, { ...request, ...options }, "key");
	}

	/** What the change does not name stays. */
	updateVariable(
		id: string,
		variable: string,
		change: UpdateVariable,
		options: CallOptions = {},
	): Promise<VariableView> {
		const path = `${pathOf(id)}/variables/${encodeURIComponent(variable)}`;
		const request = { method: "PATCH", path, json: change, repeatable: true } as const;
		return callFor(this.#http, { ...request, ...options }, "key");
	}

	async deleteVariable(id: string, variable: string, options: CallOptions = {}): Promise<void> {
		const path = `${pathOf(id)}/variables/${encodeURIComponent(variable)}`;
		await this.#http.json({ method: "DELETE", path, repeatable: false, ...options });
	}
}

function pathOf(id: string): string {
	return `${root}/${encodeURIComponent(id)}`;
}

/** Variables of units: `/v1/units/<id>/variables`. */
import type {
	CreateVariable,
	UpdateVariable,
	VariableList,
	VariableView,
} from "../api/variables.ts";
import { callFor } from "./call.ts";
import { type CallOptions, unitSegment } from "./client.ts";
import type { Http } from "./http.ts";

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class VariablesClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	/** The unit's own variables; sensitive values are null. */
	async list(unit: string, options: CallOptions = {}): Promise<VariableView[]> {
		const request = { method: "GET", path: pathOf(unit), repeatable: true, ...options } as const;
		return (await callFor<VariableList>(this.#http, request, "variables")).variables;
	}

	get(unit: string, id: string, options: CallOptions = {}): Promise<VariableView> {
		const path = pathOf(unit, id);
		return callFor(this.#http, { method: "GET", path, repeatable: true, ...options }, "key");
	}

	/** Sent once: a second one would find the variable of the first. */
	create(unit: string, variable: CreateVariable, options: CallOptions = {}): Promise<VariableView> {
		const request = { method: "POST", path: pathOf(unit), json: variable } as const;
		return callFor(this.#http, { ...request, repeatable: false, ...options }, "key");
	}

	/** What the change does not name stays. */
	update(
		unit: string,
		id: string,
		change: UpdateVariable,
		options: CallOptions = {},
	): Promise<VariableView> {
		const request = { method: "PATCH", path: pathOf(unit, id), json: change } as const;
		return callFor(this.#http, { ...request, repeatable: true, ...options }, "key");
	}

	async delete(unit: string, id: string, options: CallOptions = {}): Promise<void> {
		const path = pathOf(unit, id);
		await this.#http.json({ method: "DELETE", path, repeatable: false, ...options });
	}
}

function pathOf(unit: string, id?: string): string {
	const path = `/v1/units/${unitSegment(unit)}/variables`;
	return id === undefined ? path : `${path}/${encodeURIComponent(id)}`;
}

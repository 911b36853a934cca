/** Variables of units: `/v1/units/<id>/variables`. */
import type {
	CreateVariable,
	Resealed,
	UpdateVariable,
	VariableList,
	VariableView,
} from "../api/variables.ts";
import { type CallOptions, callFor, unitSegment } from "./call.ts";
import type { Http } from "./http.ts";

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class VariablesClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	/**
	 * The unit's own variables; sensitive values are null. With `inherited` those of variable sets
	 * too, and which of them count.
	 */
	async list(
		unit: string,
		{ inherited, ...options }: CallOptions & { readonly inherited?: boolean } = {},
	): Promise<VariableView[]> {
		const query: [string, string][] = inherited === true ? [["inherited", "true"]] : [];
		const path = pathOf(unit);
		const request = { method: "GET", path, query, repeatable: true, ...options } as const;
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

	/** Seals all sensitive values with the server's key of today; gives how many were not. */
	async reseal(options: CallOptions = {}): Promise<number> {
		const path = "/v1/variables/reseal";
		const request = { method: "POST", path, repeatable: true, ...options } as const;
		return (await callFor<Resealed>(this.#http, request, "resealed")).resealed;
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

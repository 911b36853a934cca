/** The graph of units: questions, and the acknowledgement of what has changed; each may be repeated. */
import type { ApplyOrder, BlastView, GraphView, StatusList, UnitStatusView } from "../api/graph.ts";
import { type CallOptions, callFor, unitSegment } from "./call.ts";
import type { Http } from "./http.ts";

export interface OrderQuestion {
	/** Only what is red or yellow. */
	readonly isStaleOnly?: boolean | undefined;
	/** Only this unit and what lies below it. */
	readonly from?: string | undefined;
	readonly prefix?: string | undefined;
}

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class GraphClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	/** Whether one unit is up to date. */
	unitStatus(id: string, options: CallOptions = {}): Promise<UnitStatusView> {
		return this.#get(`/v1/units/${unitSegment(id)}/status`, {}, "status", options);
	}

	/** Takes what the units upstream have now as taken in, without an apply; the status after it. */
	acknowledge(id: string, options: CallOptions = {}): Promise<UnitStatusView> {
		const path = `/v1/units/${unitSegment(id)}/acknowledge`;
		const request = { method: "POST", path, repeatable: true, ...options } as const;
		return callFor<UnitStatusView>(this.#http, request, "status");
	}

	/** All units whose ids start with the prefix, in one request. */
	statuses(
		filter: { readonly prefix?: string | undefined; readonly edges?: boolean | undefined } = {},
		options: CallOptions = {},
	): Promise<StatusList> {
		const query = { prefix: filter.prefix, edges: filter.edges === true ? "true" : undefined };
		return this.#get("/v1/status", query, "units", options);
	}

	/** Units and edges; or declared edges alone, and their units. */
	graph(
		filter: { readonly prefix?: string | undefined; readonly isDeclaredOnly?: boolean } = {},
		options: CallOptions = {},
	): Promise<GraphView> {
		const source = filter.isDeclaredOnly === true ? "declared" : undefined;
		return this.#get("/v1/graph", { prefix: filter.prefix, source }, "units", options);
	}

	/** In which order to apply. */
	order(question: OrderQuestion = {}, options: CallOptions = {}): Promise<ApplyOrder> {
		const { isStaleOnly, from, prefix } = question;
		const of = isStaleOnly === true ? "stale" : undefined;
		return this.#get("/v1/graph/order", { of, from, prefix }, "units", options);
	}

	/** What a change of the unit, or of one of its outputs, reaches. */
	blast(unit: string, output?: string, options: CallOptions = {}): Promise<BlastView> {
		return this.#get("/v1/graph/blast", { unit, output }, "units", options);
	}

	#get<T>(
		path: string,
		fields: Readonly<Record<string, string | undefined>>,
		proof: keyof T & string,
		options: CallOptions,
	): Promise<T> {
		const query = Object.entries(fields).flatMap(([name, value]) =>
			value === undefined || value === "" ? [] : [[name, value] as const],
		);
		const request = { method: "GET", path, query, repeatable: true, ...options } as const;
		return callFor<T>(this.#http, request, proof);
	}
}

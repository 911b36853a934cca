/** The audit trail: `/v1/audit`. */
import type { AuditEventView, AuditPage, AuditVerification } from "../api/audit.ts";
import { type CallOptions, callFor } from "./call.ts";
import { type Download, openDownload } from "./download.ts";
import type { Http } from "./http.ts";
import { clientLimits } from "./limits.ts";
import { allPages } from "./pages.ts";

export interface AuditFilter {
	readonly unit?: string | undefined;
	readonly prefix?: string | undefined;
	readonly principal?: string | undefined;
	readonly operation?: string | undefined;
	readonly outcome?: string | undefined;
	/** ISO 8601. */
	readonly since?: string | undefined;
	/** ISO 8601. */
	readonly until?: string | undefined;
}

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class AuditClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	/** The newest events that the filter lets through, over as many pages as it takes. */
	async list(
		filter: AuditFilter,
		eventsMax: number,
		options: CallOptions = {},
	): Promise<AuditEventView[]> {
		return await allPages(async ({ cursor, itemsMax }) => {
			const limit = Math.min(clientLimits.auditEventsPerPage, itemsMax);
			const query = queryOf({ ...filter, limit: String(limit), cursor });
			const request = { method: "GET", path: "/v1/audit", query, repeatable: true } as const;
			const answer = await callFor<AuditPage>(this.#http, { ...request, ...options }, "events");
			return { items: answer.events, next: answer.next };
		}, eventsMax);
	}

	/** One step of a verification; `next` says where the next one begins. */
	verify(
		input: { readonly unit?: string | undefined; readonly cursor?: string | undefined },
		options: CallOptions = {},
	): Promise<AuditVerification> {
		const query = queryOf(input);
		const request = { method: "GET", path: "/v1/audit/verify", query, repeatable: true } as const;
		return callFor<AuditVerification>(this.#http, { ...request, ...options }, "findings");
	}

	/** All events that the filter lets through, as lines of JSON. */
	async export(filter: AuditFilter, options: CallOptions = {}): Promise<Download> {
		const query = queryOf({ ...filter });
		const request = { method: "GET", path: "/v1/audit/export", query, repeatable: true } as const;
		const answer = await this.#http.send({ ...request, ...options });
		return openDownload(answer, this.#http.transferIdleMs, options.signal);
	}
}

function queryOf(values: Readonly<Record<string, string | undefined>>): [string, string][] {
	return Object.entries(values).flatMap(([name, value]): [string, string][] =>
		value === undefined ? [] : [[name, value]],
	);
}

/** `/v1/audit`: who did what, and who was not let. */
import { type AuditEventView, AuditPage, AuditVerification } from "../../../api/audit.ts";
import type { AuditEvent, AuditOutcome } from "../../../core/audit/event.ts";
import type { AuditFilter } from "../../../core/audit/filter.ts";
import type { CollectionOperation, QueryParameter } from "./operation.ts";
import { readCount } from "./operation.ts";

const text = { type: "string" };

const unit: QueryParameter = { name: "unit", description: "Only this unit", schema: text };

const filters: readonly QueryParameter[] = [
	unit,
	{ name: "prefix", description: "Only units whose id starts with this", schema: text },
	{ name: "principal", description: "Only this principal, by id or e-mail address", schema: text },
	{
		name: "operation",
		description:
			"Only this operation (`write`, `rbac.assign`) or denied action (`unit.read`); `rbac` finds all that start with `rbac.`",
		schema: text,
	},
	{
		name: "outcome",
		description: "success, denied or failed",
		schema: { type: "string", enum: ["success", "denied", "failed"] },
	},
	{ name: "since", description: "Not before this time, ISO 8601", schema: text },
	{ name: "until", description: "Before this time, ISO 8601", schema: text },
];

const cursor: QueryParameter = {
	name: "cursor",
	description: "The `next` of the answer before",
	schema: text,
};

function given(query: URLSearchParams, name: string): string | undefined {
	const value = query.get(name);
	return value === null || value === "" ? undefined : value;
}

function filterOf(query: URLSearchParams): AuditFilter {
	return {
		unit: given(query, "unit"),
		prefix: given(query, "prefix"),
		principal: given(query, "principal"),
		operation: given(query, "operation") ?? given(query, "action"),
		// The core refuses other words.
		outcome: given(query, "outcome") as AuditOutcome | undefined,
		since: given(query, "since"),
		until: given(query, "until"),
	};
}

function eventView(event: AuditEvent): AuditEventView {
	return {
		time: event.time,
		kind: event.kind,
		outcome: event.outcome,
		operation: event.operation,
		unit: event.unit,
		detail: event.detail,
		principal: event.principal,
		email: event.email,
		credential_kind: event.credentialKind,
		login_id: event.loginId,
		surface: event.surface,
		address: event.address,
		request_id: event.requestId,
		source: event.source,
		generation: event.generation,
	};
}

const listAudit: CollectionOperation = {
	scope: "collection",
	id: "listAuditEvents",
	method: "GET",
	path: "/v1/audit",
	tag: "Audit",
	summary: "What happened and what was refused, newest first",
	query: [
		...filters,
		{
			name: "limit",
			description: "At most this many; 100 without it",
			schema: { type: "integer", minimum: 1, maximum: 1000 },
		},
		cursor,
	],
	success: { status: 200, schema: AuditPage },
	failures: [400, 404],
	async handle({ caller, context, deps }) {
		const { query } = context;
		const page = await deps.core.audit.query(caller, {
			...filterOf(query),
			limit: readCount(query, "limit"),
			cursor: given(query, "cursor"),
		});
		const body: AuditPage = {
			events: page.events.map(eventView),
			count: page.events.length,
			...(page.next === undefined ? {} : { next: page.next }),
		};
		return Response.json(body);
	},
};

const verifyAudit: CollectionOperation = {
	scope: "collection",
	id: "verifyAudit",
	method: "GET",
	path: "/v1/audit/verify",
	tag: "Audit",
	summary: "Hold the trail to its hashes and anchors, as far as one request goes",
	query: [unit, cursor],
	success: { status: 200, schema: AuditVerification },
	failures: [400, 404],
	async handle({ caller, context, deps }) {
		context.allowSlow();
		const { query } = context;
		const input = { unit: given(query, "unit"), cursor: given(query, "cursor") };
		const found = await deps.core.audit.verify(caller, input);
		const body: AuditVerification = { ...found, findings: [...found.findings] };
		return Response.json(body);
	},
};

const exportAudit: CollectionOperation = {
	scope: "collection",
	id: "exportAudit",
	method: "GET",
	path: "/v1/audit/export",
	tag: "Audit",
	summary: "The whole trail as lines of JSON: log by log, each oldest first",
	query: filters,
	success: { status: 200, schema: "lines" },
	failures: [400, 404],
	async handle({ caller, context, deps }) {
		context.allowSlow();
		const events = await deps.core.audit.export(caller, filterOf(context.query));
		return new Response(linesOf(events), {
			headers: { "content-type": "application/x-ndjson;charset=utf-8" },
		});
	},
};

/** Pulled line by line: nothing is read for a client that does not. */
function linesOf(events: AsyncIterable<AuditEvent>): ReadableStream<Uint8Array> {
	const encoder = new TextEncoder();
	const iterator = events[Symbol.asyncIterator]();
	return new ReadableStream<Uint8Array>({
		async pull(controller) {
			const next = await iterator.next();
			if (next.done === true) controller.close();
			else controller.enqueue(encoder.encode(`${JSON.stringify(eventView(next.value))}\n`));
		},
		async cancel() {
			await iterator.return?.();
		},
	});
}

export const auditOperations: readonly CollectionOperation[] = [
	listAudit,
	verifyAudit,
	exportAudit,
];

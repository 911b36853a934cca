/** The wire contract of `/v1/audit`. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends import("@sinclair/typebox").TSchema>(schema: T) =>
	Type.Union([schema, Type.Null()]);

export const AuditEventView = Type.Object(
	{
		time: Type.String({ description: "ISO 8601, by the server that noted it" }),
		kind: Type.String({ description: "change, denial, login or dropped" }),
		outcome: Type.String({ description: "success, denied or failed" }),
		operation: Type.String({ description: "What was done, or the action that was denied" }),
		unit: Nullable(Type.String()),
		detail: Nullable(Type.String()),
		principal: Type.String({ description: "Who; empty when nobody proved to be anybody" }),
		email: Nullable(Type.String()),
		credential_kind: Nullable(Type.String()),
		login_id: Nullable(Type.String({ description: "The login or the token behind it" })),
		surface: Nullable(Type.String()),
		address: Nullable(Type.String({ description: "The client's address" })),
		request_id: Nullable(Type.String()),
		source: Type.String({ description: "The log in which it stands" }),
		generation: Type.Integer({ description: "The record there" }),
	},
	{ $id: "AuditEvent" },
);
export type AuditEventView = Static<typeof AuditEventView>;

export const AuditPage = Type.Object(
	{
		events: Type.Array(AuditEventView, { description: "Newest first" }),
		count: Type.Integer(),
		next: Type.Optional(
			Type.String({ description: "Pass as `cursor` for the next page; a page may be short" }),
		),
	},
	{ $id: "AuditPage" },
);
export type AuditPage = Static<typeof AuditPage>;

export const AuditVerification = Type.Object(
	{
		sources: Type.Integer({ description: "Logs that were read to their end" }),
		records: Type.Integer(),
		anchors: Type.Integer({ description: "Heads that were held to what was noted of them" }),
		findings: Type.Array(
			Type.Object({
				source: Type.String(),
				generation: Type.Integer(),
				problem: Type.String({ description: "missing, broken, exchanged or damaged" }),
			}),
		),
		next: Type.Optional(Type.String({ description: "Pass as `cursor` to go on" })),
	},
	{ $id: "AuditVerification" },
);
export type AuditVerification = Static<typeof AuditVerification>;

/** The wire contract of the graph of units. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends import("@sinclair/typebox").TSchema>(schema: T) =>
	Type.Union([schema, Type.Null()]);

const EdgeStatus = Type.Union(
	[Type.Literal("ok"), Type.Literal("pending"), Type.Literal("unknown")],
	{ description: "pending: another value was consumed than there is now, or none yet" },
);

export const UnitStatus = Type.Union(
	[Type.Literal("green"), Type.Literal("yellow"), Type.Literal("red"), Type.Literal("unknown")],
	{
		description:
			"green: up to date; red: needs to be applied again; yellow: a unit upstream is red; unknown: an edge cannot be judged",
	},
);
export type UnitStatus = Static<typeof UnitStatus>;

const edgeEnds = {
	edge_id: Type.String(),
	from_unit_id: Type.String(),
	from_output: Type.String(),
	to_unit_id: Type.String(),
	to_input: Nullable(Type.String({ description: "What the using unit calls it" })),
};

export const GraphEdgeView = Type.Object(
	{
		...edgeEnds,
		status: EdgeStatus,
		reason: Nullable(Type.String({ description: "Why it is not ok; null when it is" })),
		sources: Type.Array(Type.String(), {
			description:
				"declared: an opentaco_dependency; recorded: the using state holds a copy of the value; read: a token of the using unit read it",
		}),
		in_digest: Nullable(Type.String({ description: "Keyed digest of the value as it is now" })),
		out_digest: Nullable(Type.String({ description: "Of the value that was consumed" })),
		last_in_at: Nullable(Type.String({ description: "When the upstream's version was written" })),
		last_out_at: Nullable(Type.String({ description: "When it was consumed" })),
	},
	{ $id: "GraphEdge" },
);
export type GraphEdgeView = Static<typeof GraphEdgeView>;

export const StatusReasonView = Type.Object(
	{
		code: Type.String({
			description:
				"output_changed, not_applied, upstream_red, hidden_upstream, cycle, upstream_missing, output_missing and others",
		}),
		unit_id: Type.Optional(Type.String({ description: "The unit upstream that it is about" })),
		output: Type.Optional(Type.String()),
		units: Type.Optional(Type.Array(Type.String(), { description: "The members of a cycle" })),
	},
	{ $id: "StatusReason" },
);
export type StatusReasonView = Static<typeof StatusReasonView>;

const Summary = Type.Object({
	incoming_ok: Type.Integer(),
	incoming_pending: Type.Integer(),
	incoming_unknown: Type.Integer(),
});

const standing = {
	unit_id: Type.String(),
	status: UnitStatus,
	summary: Summary,
	reasons: Type.Array(StatusReasonView, {
		description:
			"The most urgent first; in a list of units without `edges` 20 that lie in edges at most",
	}),
};

export const UnitStatusView = Type.Object(
	{
		...standing,
		incoming: Type.Array(GraphEdgeView, {
			description: "Pending ones first, then unknown ones; then in order of the units upstream",
		}),
		outgoing: Type.Array(GraphEdgeView),
		external: Type.Integer({
			description: "Readings in the unit's state of what is no unit of this server",
		}),
	},
	{ $id: "UnitStatus" },
);
export type UnitStatusView = Static<typeof UnitStatusView>;

export const UnitStanding = Type.Object(
	{
		...standing,
		incoming: Type.Optional(Type.Array(GraphEdgeView, { description: "With `edges`" })),
		outgoing: Type.Optional(Type.Array(GraphEdgeView, { description: "With `edges`" })),
	},
	{ $id: "UnitStanding" },
);
export type UnitStanding = Static<typeof UnitStanding>;

const Counts = Type.Object({
	green: Type.Integer(),
	yellow: Type.Integer(),
	red: Type.Integer(),
	unknown: Type.Integer(),
});

export const StatusList = Type.Object(
	{ units: Type.Array(UnitStanding), count: Type.Integer(), counts: Counts },
	{ $id: "StatusList" },
);
export type StatusList = Static<typeof StatusList>;

const Cycles = Type.Array(Type.Array(Type.String()), {
	description: "Units that depend on themselves, by way of each other",
});

export const GraphView = Type.Object(
	{
		units: Type.Array(
			Type.Object({
				unit_id: Type.String(),
				status: UnitStatus,
				exists: Type.Boolean({ description: "False for what is only named by an edge" }),
			}),
		),
		edges: Type.Array(GraphEdgeView),
		cycles: Cycles,
		faulty: Type.Array(Type.Object({ address: Type.String(), fault: Type.String() }), {
			description: "Declarations in the system unit's state that declare no edge, and why",
		}),
		truncated: Type.Boolean({ description: "The system unit declares more than is followed" }),
	},
	{ $id: "Graph" },
);
export type GraphView = Static<typeof GraphView>;

const place = {
	unit_id: Type.String(),
	status: UnitStatus,
	wave: Type.Integer({ description: "From 1; units of one wave may be applied at once" }),
	in_cycle: Type.Boolean(),
};

export const ApplyOrder = Type.Object(
	{ units: Type.Array(Type.Object(place)), count: Type.Integer(), cycles: Cycles },
	{ $id: "ApplyOrder" },
);
export type ApplyOrder = Static<typeof ApplyOrder>;

export const BlastView = Type.Object(
	{
		unit_id: Type.String(),
		output: Nullable(Type.String()),
		output_exists: Nullable(
			Type.Boolean({
				description: "Whether the unit has it now; null without one, or where it cannot be told",
			}),
		),
		units: Type.Array(
			Type.Object({
				...place,
				outputs: Type.Array(Type.String(), {
					description: "Outputs that it uses itself; empty when it only lies below others",
				}),
			}),
		),
		count: Type.Integer(),
		cycles: Cycles,
	},
	{ $id: "Blast" },
);
export type BlastView = Static<typeof BlastView>;

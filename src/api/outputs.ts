/** The wire contract of `/v1/units/<id>/outputs`. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends import("@sinclair/typebox").TSchema>(schema: T) =>
	Type.Union([schema, Type.Null()]);

export const OutputView = Type.Object(
	{
		sensitive: Type.Boolean(),
		type: Type.Unknown({
			description: 'As Terraform writes it: `"string"`, `["list","string"]` …; null when not known',
		}),
		value: Type.Unknown({
			description: "As it stands in the state; numbers may have more digits than a double",
		}),
	},
	{ $id: "Output" },
);
export type OutputView = Static<typeof OutputView>;

export const UnitOutputs = Type.Object(
	{
		unit: Type.String(),
		version: Nullable(Type.Integer({ description: "The number of the version that they are of" })),
		serial: Nullable(Type.Integer()),
		encrypted: Type.Boolean({
			description: "The client has encrypted the state: nothing is known of its outputs",
		}),
		outputs: Type.Record(Type.String(), OutputView, {
			description: "By name; those that the caller may read",
		}),
	},
	{ $id: "UnitOutputs" },
);
export type UnitOutputs = Static<typeof UnitOutputs>;

/** The wire contract of variables: `/v1/units/<id>/variables` and `/v1/variable-sets`. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends import("@sinclair/typebox").TSchema>(schema: T) =>
	Type.Union([schema, Type.Null()]);

export const VariableCategory = Type.Union([Type.Literal("terraform"), Type.Literal("env")], {
	description: "An input variable of the configuration, or one of the environment",
});
export type VariableCategory = Static<typeof VariableCategory>;

export const VariableView = Type.Object(
	{
		id: Type.String(),
		key: Type.String(),
		value: Nullable(
			Type.String({ description: "Null for a sensitive one: it is never given out" }),
		),
		category: VariableCategory,
		hcl: Type.Boolean({ description: "The value is an expression, not a text" }),
		sensitive: Type.Boolean(),
		description: Type.String(),
		created: Type.String({ description: "ISO 8601, UTC" }),
		version_id: Type.String({ description: "Another one after each change" }),
		set: Type.Optional(
			Nullable(
				Type.Object(
					{ id: Type.String(), name: Type.String() },
					{
						description:
							"With `inherited`: the variable set that it comes from, null for the unit's own",
					},
				),
			),
		),
		counts: Type.Optional(
			Type.Boolean({ description: "With `inherited`: no other one goes before it" }),
		),
	},
	{ $id: "Variable" },
);
export type VariableView = Static<typeof VariableView>;

export const VariableList = Type.Object(
	{ variables: Type.Array(VariableView), count: Type.Integer() },
	{ $id: "VariableList" },
);
export type VariableList = Static<typeof VariableList>;

export const CreateVariable = Type.Object(
	{
		key: Type.String(),
		value: Type.Optional(Type.String({ description: "Empty when absent" })),
		category: Type.Optional(VariableCategory),
		hcl: Type.Optional(Type.Boolean()),
		sensitive: Type.Optional(Type.Boolean({ description: "The value can never be read again" })),
		description: Type.Optional(Type.String()),
	},
	{ $id: "CreateVariable" },
);
export type CreateVariable = Static<typeof CreateVariable>;

export const UpdateVariable = Type.Object(
	{
		key: Type.Optional(Type.String()),
		value: Type.Optional(Type.String()),
		category: Type.Optional(VariableCategory),
		hcl: Type.Optional(Type.Boolean()),
		sensitive: Type.Optional(Type.Boolean({ description: "Never back to false" })),
		description: Type.Optional(Type.String()),
	},
	{ $id: "UpdateVariable" },
);
export type UpdateVariable = Static<typeof UpdateVariable>;

export const Resealed = Type.Object(
	{ resealed: Type.Integer({ description: "Values that had been sealed with an earlier key" }) },
	{ $id: "Resealed" },
);
export type Resealed = Static<typeof Resealed>;

export const VariableSetView = Type.Object(
	{
		id: Type.String(),
		name: Type.String(),
		description: Type.String(),
		global: Type.Boolean({ description: "Applies to every unit" }),
		priority: Type.Boolean({ description: "Goes before the units' own variables" }),
		project: Nullable(
			Type.String({ description: "Whose own set it is; null: the organization's" }),
		),
		units: Type.Array(Type.String()),
		projects: Type.Array(Type.String(), { description: "Ids" }),
		created: Type.String({ description: "ISO 8601, UTC" }),
		updated: Type.String({ description: "ISO 8601, UTC" }),
	},
	{ $id: "VariableSet" },
);
export type VariableSetView = Static<typeof VariableSetView>;

export const VariableSetList = Type.Object(
	{ variable_sets: Type.Array(VariableSetView), count: Type.Integer() },
	{ $id: "VariableSetList" },
);
export type VariableSetList = Static<typeof VariableSetList>;

const setFields = {
	description: Type.Optional(Type.String()),
	global: Type.Optional(Type.Boolean()),
	priority: Type.Optional(Type.Boolean()),
	units: Type.Optional(Type.Array(Type.String(), { description: "All that it applies to" })),
	projects: Type.Optional(Type.Array(Type.String(), { description: "Ids" })),
};

export const CreateVariableSet = Type.Object(
	{
		name: Type.String(),
		project: Type.Optional(Type.String({ description: "Make it this project's own" })),
		...setFields,
	},
	{ $id: "CreateVariableSet" },
);
export type CreateVariableSet = Static<typeof CreateVariableSet>;

export const UpdateVariableSet = Type.Object(
	{ name: Type.Optional(Type.String()), ...setFields },
	{ $id: "UpdateVariableSet" },
);
export type UpdateVariableSet = Static<typeof UpdateVariableSet>;

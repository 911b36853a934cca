/** The wire contract of `/v1/projects`. */
import { type Static, Type } from "@sinclair/typebox";
import { Labels } from "./units.ts";

export const ProjectView = Type.Object(
	{
		id: Type.String(),
		name: Type.String(),
		description: Type.String(),
		default: Type.Boolean({ description: "Units are in it that nobody put elsewhere" }),
		labels: Labels,
		created: Type.Union([
			Type.String({ description: "ISO 8601, UTC" }),
			Type.Null({ description: "It was always there" }),
		]),
	},
	{ $id: "Project" },
);
export type ProjectView = Static<typeof ProjectView>;

export const ProjectList = Type.Object(
	{ projects: Type.Array(ProjectView), count: Type.Integer() },
	{ $id: "ProjectList" },
);
export type ProjectList = Static<typeof ProjectList>;

const fields = {
	description: Type.Optional(Type.String()),
	labels: Type.Optional(Labels),
};

export const CreateProject = Type.Object(
	{ name: Type.String(), ...fields },
	{ $id: "CreateProject" },
);
export type CreateProject = Static<typeof CreateProject>;

export const UpdateProject = Type.Object(
	{ name: Type.Optional(Type.String()), ...fields },
	{ $id: "UpdateProject" },
);
export type UpdateProject = Static<typeof UpdateProject>;

/** The wire contract of `/v1/teams` and `/v1/team-access`. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends import("@sinclair/typebox").TSchema>(schema: T) =>
	Type.Union([schema, Type.Null()]);

export const TeamVisibility = Type.Union([Type.Literal("secret"), Type.Literal("organization")], {
	description: "`secret`: seen by its members and by whoever manages teams",
});
export type TeamVisibility = Static<typeof TeamVisibility>;

const organizationAccess = Type.Array(Type.String(), {
	description: "What it may do in the organization, such as `manage-workspaces`",
});

export const TeamView = Type.Object(
	{
		id: Type.String(),
		name: Type.String(),
		description: Type.String(),
		visibility: TeamVisibility,
		sso_team_id: Nullable(
			Type.String({ description: "The group of the identity provider whose people are in it" }),
		),
		organization_access: organizationAccess,
		allow_member_token_management: Type.Boolean({
			description: "Members may make and delete the team's token",
		}),
		members_count: Type.Integer({ description: "Without those of the group" }),
		created: Nullable(Type.String({ description: "ISO 8601, UTC; null: it was always there" })),
	},
	{ $id: "Team" },
);
export type TeamView = Static<typeof TeamView>;

export const TeamList = Type.Object(
	{ teams: Type.Array(TeamView), count: Type.Integer() },
	{ $id: "TeamList" },
);
export type TeamList = Static<typeof TeamList>;

const teamFields = {
	description: Type.Optional(Type.String()),
	visibility: Type.Optional(TeamVisibility),
	sso_team_id: Type.Optional(Nullable(Type.String())),
	organization_access: Type.Optional(organizationAccess),
	allow_member_token_management: Type.Optional(Type.Boolean()),
};

export const CreateTeam = Type.Object(
	{ name: Type.String(), ...teamFields },
	{ $id: "CreateTeam" },
);
export type CreateTeam = Static<typeof CreateTeam>;

export const UpdateTeam = Type.Object(
	{ name: Type.Optional(Type.String()), ...teamFields },
	{ $id: "UpdateTeam" },
);
export type UpdateTeam = Static<typeof UpdateTeam>;

export const TeamMember = Type.Object(
	{
		id: Type.String({ description: "Of the membership of the organization" }),
		email: Nullable(Type.String({ description: "Lower case" })),
		subject: Nullable(Type.String({ description: "Such as `service:deployer`" })),
		created: Type.String({ description: "ISO 8601, UTC: since when in the organization" }),
	},
	{ $id: "TeamMember" },
);
export type TeamMember = Static<typeof TeamMember>;

export const TeamMemberList = Type.Object(
	{ members: Type.Array(TeamMember), count: Type.Integer() },
	{ $id: "TeamMemberList" },
);
export type TeamMemberList = Static<typeof TeamMemberList>;

export const AddTeamMembers = Type.Object(
	{
		members: Type.Array(Type.String(), {
			description: "E-mail addresses, or ids such as `service:deployer`",
		}),
	},
	{ $id: "AddTeamMembers" },
);
export type AddTeamMembers = Static<typeof AddTeamMembers>;

/** What a custom access consists of, with what holds when nothing is said. */
export const teamDetails = {
	/** In a unit. */
	unit: {
		...{ runs: "read", variables: "none", state_versions: "none", sentinel_mocks: "none" },
		...{ workspace_locking: false, run_tasks: false, policy_overrides: false },
	},
	/** In the units of a project. */
	unitsOfProject: {
		...{ runs: "read", variables: "none", state_versions: "none", sentinel_mocks: "none" },
		...{ run_tasks: false, policy_overrides: false },
		...{ create: false, locking: false, move: false, delete: false },
	},
	/** With a project itself. */
	project: { settings: "read", teams: "none", variable_sets: "none" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string | boolean>>>>;

/** The levels of an access to a unit, and of one to a project. */
export const teamLevels = {
	unit: ["read", "plan", "write", "admin", "custom"],
	project: ["read", "write", "maintain", "admin", "custom"],
} as const;

const text = Type.Optional(Type.String());
const flag = Type.Optional(Type.Boolean());

export const TeamUnitAccess = Type.Object(
	{
		runs: text,
		variables: text,
		state_versions: text,
		sentinel_mocks: text,
		workspace_locking: flag,
		run_tasks: flag,
		policy_overrides: flag,
		create: flag,
		locking: flag,
		move: flag,
		delete: flag,
	},
	{
		$id: "TeamUnitAccess",
		additionalProperties: false,
		description: "In a unit, or in all units of a project, in the words of the TFE API",
	},
);
export type TeamUnitAccess = Static<typeof TeamUnitAccess>;

export const TeamProjectAccess = Type.Object(
	{ settings: text, teams: text, variable_sets: text },
	{
		$id: "TeamProjectAccess",
		additionalProperties: false,
		description: "With a project itself",
	},
);
export type TeamProjectAccess = Static<typeof TeamProjectAccess>;

const level = Type.String({
	description: `In a unit ${teamLevels.unit.join(", ")}; in a project ${teamLevels.project.join(", ")}`,
});

export const TeamAccessView = Type.Object(
	{
		id: Type.String(),
		team: Type.String({ description: "Its id" }),
		unit: Nullable(Type.String()),
		project: Nullable(Type.String({ description: "Its id" })),
		level,
		unit_access: TeamUnitAccess,
		project_access: Nullable(TeamProjectAccess),
	},
	{ $id: "TeamAccess" },
);
export type TeamAccessView = Static<typeof TeamAccessView>;

export const TeamAccessList = Type.Object(
	{ team_access: Type.Array(TeamAccessView), count: Type.Integer() },
	{ $id: "TeamAccessList" },
);
export type TeamAccessList = Static<typeof TeamAccessList>;

export const CreateTeamAccess = Type.Object(
	{
		team: Type.String({ description: "Its id" }),
		unit: Type.Optional(Type.String({ description: "Either a unit" })),
		project: Type.Optional(Type.String({ description: "Or a project's id" })),
		level,
		unit_access: Type.Optional(TeamUnitAccess),
		project_access: Type.Optional(TeamProjectAccess),
	},
	{ $id: "CreateTeamAccess" },
);
export type CreateTeamAccess = Static<typeof CreateTeamAccess>;

export const UpdateTeamAccess = Type.Object(
	{
		level: Type.Optional(level),
		unit_access: Type.Optional(TeamUnitAccess),
		project_access: Type.Optional(TeamProjectAccess),
	},
	{ $id: "UpdateTeamAccess" },
);
export type UpdateTeamAccess = Static<typeof UpdateTeamAccess>;

/** The wire contract of `/v1/rbac`. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends import("@sinclair/typebox").TSchema>(schema: T) =>
	Type.Union([schema, Type.Null()]);

const Time = Type.String({ description: "ISO 8601, UTC" });
const optionalText = (description: string) => Type.Optional(Type.String({ description }));

export const RbacInit = Type.Object(
	{
		subject: optionalText("Whom to make an administrator as well, by id"),
		email: optionalText("Or by e-mail address"),
	},
	{ $id: "RbacInit" },
);
export type RbacInit = Static<typeof RbacInit>;

export const RbacMessage = Type.Object(
	{
		message: Type.String(),
		changed: Type.Boolean({ description: "False when it was so already" }),
	},
	{ $id: "RbacMessage" },
);
export type RbacMessage = Static<typeof RbacMessage>;

export const RbacMe = Type.Object(
	{
		rbac_enabled: Type.Boolean({ description: "Whether `rbac init` has happened" }),
		subject: Type.String(),
		email: Nullable(Type.String()),
		roles: Type.Array(Type.String()),
		is_admin: Type.Boolean({ description: "May always do everything, whatever the roles say" }),
		message: Type.Optional(Type.String()),
		created_at: Type.Optional(Time),
		updated_at: Type.Optional(Time),
	},
	{ $id: "RbacMe" },
);
export type RbacMe = Static<typeof RbacMe>;

export const SubjectKind = Type.Union([
	Type.Literal("user"),
	Type.Literal("group"),
	Type.Literal("token"),
]);
export type SubjectKind = Static<typeof SubjectKind>;

export const AssignmentRequest = Type.Object(
	{
		kind: Type.Optional(SubjectKind),
		subject: optionalText("A person's id, a group's name, or a token's id"),
		email: optionalText("A person's e-mail address"),
		role_id: Type.String(),
		unit: optionalText("Only for these units: `dev/*`, `myapp/prod`, `env=prod`"),
	},
	{ $id: "AssignmentRequest" },
);
export type AssignmentRequest = Static<typeof AssignmentRequest>;

export const AssignmentView = Type.Object(
	{
		kind: SubjectKind,
		subject: Nullable(Type.String()),
		email: Nullable(Type.String()),
		role_id: Type.String(),
		unit: Nullable(Type.String({ description: "Null: all units, and what belongs to none" })),
		created_at: Time,
		created_by: Type.String(),
	},
	{ $id: "Assignment" },
);
export type AssignmentView = Static<typeof AssignmentView>;
export const AssignmentList = Type.Array(AssignmentView);

export const RoleRequest = Type.Object(
	{
		id: optionalText("The name when absent"),
		name: Type.Optional(Type.String()),
		description: Type.Optional(Type.String()),
	},
	{ $id: "RoleRequest" },
);
export type RoleRequest = Static<typeof RoleRequest>;

export const RoleChange = Type.Object(
	{
		name: Type.Optional(Type.String({ description: "The id when empty" })),
		description: Type.Optional(Type.String()),
	},
	{ $id: "RoleChange", description: "What is absent stays" },
);
export type RoleChange = Static<typeof RoleChange>;

export const RoleView = Type.Object(
	{
		id: Type.String(),
		name: Type.String(),
		description: Type.String(),
		permissions: Type.Array(Type.String(), { description: "Ids" }),
		built_in: Type.Boolean({ description: "Cannot be deleted" }),
		created_at: Time,
		created_by: Type.String(),
	},
	{ $id: "Role" },
);
export type RoleView = Static<typeof RoleView>;
export const RoleList = Type.Array(RoleView);

export const RolePermissionsRequest = Type.Object(
	{
		permission_id: Type.Optional(Type.String()),
		permission_ids: Type.Optional(
			Type.Array(Type.String(), {
				description:
					"Several at once. An action (`unit.read` or `unit:read`) stands for a permission that allows it everywhere",
			}),
		),
	},
	{ $id: "RolePermissionsRequest" },
);
export type RolePermissionsRequest = Static<typeof RolePermissionsRequest>;

export const RuleView = Type.Object(
	{
		effect: Type.String({ description: "allow or deny" }),
		actions: Type.Array(Type.String()),
		resources: Type.Array(Type.String()),
	},
	{ $id: "Rule" },
);
export type RuleView = Static<typeof RuleView>;

const Rules = Type.Array(
	Type.Union([
		RuleView,
		Type.String({ description: "effect:actions:resources, `allow:unit.read:dev/*`" }),
	]),
);

export const PermissionRequest = Type.Object(
	{
		id: Type.String(),
		name: Type.Optional(Type.String()),
		description: Type.Optional(Type.String()),
		rules: Rules,
	},
	{ $id: "PermissionRequest" },
);
export type PermissionRequest = Static<typeof PermissionRequest>;

export const PermissionChange = Type.Object(
	{
		name: Type.Optional(Type.String({ description: "The id when empty" })),
		description: Type.Optional(Type.String()),
		rules: Type.Optional(Rules),
	},
	{ $id: "PermissionChange", description: "What is absent stays; rules replace the old ones" },
);
export type PermissionChange = Static<typeof PermissionChange>;

export const PermissionView = Type.Object(
	{
		id: Type.String(),
		name: Type.String(),
		description: Type.String(),
		rules: Type.Array(RuleView),
		built_in: Type.Boolean({ description: "Cannot be deleted" }),
		created_at: Time,
		created_by: Type.String(),
	},
	{ $id: "Permission" },
);
export type PermissionView = Static<typeof PermissionView>;
export const PermissionList = Type.Array(PermissionView);

export const AccessTest = Type.Object(
	{
		subject: Type.Optional(Type.String()),
		email: optionalText("The caller without any of these"),
		groups: Type.Optional(Type.Array(Type.String())),
		action: Type.String(),
		resource: optionalText(
			"A unit's id, `network/vpc#vpc_id` for one of its outputs; `*` for what belongs to no unit",
		),
	},
	{ $id: "AccessTest" },
);
export type AccessTest = Static<typeof AccessTest>;

export const AccessAnswer = Type.Object(
	{
		status: Type.String({ description: "allowed or denied" }),
		allowed: Type.Boolean(),
		reason: Type.String(),
		user_roles: Type.Array(Type.String()),
		applicable_permissions: Type.Array(Type.String()),
		applicable_rules: Type.Array(
			Type.Object({ role: Type.String(), permission: Type.String(), rule: Type.String() }),
		),
	},
	{ $id: "AccessAnswer" },
);
export type AccessAnswer = Static<typeof AccessAnswer>;

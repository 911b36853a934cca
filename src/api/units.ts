/** The wire contract of `/v1/units`: used by the server to validate and document, by the client to type. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends import("@sinclair/typebox").TSchema>(schema: T) =>
	Type.Union([schema, Type.Null()]);

const Time = Type.String({ description: "ISO 8601, UTC" });

export const Labels = Type.Record(Type.String(), Type.String(), {
	description: "Free key/value pairs",
});
export type Labels = Static<typeof Labels>;

export const LockView = Type.Object(
	{
		id: Type.String(),
		who: Type.String({ description: "What the client said of itself, e.g. `alice@laptop`" }),
		version: Type.String({ description: "The client's version" }),
		created: Type.String({ description: "When the client took it, as the client said" }),
		operation: Type.String(),
		info: Type.String(),
		path: Type.String(),
		principal: Type.String({ description: "Who the server knows the holder to be" }),
		surface: Type.String({ description: "management, http-backend, s3, tfe or outside" }),
		since: Type.String({ description: "When the server gave it, ISO 8601" }),
	},
	{ $id: "Lock" },
);
export type LockView = Static<typeof LockView>;

export const UnitView = Type.Object(
	{
		id: Type.String(),
		size: Type.Integer({ description: "Bytes of the current state, 0 when there is none" }),
		updated: Time,
		created: Time,
		locked: Type.Boolean(),
		lock: Type.Optional(LockView),
		labels: Labels,
		has_state: Type.Boolean(),
		serial: Nullable(Type.Integer()),
		lineage: Nullable(Type.String()),
		terraform_version: Nullable(Type.String()),
		encrypted: Type.Boolean(),
		version: Nullable(Type.Integer({ description: "Number of the current version" })),
		generation: Type.Integer({ description: "Grows by one with every change of the unit" }),
		adopted: Type.Boolean({
			description: "False while the unit is a plain object that nobody has locked or written yet",
		}),
		deleted: Type.Optional(Time),
		kept_aside: Type.Array(Type.Integer(), {
			description:
				"Versions that somebody wrote behind the server's back and that did not become current",
		}),
	},
	{ $id: "Unit" },
);
export type UnitView = Static<typeof UnitView>;

export const UnitList = Type.Object(
	{
		units: Type.Array(UnitView),
		count: Type.Integer(),
		next: Type.Optional(Type.String({ description: "Pass as `cursor` for the next page" })),
	},
	{ $id: "UnitList" },
);
export type UnitList = Static<typeof UnitList>;

export const CreateUnit = Type.Object(
	{ id: Type.String(), labels: Type.Optional(Labels) },
	{ $id: "CreateUnit" },
);
export type CreateUnit = Static<typeof CreateUnit>;

export const UnitCreated = Type.Object(
	{ id: Type.String(), created: Time },
	{ $id: "UnitCreated" },
);
export type UnitCreated = Static<typeof UnitCreated>;

export const UpdateUnit = Type.Object({ labels: Labels }, { $id: "UpdateUnit" });
export type UpdateUnit = Static<typeof UpdateUnit>;

const ExecutionMode = Type.Union([Type.Literal("local"), Type.Literal("remote")], {
	description: "Where runs happen; this server keeps states only, so `local` for most",
});

export const UnitSettings = Type.Object(
	{
		description: Nullable(Type.String()),
		project: Type.String({ description: "The name of the project that it is in" }),
		terraform_version: Nullable(
			Type.String({ description: "`latest`, a version or a constraint, for clients that ask" }),
		),
		execution_mode: ExecutionMode,
		auto_apply: Type.Boolean(),
		working_directory: Nullable(Type.String()),
		global_remote_state: Type.Boolean({
			description: "What the TFE API says of who may read the state; roles decide here",
		}),
		allow_destroy_plan: Type.Boolean(),
	},
	{ $id: "UnitSettings", description: "What `cloud` blocks know as a workspace's settings" },
);
export type UnitSettings = Static<typeof UnitSettings>;

export const UnitSettingsChange = Type.Partial(UnitSettings, {
	$id: "UnitSettingsChange",
	description: "What is absent stays",
});
export type UnitSettingsChange = Static<typeof UnitSettingsChange>;

export const LockRequest = Type.Object(
	{
		id: Type.Optional(
			Type.String({ description: "Chosen by the client; made by the server when absent" }),
		),
		who: Type.Optional(Type.String()),
		version: Type.Optional(Type.String()),
		info: Type.Optional(Type.String()),
		operation: Type.Optional(Type.String()),
	},
	{ $id: "LockRequest" },
);
export type LockRequest = Static<typeof LockRequest>;

export const UnlockRequest = Type.Object({ id: Type.String() }, { $id: "UnlockRequest" });
export type UnlockRequest = Static<typeof UnlockRequest>;

export const ForceUnlockRequest = Type.Object(
	{ id: Type.Optional(Type.String({ description: "Break the lock only if it is this one" })) },
	{ $id: "ForceUnlockRequest" },
);
export type ForceUnlockRequest = Static<typeof ForceUnlockRequest>;

export const Message = Type.Object({ message: Type.String() }, { $id: "Message" });
export type Message = Static<typeof Message>;

export const ForceUnlocked = Type.Object(
	{ message: Type.String(), lock: Type.Optional(LockView) },
	{ $id: "ForceUnlocked" },
);
export type ForceUnlocked = Static<typeof ForceUnlocked>;

export const Uploaded = Type.Object(
	{
		message: Type.String(),
		version: Type.Integer({ description: "Number of the version that holds these bytes" }),
		unchanged: Type.Boolean({ description: "True when the bytes were the current ones already" }),
	},
	{ $id: "Uploaded" },
);
export type Uploaded = Static<typeof Uploaded>;

export const VersionView = Type.Object(
	{
		version: Type.Integer(),
		timestamp: Time,
		hash: Type.String({ description: "SHA-256 of the bytes, hex" }),
		size: Type.Integer(),
		serial: Nullable(Type.Integer()),
		lineage: Nullable(Type.String()),
		terraform_version: Nullable(Type.String()),
		encrypted: Type.Boolean(),
		author: Type.String(),
		surface: Type.String(),
		cause: Type.String({ description: "write, forced, restore, adopted or outside" }),
		restored_from: Nullable(Type.Integer()),
		lock: Nullable(
			Type.Object({ id: Type.String(), who: Type.String(), operation: Type.String() }),
		),
		current: Type.Boolean(),
		available: Type.Boolean({ description: "False when retention has removed the bytes" }),
	},
	{ $id: "Version" },
);
export type VersionView = Static<typeof VersionView>;

export const VersionList = Type.Object(
	{
		unit_id: Type.String(),
		versions: Type.Array(VersionView, { description: "Newest first" }),
		count: Type.Integer(),
	},
	{ $id: "VersionList" },
);
export type VersionList = Static<typeof VersionList>;

export const RestoreRequest = Type.Object(
	{
		version: Type.Optional(Type.Integer()),
		timestamp: Type.Optional(
			Type.String({ description: "Instead of `version`: a version's exact timestamp" }),
		),
		lock_id: Type.Optional(Type.String()),
		preview: Type.Optional(
			Type.Boolean({ description: "Tell what would happen and change nothing" }),
		),
	},
	{ $id: "RestoreRequest" },
);
export type RestoreRequest = Static<typeof RestoreRequest>;

export const Restored = Type.Object(
	{
		unit_id: Type.String(),
		restored_version: Type.Integer({ description: "The version whose content it is" }),
		restored_timestamp: Time,
		version: Nullable(Type.Integer({ description: "The new version; null for a preview" })),
		serial: Nullable(
			Type.Integer({ description: "The serial that the restored state has or would get" }),
		),
		previous_serial: Nullable(Type.Integer()),
		size: Type.Integer(),
		verbatim: Type.Boolean({
			description: "True for an encrypted state, whose serial cannot be raised",
		}),
		preview: Type.Boolean(),
		message: Type.String(),
	},
	{ $id: "Restored" },
);
export type Restored = Static<typeof Restored>;

export const ServerInfo = Type.Object(
	{
		version: Type.String(),
		storage: Type.Object({ type: Type.String(), durable: Type.Boolean() }),
		features: Type.Array(Type.String()),
		system_unit: Type.Optional(
			Type.String({ description: "The unit whose state declares edges of the graph" }),
		),
	},
	{ $id: "ServerInfo" },
);
export type ServerInfo = Static<typeof ServerInfo>;

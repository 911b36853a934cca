/** The wire contract of `/v1/auth`. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends import("@sinclair/typebox").TSchema>(schema: T) =>
	Type.Union([schema, Type.Null()]);

const Time = Type.String({ description: "ISO 8601, UTC" });

export const LoginConfig = Type.Object(
	{
		issuer: Type.String({ description: "Of the identity provider; empty without one" }),
		client_id: Type.String(),
		authorization_endpoint: Type.Optional(Type.String()),
		token_endpoint: Type.Optional(Type.String()),
		device_authorization_endpoint: Type.Optional(Type.String()),
		scopes: Type.String(),
		redirect_uris: Type.Array(Type.String(), {
			description: "What the provider must know for `taco login`",
		}),
		login: Type.String({
			description:
				"How `taco login` works: `provider` (at the provider itself), `server` (through this server's pages) or `none`",
		}),
	},
	{ $id: "LoginConfig" },
);
export type LoginConfig = Static<typeof LoginConfig>;

export const ExchangeRequest = Type.Object(
	{
		id_token: Type.String(),
		nonce: Type.Optional(Type.String({ description: "The one that the token was asked for with" })),
	},
	{ $id: "ExchangeRequest" },
);
export type ExchangeRequest = Static<typeof ExchangeRequest>;

export const RefreshRequest = Type.Object(
	{ refresh_token: Type.String() },
	{ $id: "RefreshRequest" },
);
export type RefreshRequest = Static<typeof RefreshRequest>;

export const TokenPairView = Type.Object(
	{
		access_token: Type.String(),
		refresh_token: Type.Optional(
			Type.String({ description: "Good for one renewal; absent for CI jobs" }),
		),
		expires_in: Type.Integer({ description: "Seconds" }),
		token_type: Type.String(),
	},
	{ $id: "TokenPair" },
);
export type TokenPairView = Static<typeof TokenPairView>;

export const Me = Type.Object(
	{
		subject: Type.String(),
		email: Type.String({ description: "Verified; empty for machines" }),
		roles: Type.Array(Type.String(), { description: "That the credential itself brings" }),
		groups: Type.Array(Type.String()),
		scopes: Type.Array(Type.String()),
		credential: Type.String({ description: "access-token, api-token, admin-token, auth-disabled" }),
		units: Nullable(
			Type.Array(Type.String(), { description: "What the credential is narrowed to" }),
		),
	},
	{ $id: "Me" },
);
export type Me = Static<typeof Me>;

export const AuthMessage = Type.Object({ message: Type.String() }, { $id: "AuthMessage" });
export type AuthMessage = Static<typeof AuthMessage>;

export const CreateToken = Type.Object(
	{
		name: Type.String(),
		service: Type.Optional(
			Type.Boolean({ description: "For a machine: it speaks for `service:<name>`, not for you" }),
		),
		roles: Type.Optional(
			Type.Array(Type.String(), {
				description: "A service token: the roles it has. Your own: those of yours that count",
			}),
		),
		units: Type.Optional(
			Type.Array(Type.String(), {
				description: "Patterns of unit ids, `network/*#vpc_*` for outputs alone",
			}),
		),
		ttl_seconds: Type.Optional(Type.Integer({ minimum: 1, description: "Absent: until revoked" })),
	},
	{ $id: "CreateToken" },
);
export type CreateToken = Static<typeof CreateToken>;

export const RenewToken = Type.Object(
	{ ttl_seconds: Type.Integer({ minimum: 1, description: "From now" }) },
	{ $id: "RenewToken" },
);
export type RenewToken = Static<typeof RenewToken>;

const tokenFields = {
	id: Type.String({ description: "The public part of the token" }),
	name: Type.String(),
	kind: Type.String({ description: "tfe (a person's) or svc (a machine's)" }),
	subject: Type.String(),
	roles: Nullable(Type.Array(Type.String())),
	units: Nullable(Type.Array(Type.String())),
	organization: Nullable(
		Type.String({ description: "In which alone it counts; null: in every one" }),
	),
	created: Time,
	created_by: Type.String(),
	expires: Nullable(Time),
};

export const TokenView = Type.Object(tokenFields, { $id: "Token" });
export type TokenView = Static<typeof TokenView>;

export const TokenCreated = Type.Object(
	{ ...tokenFields, token: Type.String({ description: "Shown this once" }) },
	{ $id: "TokenCreated" },
);
export type TokenCreated = Static<typeof TokenCreated>;

export const TokenList = Type.Object(
	{
		tokens: Type.Array(TokenView),
		next: Type.Optional(Type.String({ description: "Pass as `cursor` for the next page" })),
	},
	{ $id: "TokenList" },
);
export type TokenList = Static<typeof TokenList>;

export const CreateUser = Type.Object(
	{
		name: Type.String({ description: "An e-mail address, or a plain name" }),
		password: Type.String(),
		groups: Type.Optional(Type.Array(Type.String())),
	},
	{ $id: "CreateUser" },
);
export type CreateUser = Static<typeof CreateUser>;

export const SetPassword = Type.Object({ password: Type.String() }, { $id: "SetPassword" });
export type SetPassword = Static<typeof SetPassword>;

export const UserView = Type.Object(
	{
		name: Type.String(),
		email: Nullable(Type.String()),
		groups: Type.Array(Type.String()),
		created: Time,
	},
	{ $id: "User" },
);
export type UserView = Static<typeof UserView>;

export const UserList = Type.Object({ users: Type.Array(UserView) }, { $id: "UserList" });
export type UserList = Static<typeof UserList>;

/** The wire contract of `/v1/orgs`. */
import { type Static, Type } from "@sinclair/typebox";

export const OrganizationView = Type.Object(
	{
		name: Type.String({ description: "Also the name of its bucket on the S3 endpoint" }),
		default: Type.Boolean({ description: "Its states lie at the root of the storage" }),
		created: Type.Union([Type.String({ description: "ISO 8601" }), Type.Null()]),
	},
	{ $id: "Organization" },
);
export type OrganizationView = Static<typeof OrganizationView>;

export const OrganizationList = Type.Object(
	{
		organizations: Type.Array(OrganizationView),
		count: Type.Integer({ description: "Of this page" }),
		next: Type.Optional(Type.String({ description: "Pass as `cursor` for the next page" })),
	},
	{ $id: "OrganizationList" },
);
export type OrganizationList = Static<typeof OrganizationList>;

export const CreateOrganization = Type.Object(
	{
		name: Type.String(),
		admin: Type.Optional(
			Type.String({
				description:
					"E-mail address of its first administrator; absent: the person who creates it, if it is one",
			}),
		),
	},
	{ $id: "CreateOrganization" },
);
export type CreateOrganization = Static<typeof CreateOrganization>;

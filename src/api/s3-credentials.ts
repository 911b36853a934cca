/** The wire contract of `/v1/auth/issue-s3-creds`: what AWS clients call process credentials. */
import { type Static, Type } from "@sinclair/typebox";

export const S3CredentialsView = Type.Object(
	{
		Version: Type.Literal(1),
		AccessKeyId: Type.String(),
		SecretAccessKey: Type.String(),
		SessionToken: Type.String(),
		Expiration: Type.String({ description: "ISO 8601, UTC" }),
	},
	{ $id: "S3Credentials" },
);
export type S3CredentialsView = Static<typeof S3CredentialsView>;

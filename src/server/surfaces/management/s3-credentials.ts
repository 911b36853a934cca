/** Credentials for the S3 surface, in the form that AWS clients take from a process. */
import { S3CredentialsView } from "../../../api/s3-credentials.ts";
import type { CollectionOperation } from "./operation.ts";

const issueS3Credentials: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "issueS3Credentials",
	method: "POST",
	path: "/v1/auth/issue-s3-creds",
	tag: "Server",
	summary: "Issue short-lived AWS-style credentials for the S3 endpoint",
	success: { status: 200, schema: S3CredentialsView },
	failures: [413],
	async handle({ caller, deps }) {
		const issued = await deps.s3Credentials.issue(caller.principal);
		const view: S3CredentialsView = {
			Version: 1,
			AccessKeyId: issued.accessKeyId,
			SecretAccessKey: issued.secretAccessKey,
			SessionToken: issued.sessionToken,
			Expiration: new Date(issued.expiresAt).toISOString().replace(/\.\d+Z$/, "Z"),
		};
		return Response.json(view);
	},
};

export const s3CredentialOperations: readonly CollectionOperation[] = [issueS3Credentials];

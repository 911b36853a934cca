import type { Scenario } from "./scenario.ts";

const base = {
	covers: "issueS3Credentials",
	method: "POST",
	path: "/v1/auth/issue-s3-creds",
} as const;

export const s3CredentialScenarios: readonly Scenario[] = [
	{
		...base,
		name: "S3 credentials are issued in the form of process credentials",
		kind: "ok",
		status: 200,
		contains: ['"Version":1', '"AccessKeyId":"OTC.test.', '"Expiration":"20'],
		responseHeaders: { "cache-control": "no-store" },
	},
	{
		...base,
		name: "S3 credentials are issued to nobody without a credential",
		kind: "unauthenticated",
		status: 401,
	},
	{
		...base,
		name: "a signature is no login: S3 credentials do not renew themselves",
		kind: "refused",
		status: 401,
		headers: {
			authorization:
				"AWS4-HMAC-SHA256 Credential=OTC.test.x/20260102/auto/s3/aws4_request, SignedHeaders=host, Signature=00",
		},
	},
	{
		...base,
		name: "S3 credentials are asked for by POST",
		kind: "refused",
		method: "GET",
		status: 405,
	},
];

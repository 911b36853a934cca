/**
 * Every setting of `taco serve`, once: the parser, the help text and docs/reference/environment.md
 * are all made from this table.
 */
import { limits } from "../core/limits.ts";
import { type IdentitySettingKey, identitySettings } from "./setting-table-identity.ts";

export type SettingKind = "text" | "boolean" | "whole number" | "bytes" | "list";

export interface Setting {
	/** Under which the parser hands the value on. */
	readonly key: SettingKey;
	/** Without the dashes; null when there is no flag, because a command line is visible to others. */
	readonly flag: string | null;
	/** Ours first, then names that other programs use, which count only when ours is not set. */
	readonly variables: readonly string[];
	readonly kind: SettingKind;
	readonly choices?: readonly string[];
	readonly minimum?: number;
	readonly maximum?: number;
	/** What holds without it, for people. */
	readonly default: string;
	readonly description: string;
	/** Its value is never shown. */
	readonly isSecret?: boolean;
	readonly group: SettingGroup;
}

export const settingGroups = [
	"Listening",
	"Storage",
	"Authentication",
	"TLS",
	"Limits",
	"Logging",
] as const;
export type SettingGroup = (typeof settingGroups)[number];

export type SettingKey =
	| IdentitySettingKey
	| "port"
	| "host"
	| "publicBaseUrl"
	| "allowedHosts"
	| "trustedProxies"
	| "storage"
	| "dataDir"
	| "s3Bucket"
	| "s3Prefix"
	| "s3Region"
	| "s3Endpoint"
	| "s3ForcePathStyle"
	| "adminToken"
	| "resetAdminToken"
	| "authDisable"
	| "stsTtl"
	| "stsKid"
	| "secretsKey"
	| "admins"
	| "organization"
	| "auditRetentionDays"
	| "tlsCert"
	| "tlsKey"
	| "tlsSelfSigned"
	| "maxVersions"
	| "maxStateBytes"
	| "maxRequests"
	| "autoCreate"
	| "systemUnit"
	| "logLevel"
	| "logFormat";

export const settings: readonly Setting[] = [
	{
		key: "port",
		flag: "port",
		variables: ["OPENTACO_PORT"],
		kind: "whole number",
		minimum: 0,
		maximum: 65535,
		default: "8080",
		description: "TCP port; 0 lets the system choose one",
		group: "Listening",
	},
	{
		key: "host",
		flag: "host",
		variables: ["OPENTACO_HOST"],
		kind: "text",
		default: "0.0.0.0, or 127.0.0.1 with --auth-disable",
		description: "Address to listen on",
		group: "Listening",
	},
	{
		key: "publicBaseUrl",
		flag: "public-base-url",
		variables: ["OPENTACO_PUBLIC_BASE_URL"],
		kind: "text",
		default: "none",
		description:
			"The URL under which clients reach the server, when a proxy or load balancer stands before it",
		group: "Listening",
	},
	{
		key: "allowedHosts",
		flag: "allowed-hosts",
		variables: ["OPENTACO_ALLOWED_HOSTS"],
		kind: "list",
		default: "any",
		description:
			"Host names, comma separated, that requests may name; health checks may name any. Keeps web pages that rebind DNS away from a local server",
		group: "Listening",
	},
	{
		key: "trustedProxies",
		flag: "trusted-proxies",
		variables: ["OPENTACO_TRUSTED_PROXIES"],
		kind: "list",
		default: "none",
		description:
			"Addresses or CIDR ranges, comma separated, whose X-Forwarded-For header is believed",
		group: "Listening",
	},
	{
		key: "storage",
		flag: "storage",
		variables: ["OPENTACO_STORAGE"],
		kind: "text",
		choices: ["s3", "filesystem", "memory"],
		default: "s3 when a bucket is set, else filesystem",
		description:
			"Where states are kept: an S3 bucket, a folder on disk, or memory (gone when the server stops)",
		group: "Storage",
	},
	{
		key: "dataDir",
		flag: "data-dir",
		variables: ["OPENTACO_DATA_DIR"],
		kind: "text",
		default: "./taco-data",
		description:
			"Folder of the filesystem storage, and of what belongs to this machine (its own certificates)",
		group: "Storage",
	},
	{
		key: "s3Bucket",
		flag: "s3-bucket",
		variables: ["OPENTACO_S3_BUCKET"],
		kind: "text",
		default: "none",
		description: "Bucket",
		group: "Storage",
	},
	{
		key: "s3Prefix",
		flag: "s3-prefix",
		variables: ["OPENTACO_S3_PREFIX"],
		kind: "text",
		default: "none",
		description: "Folder within the bucket",
		group: "Storage",
	},
	{
		key: "s3Region",
		flag: "s3-region",
		variables: ["OPENTACO_S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"],
		kind: "text",
		default: "us-east-1",
		description: "Region of the bucket",
		group: "Storage",
	},
	{
		key: "s3Endpoint",
		flag: "s3-endpoint",
		variables: ["OPENTACO_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"],
		kind: "text",
		default: "AWS",
		description: "URL of another S3-compatible service",
		group: "Storage",
	},
	{
		key: "s3ForcePathStyle",
		flag: "s3-force-path-style",
		variables: ["OPENTACO_S3_FORCE_PATH_STYLE"],
		kind: "boolean",
		default: "true with an endpoint, else false",
		description: "Put the bucket into the path of the URL and not into the host name",
		group: "Storage",
	},
	{
		key: "adminToken",
		flag: null,
		variables: ["OPENTACO_ADMIN_TOKEN"],
		kind: "text",
		default: "made at the first start",
		description: `The admin token, at least ${limits.adminTokenBytesMin} characters. Required for S3 without a terminal, unless an earlier start has made one`,
		isSecret: true,
		group: "Authentication",
	},
	{
		key: "resetAdminToken",
		flag: "reset-admin-token",
		variables: [],
		kind: "boolean",
		default: "false",
		description: "Make a new admin token at this start; the old one stops working",
		group: "Authentication",
	},
	{
		key: "authDisable",
		flag: "auth-disable",
		variables: ["OPENTACO_AUTH_DISABLE"],
		kind: "boolean",
		default: "false",
		description: "Let everybody in who can reach the port; for local play only",
		group: "Authentication",
	},
	...identitySettings,
	{
		key: "stsTtl",
		flag: "sts-ttl",
		variables: ["OPENTACO_STS_TTL"],
		kind: "text",
		default: "15m",
		description: "How long credentials for the S3 endpoint live: 1m to 1h",
		group: "Authentication",
	},
	{
		key: "stsKid",
		flag: null,
		variables: ["OPENTACO_STS_KID"],
		kind: "text",
		default: "a key made once and kept in the storage",
		description:
			"Name of the key for S3 credentials; its secret is in OPENTACO_STS_HMAC_<name>, 32 bytes or more in base64url, the same on every server",
		group: "Authentication",
	},
	{
		key: "secretsKey",
		flag: null,
		variables: ["OPENTACO_SECRETS_KEY"],
		kind: "list",
		default: "a key made once and kept in the storage",
		description:
			"At least 32 characters, the same on every server: seals the values of sensitive variables. To change it, put the new one and a comma before the old one",
		isSecret: true,
		group: "Storage",
	},
	{
		key: "admins",
		flag: "admins",
		variables: ["OPENTACO_ADMINS"],
		kind: "list",
		default: "nobody",
		description:
			"E-mail addresses of people who may always do everything, as the identity provider verifies them",
		group: "Authentication",
	},
	{
		key: "organization",
		flag: "organization",
		variables: ["OPENTACO_ORGANIZATION"],
		kind: "text",
		default: "default",
		description:
			"Name of the default organization, whose states lie at the root of the storage; the same on every server",
		group: "Storage",
	},
	{
		key: "auditRetentionDays",
		flag: "audit-retention-days",
		variables: ["OPENTACO_AUDIT_RETENTION_DAYS"],
		kind: "whole number",
		minimum: 0,
		maximum: 36500,
		default: "0",
		description:
			"Days for which denials and logins are kept on record; 0 keeps them. Changes are always kept",
		group: "Limits",
	},
	{
		key: "tlsCert",
		flag: "tls-cert",
		variables: ["OPENTACO_TLS_CERT"],
		kind: "text",
		default: "none (plain http)",
		description: "PEM file of the certificate, followed by its chain",
		group: "TLS",
	},
	{
		key: "tlsKey",
		flag: "tls-key",
		variables: ["OPENTACO_TLS_KEY"],
		kind: "text",
		default: "none",
		description: "PEM file of the certificate's private key",
		group: "TLS",
	},
	{
		key: "tlsSelfSigned",
		flag: "tls-self-signed",
		variables: ["OPENTACO_TLS_SELF_SIGNED"],
		kind: "boolean",
		default: "false",
		description: "Make a certificate authority of its own in the data folder and use it",
		group: "TLS",
	},
	{
		key: "maxVersions",
		flag: "max-versions",
		variables: ["OPENTACO_MAX_VERSIONS"],
		kind: "whole number",
		minimum: 0,
		default: String(limits.versionsKept),
		description:
			"Versions of a unit whose bytes are kept; 0 keeps all. What happened stays on record",
		group: "Limits",
	},
	{
		key: "maxStateBytes",
		flag: "max-state-bytes",
		variables: ["OPENTACO_MAX_STATE_BYTES"],
		kind: "bytes",
		minimum: 1024,
		default: "1GiB",
		description: "Largest state; a number, or one with KiB, MiB or GiB",
		group: "Limits",
	},
	{
		key: "maxRequests",
		flag: "max-requests",
		variables: ["OPENTACO_MAX_REQUESTS"],
		kind: "whole number",
		minimum: 1,
		default: String(limits.requestsAtOnceMax),
		description: "Requests served at once; more are told to come back",
		group: "Limits",
	},
	{
		key: "autoCreate",
		flag: "auto-create",
		variables: ["OPENTACO_AUTO_CREATE"],
		kind: "boolean",
		default: "true",
		description: "Create a unit when Terraform first locks or writes it over the HTTP backend",
		group: "Limits",
	},
	{
		key: "systemUnit",
		flag: "system-unit",
		variables: ["OPENTACO_SYSTEM_UNIT"],
		kind: "text",
		default: "__opentaco_system",
		description:
			"The unit whose state declares edges between units, as opentaco_dependency resources; the same on all servers of a store",
		group: "Storage",
	},
	{
		key: "logLevel",
		flag: "log-level",
		variables: ["OPENTACO_LOG_LEVEL"],
		kind: "text",
		choices: ["debug", "info", "warn", "error"],
		default: "info",
		description: "Least severe lines that are logged, in any case",
		group: "Logging",
	},
	{
		key: "logFormat",
		flag: "log-format",
		variables: ["OPENTACO_LOG_FORMAT"],
		kind: "text",
		choices: ["auto", "json", "text"],
		default: "auto",
		description: "Form of the log on stderr; auto is text on a terminal and JSON elsewhere",
		group: "Logging",
	},
];

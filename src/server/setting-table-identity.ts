/** The settings about who may log in and how long that counts; part of the table of all settings. */
import type { Setting } from "./setting-table.ts";

export type IdentitySettingKey =
	| "authIssuer"
	| "authClientId"
	| "authClientSecret"
	| "authUrl"
	| "authTokenUrl"
	| "authJwksUrl"
	| "authScopes"
	| "authGroupsClaim"
	| "authTrustEmail"
	| "localLogin"
	| "tokensKeyPath"
	| "tokensKid"
	| "accessTtl"
	| "refreshTtl"
	| "terraformTokenTtl"
	| "oauthStateKey"
	| "ciTrust";

const group = "Authentication";
const text = { kind: "text", group } as const;

export const identitySettings: readonly Setting[] = [
	{
		...text,
		key: "authIssuer",
		flag: "auth-issuer",
		variables: ["OPENTACO_AUTH_ISSUER"],
		default: "none: people log in with local users and the admin token",
		description: "Issuer URL of the OpenID provider that people log in with",
	},
	{
		...text,
		key: "authClientId",
		flag: "auth-client-id",
		variables: ["OPENTACO_AUTH_CLIENT_ID"],
		default: "none",
		description: "This server's client id at the provider",
	},
	{
		...text,
		key: "authClientSecret",
		flag: null,
		variables: ["OPENTACO_AUTH_CLIENT_SECRET"],
		default: "none (a public client)",
		description: "Its client secret. With one, `taco login` goes through this server",
		isSecret: true,
	},
	{
		...text,
		key: "authUrl",
		flag: "auth-url",
		variables: ["OPENTACO_AUTH_AUTH_URL"],
		default: "by discovery",
		description: "Authorization endpoint of the provider",
	},
	{
		...text,
		key: "authTokenUrl",
		flag: "auth-token-url",
		variables: ["OPENTACO_AUTH_TOKEN_URL"],
		default: "by discovery",
		description: "Token endpoint of the provider",
	},
	{
		...text,
		key: "authJwksUrl",
		flag: "auth-jwks-url",
		variables: ["OPENTACO_AUTH_JWKS_URL"],
		default: "by discovery",
		description: "Where the provider's keys are. With all three URLs discovery is not asked",
	},
	{
		...text,
		key: "authScopes",
		flag: "auth-scopes",
		variables: ["OPENTACO_AUTH_SCOPES"],
		default: "openid profile email",
		description: "Scopes to ask the provider for; some need another one for groups",
	},
	{
		...text,
		key: "authGroupsClaim",
		flag: "auth-groups-claim",
		variables: ["OPENTACO_AUTH_GROUPS_CLAIM"],
		default: "groups",
		description:
			"Claim with a person's groups: a name, or a path with dots such as realm_access.roles",
	},
	{
		key: "authTrustEmail",
		flag: "auth-trust-email",
		variables: ["OPENTACO_AUTH_TRUST_EMAIL"],
		kind: "boolean",
		group,
		default: "false",
		description:
			"Believe an e-mail address of which the provider does not say whether it is verified; one that it calls unverified never counts",
	},
	{
		key: "localLogin",
		flag: "local-login",
		variables: ["OPENTACO_LOCAL_LOGIN"],
		kind: "boolean",
		group,
		default: "true without a provider, false with one",
		description: "Take passwords of local users and the admin token on the login page",
	},
	{
		...text,
		key: "tokensKeyPath",
		flag: null,
		variables: ["OPENTACO_TOKENS_PRIVATE_KEY_PEM_PATH"],
		default: "a key that the first server makes and keeps in the storage",
		description: "PEM file of an Ed25519 private key to sign tokens with",
	},
	{
		...text,
		key: "tokensKid",
		flag: null,
		variables: ["OPENTACO_TOKENS_KID"],
		default: "k1",
		description: "Id of that key; a new key needs a new one",
	},
	{
		...text,
		key: "accessTtl",
		flag: null,
		variables: ["OPENTACO_TOKENS_ACCESS_TTL"],
		default: "1h",
		description: "Life of an access token, as a Go duration of at most 24h",
	},
	{
		...text,
		key: "refreshTtl",
		flag: null,
		variables: ["OPENTACO_TOKENS_REFRESH_TTL"],
		default: "720h",
		description: "Life of a refresh token that is not used, as a Go duration of at most 17568h",
	},
	{
		...text,
		key: "terraformTokenTtl",
		flag: null,
		variables: ["OPENTACO_TERRAFORM_TOKEN_TTL"],
		default: "until it is revoked",
		description: "Life of a token that `terraform login` gets, as a Go duration",
	},
	{
		...text,
		key: "oauthStateKey",
		flag: null,
		variables: ["OPENTACO_OAUTH_STATE_KEY"],
		default: "derived from a secret in the storage",
		description:
			"At least 32 characters, the same on all servers: seals what a login must remember between its pages",
		isSecret: true,
	},
	{
		...text,
		key: "ciTrust",
		flag: "ci-trust",
		variables: ["OPENTACO_CI_TRUST"],
		default: "none",
		description: "JSON file with the CI systems whose jobs may log in, and as what",
	},
];

import { describe, expect, test } from "bun:test";
import { readServerConfig } from "../../../src/server/config.ts";

const identity = (environment: Record<string, string>) =>
	readServerConfig([], environment).identity;
const provider = {
	OPENTACO_AUTH_ISSUER: "https://id.example.com",
	OPENTACO_AUTH_CLIENT_ID: "client",
};

describe("identity settings", () => {
	test("without any", () => {
		expect(identity({})).toEqual({
			provider: null,
			isLocalLogin: true,
			privateKey: null,
			accessTokenMs: 3_600_000,
			refreshTokenMs: 2_592_000_000,
			terraformTokenMs: null,
			stateKey: null,
			ciTrustPath: null,
		});
	});

	test("a provider switches the passwords off, unless they are wanted as well", () => {
		expect(identity(provider).isLocalLogin).toBe(false);
		expect(identity({ ...provider, OPENTACO_LOCAL_LOGIN: "true" }).isLocalLogin).toBe(true);
		expect(identity(provider).provider).toMatchObject({
			issuer: "https://id.example.com",
			clientId: "client",
			clientSecret: null,
			scopes: "openid profile email",
			groupsClaim: "groups",
		});
	});

	test("lives of tokens are Go durations", () => {
		const set = identity({
			OPENTACO_TOKENS_ACCESS_TTL: "2h",
			OPENTACO_TOKENS_REFRESH_TTL: "8760h",
			OPENTACO_TERRAFORM_TOKEN_TTL: "1h30m",
		});
		expect(set.accessTokenMs).toBe(7_200_000);
		expect(set.refreshTokenMs).toBe(8760 * 3_600_000);
		expect(set.terraformTokenMs).toBe(5_400_000);
	});

	const wrong: readonly [string, Record<string, string>, string][] = [
		[
			"a life without a unit",
			{ OPENTACO_TERRAFORM_TOKEN_TTL: "720" },
			"OPENTACO_TERRAFORM_TOKEN_TTL",
		],
		["a life in days", { OPENTACO_TERRAFORM_TOKEN_TTL: "30d" }, "OPENTACO_TERRAFORM_TOKEN_TTL"],
		["no life", { OPENTACO_TOKENS_ACCESS_TTL: "0s" }, "OPENTACO_TOKENS_ACCESS_TTL"],
		["a negative life", { OPENTACO_TOKENS_ACCESS_TTL: "-1h" }, "OPENTACO_TOKENS_ACCESS_TTL"],
		["a long access token", { OPENTACO_TOKENS_ACCESS_TTL: "25h" }, "OPENTACO_TOKENS_ACCESS_TTL"],
		[
			"a long refresh token",
			{ OPENTACO_TOKENS_REFRESH_TTL: "20000h" },
			"OPENTACO_TOKENS_REFRESH_TTL",
		],
		[
			"an issuer without a client",
			{ OPENTACO_AUTH_ISSUER: "https://id.example.com" },
			"OPENTACO_AUTH_CLIENT_ID",
		],
		["a client without an issuer", { OPENTACO_AUTH_CLIENT_ID: "c" }, "OPENTACO_AUTH_ISSUER"],
		[
			"a secret without an issuer",
			{ OPENTACO_AUTH_CLIENT_SECRET: "CANARY" },
			"OPENTACO_AUTH_ISSUER",
		],
		[
			"a key id without a key",
			{ OPENTACO_TOKENS_KID: "v1" },
			"OPENTACO_TOKENS_PRIVATE_KEY_PEM_PATH",
		],
		["scopes without openid", { ...provider, OPENTACO_AUTH_SCOPES: "email" }, "openid"],
		[
			"an admin token like an API token",
			{ OPENTACO_ADMIN_TOKEN: "otc_tfe_0123456789abcdef" },
			"OPENTACO_ADMIN_TOKEN",
		],
		[
			"an admin token like a JWT",
			{ OPENTACO_ADMIN_TOKEN: "aaaaaaaaaaaa.bbbbbbbb.cccccc" },
			"OPENTACO_ADMIN_TOKEN",
		],
	];
	test.each(wrong)("%s refuses to start", (_name, environment, words) => {
		expect(() => readServerConfig([], environment)).toThrow(words);
		expect(() => readServerConfig([], environment)).not.toThrow("CANARY");
	});

	test("a provider without a public URL is warned about", () => {
		expect(readServerConfig([], provider).warnings.join()).toContain("OPENTACO_PUBLIC_BASE_URL");
	});
});

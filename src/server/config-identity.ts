/** The settings about identity, checked; the files that they name are read at start. */
import { parseGoDuration } from "../auth/duration.ts";
import type { ProviderConfig } from "../auth/oidc/provider.ts";
import { limits } from "../core/limits.ts";
import type { IdentitySettingKey } from "./setting-table-identity.ts";
import { ConfigError, type SettingReader } from "./setting-values.ts";

export interface IdentitySettings {
	readonly provider: ProviderConfig | null;
	readonly isLocalLogin: boolean;
	readonly privateKey: { readonly path: string; readonly kid: string } | null;
	readonly accessTokenMs: number;
	readonly refreshTokenMs: number;
	/** null: it does not expire. */
	readonly terraformTokenMs: number | null;
	readonly stateKey: string | null;
	readonly ciTrustPath: string | null;
}

/** Reads them. Throws ConfigError. */
export function readIdentity(read: SettingReader): IdentitySettings {
	const provider = readProvider(read);
	const path = read.text("tokensKeyPath");
	const kid = read.text("tokensKid");
	if (path === null && kid !== null) {
		throw new ConfigError(
			`${read.nameOf("tokensKid")}: needs OPENTACO_TOKENS_PRIVATE_KEY_PEM_PATH as well`,
		);
	}
	return {
		provider,
		isLocalLogin: read.boolean("localLogin") ?? provider === null,
		privateKey: path === null ? null : { path, kid: kid ?? "k1" },
		accessTokenMs: readTtl(read, "accessTtl", limits.accessTokenMaxMs) ?? limits.accessTokenMs,
		refreshTokenMs: readTtl(read, "refreshTtl", limits.refreshTokenMaxMs) ?? limits.refreshTokenMs,
		terraformTokenMs: readTtl(read, "terraformTokenTtl", Number.MAX_SAFE_INTEGER / 1000),
		stateKey: read.text("oauthStateKey"),
		ciTrustPath: read.text("ciTrust"),
	};
}

function readProvider(read: SettingReader): ProviderConfig | null {
	const issuer = read.text("authIssuer");
	const clientId = read.text("authClientId");
	if (issuer === null && clientId === null) {
		const orphans = ["authClientSecret", "authUrl", "authTokenUrl", "authJwksUrl"] as const;
		const orphan = orphans.find((key) => read.isGiven(key));
		if (orphan !== undefined) {
			throw new ConfigError(`${read.nameOf(orphan)}: needs OPENTACO_AUTH_ISSUER as well`);
		}
		return null;
	}
	if (issuer === null || clientId === null) {
		const [given, missing] =
			issuer === null
				? (["authClientId", "OPENTACO_AUTH_ISSUER"] as const)
				: (["authIssuer", "OPENTACO_AUTH_CLIENT_ID"] as const);
		throw new ConfigError(`${read.nameOf(given)}: needs ${missing} as well`);
	}
	const scopes = read.text("authScopes") ?? "openid profile email";
	if (!scopes.split(/\s+/).includes("openid")) {
		throw new ConfigError(`${read.nameOf("authScopes")}: must contain openid`);
	}
	return {
		issuer,
		clientId,
		clientSecret: read.text("authClientSecret"),
		authorizationUrl: read.text("authUrl"),
		tokenUrl: read.text("authTokenUrl"),
		jwksUrl: read.text("authJwksUrl"),
		scopes,
		groupsClaim: read.text("authGroupsClaim") ?? "groups",
		isEmailTrusted: read.boolean("authTrustEmail") ?? false,
	};
}

function readTtl(read: SettingReader, key: IdentitySettingKey, maxMs: number): number | null {
	const text = read.text(key);
	if (text === null) return null;
	const ms = parseGoDuration(text);
	if (ms === null || ms < 1000 || ms > maxMs) {
		const most = maxMs < 1e12 ? ` and at most ${maxMs / 3_600_000}h` : "";
		throw new ConfigError(
			`${read.nameOf(key)}: must be a duration such as 30m or 720h, at least 1s${most}`,
		);
	}
	return ms;
}

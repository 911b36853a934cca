/** Opens identity as the configuration says: reads the files, makes the keys, says what is used. */
import { readFile } from "node:fs/promises";
import type { TokenVerifier } from "../auth/admin-verifier.ts";
import type { OrganizationKeyOf } from "../auth/ci/ci-exchange.ts";
import { parseTrust, type TrustedIssuer } from "../auth/ci/trust.ts";
import { AuthConfigError } from "../auth/config-error.ts";
import { type Identities, type LoginNote, openIdentities } from "../auth/identity.ts";
import { stateKeyFrom } from "../auth/oauth/state-box.ts";
import { limits } from "../core/limits.ts";
import type { BlobStore } from "../core/ports/blob-store.ts";
import type { AccessParts } from "./admin-access.ts";
import type { ServerConfig } from "./config.ts";
import { ConfigError } from "./setting-values.ts";

const settingFileBytesMax = 1024 * 1024;

export interface IdentityParts {
	readonly parts: AccessParts;
	readonly store: BlobStore;
	readonly admin: TokenVerifier;
	readonly noteLogin: (note: LoginNote) => void;
	readonly organizationKey: OrganizationKeyOf;
}

/** Throws ConfigError for what cannot be used; fails as the store does. */
export async function identitiesOf(
	config: ServerConfig,
	{ parts, store, admin, noteLogin, organizationKey }: IdentityParts,
): Promise<Identities> {
	const { clock, random, log } = parts;
	const { identity, publicBaseUrl } = config;
	const { headAgeMaxMs, actDeadlineMs } = limits;
	try {
		const { privateKey: key, stateKey, provider } = identity;
		if (key !== null) log.write("info", "JWT: Loading Ed25519 private key", { kid: key.kid });
		const pem =
			key === null ? null : await readSetting("OPENTACO_TOKENS_PRIVATE_KEY_PEM_PATH", key.path);
		const identities = await openIdentities(
			{
				shared: { store, clock, random, log, headAgeMaxMs, actDeadlineMs },
				fetch: (url, init) => fetch(url, init),
				admin,
				noteLogin,
				organizationKey,
			},
			{
				...identity,
				publicBaseUrl,
				privateKey: key === null || pem === null ? null : { pem, kid: key.kid },
				stateKey: stateKey === null ? null : stateKeyFrom(stateKey),
				trustedIssuers: await trustedIssuers(identity.ciTrustPath, publicBaseUrl),
			},
		);
		if (stateKey !== null) log.write("info", "OAuth: Using custom state encryption key", {});
		if (provider !== null) {
			log.write("info", "OIDC: Configuration loaded", { issuer: provider.issuer });
		}
		return identities;
	} catch (error) {
		if (error instanceof AuthConfigError) throw new ConfigError(error.message);
		throw error;
	}
}

async function trustedIssuers(
	path: string | null,
	publicBaseUrl: string | null,
): Promise<readonly TrustedIssuer[]> {
	if (path === null) return [];
	return parseTrust(await readSetting("OPENTACO_CI_TRUST", path), publicBaseUrl);
}

async function readSetting(name: string, path: string): Promise<string> {
	let text: string;
	try {
		text = await readFile(path, "utf8");
	} catch (error) {
		const code = (error as { code?: string }).code ?? "unknown reason";
		throw new ConfigError(`${name}: the file cannot be read (${code})`);
	}
	if (text.length > settingFileBytesMax) throw new ConfigError(`${name}: the file is too large`);
	return text;
}

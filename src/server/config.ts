/**
 * What the operator wants, checked: flags and environment in, `ServerConfig` out. The only reader
 * of the environment in the server. Unsafe combinations are refused or warned about here.
 */
import { kidPattern, type StsKey } from "../auth/sts/credentials.ts";
import { isDomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { defaultOrganizationName, isOrganizationName } from "../core/organization/organization.ts";
import type { LogLevel } from "../core/ports/log.ts";
import { parseUnitId, systemUnitId, type UnitId } from "../core/unit/unit-id.ts";
import { type SecretKey, secretKeyFrom } from "../core/variable/secret-keys.ts";
import { type IdentitySettings, readIdentity } from "./config-identity.ts";
import { ConfigError, collectSettings, type Environment, SettingReader } from "./setting-values.ts";
import { type AddressRange, isLoopback, parseRange } from "./shared/addresses.ts";

export type StorageConfig =
	| { readonly kind: "memory" }
	| { readonly kind: "filesystem"; readonly directory: string }
	| {
			readonly kind: "s3";
			readonly bucket: string;
			readonly prefix: string;
			readonly region: string;
			/** null: AWS itself. */
			readonly endpoint: string | null;
			readonly pathStyle: boolean;
	  };

export type TlsConfig =
	| { readonly kind: "none" }
	| { readonly kind: "files"; readonly certificate: string; readonly key: string }
	| { readonly kind: "self-signed" };

export type AuthConfig =
	| { readonly kind: "disabled" }
	| {
			readonly kind: "admin-token";
			/** Chosen by the operator; null: the one in the store. */
			readonly token: string | null;
			readonly isReset: boolean;
	  };

/** How credentials for the S3 surface are made. */
export interface StsConfig {
	readonly ttlMs: number;
	/** Secrets that the operator chose, the first one for issuing; empty: those in the store. */
	readonly keys: readonly StsKey[];
}

export interface ServerConfig {
	readonly host: string;
	readonly port: number;
	readonly publicBaseUrl: string | null;
	/** Lower case, without ports; empty allows any. */
	readonly allowedHosts: readonly string[];
	readonly trustedProxies: readonly AddressRange[];
	readonly storage: StorageConfig;
	readonly dataDirectory: string;
	readonly auth: AuthConfig;
	readonly identity: IdentitySettings;
	readonly tls: TlsConfig;
	readonly sts: StsConfig;
	/** 0 keeps all. */
	readonly versionsKept: number;
	readonly stateBytesMax: number;
	readonly requestsAtOnceMax: number;
	readonly isAutoCreating: boolean;
	/** The unit whose state declares edges between units. */
	readonly systemUnit: UnitId;
	/** Seal the values of sensitive variables, the first one for new ones; empty: the store's own. */
	readonly secretKeys: readonly SecretKey[];
	/** E-mail addresses, in lower case, of those who may always do everything. */
	readonly admins: readonly string[];
	/** The name of the default organization. */
	readonly organization: string;
	/** How long denials and logins are kept, ms; 0 keeps them all. */
	readonly auditRetentionMs: number;
	readonly logLevel: LogLevel;
	readonly logFormat: "auto" | "json" | "text";
	/** To be logged at start. */
	readonly warnings: readonly string[];
}

/** Reads the settings of this process. Throws ConfigError. */
export function readServerConfig(
	argv: readonly string[],
	environment: Environment = process.env,
): ServerConfig {
	const read = new SettingReader(collectSettings(argv, environment));
	const dataDirectory = read.text("dataDir") ?? "./taco-data";
	const auth = readAuth(read);
	const identity = readIdentity(read);
	const tls = readTls(read);
	const host = read.text("host") ?? (auth.kind === "disabled" ? "127.0.0.1" : "0.0.0.0");
	const publicBaseUrl = readBaseUrl(read);
	const allowedHosts = readAllowedHosts(read, publicBaseUrl);
	const unusable = { host, auth, tls, publicBaseUrl, identity };
	return {
		host,
		port: read.number("port") ?? 8080,
		publicBaseUrl,
		allowedHosts,
		trustedProxies: readProxies(read),
		storage: readStorage(read, dataDirectory),
		dataDirectory,
		auth,
		identity,
		tls,
		sts: readSts(read, environment),
		versionsKept: read.number("maxVersions") ?? limits.versionsKept,
		stateBytesMax: read.bytes("maxStateBytes") ?? limits.stateBytesMax,
		requestsAtOnceMax: read.number("maxRequests") ?? limits.requestsAtOnceMax,
		isAutoCreating: read.boolean("autoCreate") ?? true,
		systemUnit: readSystemUnit(read),
		secretKeys: readSecretKeys(read),
		admins: readAdmins(read),
		organization: readOrganization(read),
		auditRetentionMs: (read.number("auditRetentionDays") ?? 0) * 24 * 3600 * 1000,
		logLevel: read.choice("logLevel", ["debug", "info", "warn", "error"]) ?? "info",
		logFormat: read.choice("logFormat", ["auto", "json", "text"]) ?? "auto",
		warnings: warningsAbout(unusable),
	};
}

const stsSecretStart = "OPENTACO_STS_HMAC_";

function readSts(read: SettingReader, environment: Environment): StsConfig {
	const ttlText = read.text("stsTtl");
	const ttlMs = ttlText === null ? limits.stsTtlMs : durationMs(ttlText);
	if (ttlMs === null || ttlMs < limits.stsTtlMinMs || ttlMs > limits.stsTtlMaxMs) {
		throw new ConfigError(`${read.nameOf("stsTtl")}: must be a time from 1m to 1h, such as 15m`);
	}
	const kid = read.text("stsKid");
	if (kid === null) return { ttlMs, keys: [] };
	const keys = Object.entries(environment)
		.filter(([name, text]) => name.startsWith(stsSecretStart) && text !== undefined && text !== "")
		.map(([name, text]) => readStsKey(name, text ?? ""));
	const current = keys.find((key) => key.kid === kid);
	if (current === undefined) {
		throw new ConfigError(
			`${read.nameOf("stsKid")}: names a key whose secret is not there; set ${stsSecretStart} followed by its name`,
		);
	}
	return { ttlMs, keys: [current, ...keys.filter((key) => key !== current)] };
}

function readStsKey(name: string, text: string): StsKey {
	const kid = name.slice(stsSecretStart.length);
	const secret = Buffer.from(text, "base64url");
	if (!kidPattern.test(kid)) {
		throw new ConfigError(`${name}: the key's name may have 32 letters, digits, "_" and "-"`);
	}
	if (secret.toString("base64url") !== text || secret.length < limits.stsSecretBytesMin) {
		throw new ConfigError(
			`${name}: must be at least ${limits.stsSecretBytesMin} bytes in base64url without padding`,
		);
	}
	return { kid, secret: new Uint8Array(secret) };
}

/** Milliseconds of `90s`, `15m` or `1h`; null for anything else. */
function durationMs(text: string): number | null {
	const match = /^([0-9]{1,6})(s|m|h)$/.exec(text);
	if (match === null) return null;
	return Number(match[1]) * (match[2] === "s" ? 1000 : match[2] === "m" ? 60_000 : 3_600_000);
}

function readAuth(read: SettingReader): AuthConfig {
	const token = read.text("adminToken");
	const isReset = read.boolean("resetAdminToken") ?? false;
	const isDisabled = read.boolean("authDisable") ?? false;
	if (token !== null && Buffer.byteLength(token) < limits.adminTokenBytesMin) {
		throw new ConfigError(
			`${read.nameOf("adminToken")}: must have at least ${limits.adminTokenBytesMin} characters`,
		);
	}
	if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
		throw new ConfigError(
			`${read.nameOf("adminToken")}: must be printable ASCII without spaces, as HTTP needs it`,
		);
	}
	if (
		token !== null &&
		(/^otc_(tfe|svc)_/i.test(token) || /^[\w-]+\.[\w-]*\.[\w-]*$/.test(token))
	) {
		throw new ConfigError(
			`${read.nameOf("adminToken")}: must not look like a token that this server issues`,
		);
	}
	if (isReset && (isDisabled || token !== null)) {
		throw new ConfigError(
			`${read.nameOf("resetAdminToken")}: has nothing to reset with ${read.nameOf(isDisabled ? "authDisable" : "adminToken")}`,
		);
	}
	return isDisabled ? { kind: "disabled" } : { kind: "admin-token", token, isReset };
}

function readSecretKeys(read: SettingReader): SecretKey[] {
	return read.list("secretsKey").map((text) => {
		if (text.length >= limits.secretKeyCharactersMin) return secretKeyFrom(text);
		throw new ConfigError(
			`${read.nameOf("secretsKey")}: each key must have at least ${limits.secretKeyCharactersMin} characters; make one with \`openssl rand -base64 32\``,
		);
	});
}

function readAdmins(read: SettingReader): string[] {
	return read.list("admins").map((email) => {
		if (!/^[^@\s]+@[^@\s]+$/.test(email)) {
			throw new ConfigError(
				`${read.nameOf("admins")}: must be e-mail addresses, separated by commas`,
			);
		}
		return email.toLowerCase();
	});
}

function readOrganization(read: SettingReader): string {
	const name = read.text("organization") ?? defaultOrganizationName;
	if (isOrganizationName(name)) return name;
	throw new ConfigError(
		`${read.nameOf("organization")}: must be at most ${limits.organizationNameBytesMax} letters, digits, dashes and underscores, a letter or digit first`,
	);
}

function readTls(read: SettingReader): TlsConfig {
	const certificate = read.text("tlsCert");
	const key = read.text("tlsKey");
	const isSelfSigned = read.boolean("tlsSelfSigned") ?? false;
	if ((certificate === null) !== (key === null)) {
		const [given, missing] =
			certificate === null ? (["tlsKey", "tlsCert"] as const) : (["tlsCert", "tlsKey"] as const);
		throw new ConfigError(`${read.nameOf(given)}: needs ${read.nameOf(missing)} as well`);
	}
	if (certificate !== null && key !== null) {
		if (isSelfSigned) {
			throw new ConfigError(
				`${read.nameOf("tlsSelfSigned")}: cannot be used together with ${read.nameOf("tlsCert")}`,
			);
		}
		return { kind: "files", certificate, key };
	}
	return isSelfSigned ? { kind: "self-signed" } : { kind: "none" };
}

function readStorage(read: SettingReader, dataDirectory: string): StorageConfig {
	const bucket = read.text("s3Bucket");
	const kind =
		read.choice("storage", ["s3", "filesystem", "memory"]) ??
		(bucket === null ? "filesystem" : "s3");
	if (kind === "memory") return { kind };
	if (kind === "filesystem") return { kind, directory: dataDirectory };
	if (bucket === null) {
		throw new ConfigError(
			`${read.nameOf("storage")}: s3 needs a bucket; set --s3-bucket or OPENTACO_S3_BUCKET`,
		);
	}
	const endpoint = readUrl(read, "s3Endpoint");
	return {
		kind,
		bucket,
		prefix: (read.text("s3Prefix") ?? "").replace(/^\/+|\/+$/g, ""),
		region: read.text("s3Region") ?? "us-east-1",
		endpoint,
		pathStyle: read.boolean("s3ForcePathStyle") ?? endpoint !== null,
	};
}

function readUrl(read: SettingReader, key: "s3Endpoint" | "publicBaseUrl"): string | null {
	const text = read.text(key);
	if (text === null) return null;
	const url = URL.parse(text);
	if (url === null || !/^https?:$/.test(url.protocol)) {
		throw new ConfigError(
			`${read.nameOf(key)}: must be a URL that starts with http:// or https://`,
		);
	}
	if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
		throw new ConfigError(`${read.nameOf(key)}: must be a URL without credentials, "?" and "#"`);
	}
	return text.replace(/\/+$/, "");
}

function readBaseUrl(read: SettingReader): string | null {
	const text = readUrl(read, "publicBaseUrl");
	if (text !== null && new URL(text).pathname !== "/") {
		throw new ConfigError(`${read.nameOf("publicBaseUrl")}: must be a URL without a path`);
	}
	return text;
}

function readAllowedHosts(read: SettingReader, publicBaseUrl: string | null): string[] {
	const hosts = read.list("allowedHosts").map((host) => host.toLowerCase());
	for (const host of hosts) {
		if (!/^[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/.test(host)) {
			throw new ConfigError(
				`${read.nameOf("allowedHosts")}: must be host names without ports, separated by commas`,
			);
		}
	}
	if (hosts.length === 0 || publicBaseUrl === null) return hosts;
	return [...new Set([...hosts, new URL(publicBaseUrl).hostname])];
}

function readSystemUnit(read: SettingReader): UnitId {
	const text = read.text("systemUnit");
	if (text === null) return systemUnitId;
	try {
		return parseUnitId(text);
	} catch (error) {
		if (!isDomainError(error, "invalid_unit_id")) throw error;
		throw new ConfigError(`${read.nameOf("systemUnit")}: ${error.message}`);
	}
}

function readProxies(read: SettingReader): AddressRange[] {
	return read.list("trustedProxies").map((text) => {
		const range = parseRange(text);
		if (range === null) {
			throw new ConfigError(
				`${read.nameOf("trustedProxies")}: must be addresses or CIDR ranges, separated by commas`,
			);
		}
		return range;
	});
}

function warningsAbout(
	config: Pick<ServerConfig, "host" | "auth" | "tls" | "publicBaseUrl" | "identity">,
): string[] {
	const warnings: string[] = [];
	const isLocal = isLoopback(config.host);
	if (config.auth.kind === "disabled") {
		warnings.push(
			isLocal
				? "authentication is off: every program on this machine can read and change all states"
				: `AUTHENTICATION IS OFF on ${config.host}: everybody who can reach this port can read and change all states`,
		);
	}
	const hasProxyTls = config.publicBaseUrl?.startsWith("https:") === true;
	if (config.tls.kind === "none" && !isLocal && !hasProxyTls) {
		warnings.push(
			"serving plain http: tokens and states can be read on the network; use --tls-cert and --tls-key, --tls-self-signed, or a proxy with TLS and --public-base-url https://…",
		);
	}
	if (config.identity.provider !== null && config.publicBaseUrl === null) {
		warnings.push(
			"OPENTACO_AUTH_ISSUER is set and OPENTACO_PUBLIC_BASE_URL is not: the identity provider can send people back to localhost only",
		);
	}
	return warnings;
}

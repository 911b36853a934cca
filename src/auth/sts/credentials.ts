/**
 * Short-lived credentials in the shape that AWS clients know, without any state on the server: the
 * session token carries the sealed claims, the access key id is a MAC over the token, the secret is
 * derived from both. So none of the three can be combined with another login's, and whoever has
 * the shared secret (every instance) can check them. They open the S3 surface and nothing else.
 */
import {
	createCipheriv,
	createDecipheriv,
	createHmac,
	hkdfSync,
	timingSafeEqual,
} from "node:crypto";
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { type Random, randomId } from "../../core/ports/random.ts";
import type { CredentialKind, CredentialScope, Principal } from "../../core/principal.ts";
import { StsFault } from "./fault.ts";

/** A secret that the servers share, and the name it goes by. */
export interface StsKey {
	/** `kidPattern`. */
	readonly kid: string;
	/** At least `stsSecretBytesMin` bytes. */
	readonly secret: Uint8Array;
}

/** What a key's name may be. */
export const kidPattern = /^[A-Za-z0-9_-]{1,32}$/;

/** The secrets that the servers share. */
export interface StsKeys {
	/** The one to issue with. */
	current(): Promise<StsKey>;
	/** One to verify with, or null. */
	find(kid: string): Promise<StsKey | null>;
}

/** What a client is given. */
export interface S3Credentials {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken: string;
	/** Ms since the epoch. */
	readonly expiresAt: number;
}

/** What verified credentials say. */
export interface ResolvedCredentials {
	readonly principal: Principal;
	readonly secretAccessKey: string;
	readonly expiresAt: number;
}

export interface StsDeps {
	readonly keys: StsKeys;
	readonly clock: Pick<Clock, "now">;
	readonly random: Random;
}

interface Claims {
	readonly v: 1;
	readonly aud: "s3";
	readonly jti: string;
	/** Seconds since the epoch. */
	readonly iat: number;
	readonly exp: number;
	readonly sub: string;
	readonly login: string;
	/** What the login was proven with. */
	readonly from: CredentialKind;
	readonly email?: string;
	readonly groups?: readonly string[];
	readonly roles?: readonly string[];
	readonly scope?: CredentialScope;
	readonly epoch?: number;
	readonly admin?: string;
	/** As `Principal.organization`. */
	readonly org?: string | null;
}

const tokenStart = "otcs1";
const keyIdStart = "OTC";
const nonceBytes = 12;
const tagBytes = 16;
const keyIdMacBytes = 18;

/** Issues and verifies the credentials of the S3 surface. */
export class Sts {
	readonly #deps: StsDeps;
	readonly #derived = new Map<
		string,
		{ readonly secret: Uint8Array; readonly keys: DerivedKeys }
	>();

	constructor(deps: StsDeps) {
		this.#deps = deps;
	}

	/**
	 * Credentials that act as the principal for `ttlMs`, at most `stsTtlMaxMs`.
	 * Fails with `forbidden` for a principal that itself came by such credentials (they must not
	 * renew themselves), with `too_large` when its groups do not fit in a header.
	 */
	async issue(input: {
		readonly principal: Principal;
		readonly ttlMs: number;
	}): Promise<S3Credentials> {
		const { principal } = input;
		if (principal.credentialKind === "s3-credentials") {
			throw new DomainError("forbidden", "S3 credentials cannot be exchanged for new ones", {
				hint: "log in with `taco login`",
			});
		}
		const ttlMs = Math.min(Math.max(input.ttlMs, limits.stsTtlMinMs), limits.stsTtlMaxMs);
		const nowSeconds = Math.floor(this.#deps.clock.now() / 1000);
		const exp = nowSeconds + Math.floor(ttlMs / 1000);
		const claims: Claims = {
			v: 1,
			aud: "s3",
			jti: randomId(this.#deps.random),
			iat: nowSeconds,
			exp,
			sub: principal.id,
			login: principal.loginId,
			from: principal.credentialKind,
			...(principal.email === undefined ? {} : { email: principal.email }),
			...(principal.groups === undefined ? {} : { groups: principal.groups }),
			...(principal.roles === undefined ? {} : { roles: principal.roles }),
			...(principal.scope === undefined ? {} : { scope: principal.scope }),
			...(principal.epoch === undefined ? {} : { epoch: principal.epoch }),
			...(principal.adminTokenId === undefined ? {} : { admin: principal.adminTokenId }),
			...(principal.organization === undefined ? {} : { org: principal.organization }),
		};
		const key = await this.#deps.keys.current();
		const derived = this.#derive(key);
		const sessionToken = seal(key.kid, derived, claims, this.#deps.random.bytes(nonceBytes));
		if (sessionToken.length > limits.stsTokenBytesMax) {
			throw new DomainError("too_large", "the login has too many groups for S3 credentials", {
				hint: "let the identity provider send only the groups that OpenTaco needs",
				details: { limitBytes: limits.stsTokenBytesMax },
			});
		}
		const accessKeyId = accessKeyOf(key.kid, derived, sessionToken);
		return {
			accessKeyId,
			secretAccessKey: secretOf(derived, accessKeyId, sessionToken),
			sessionToken,
			expiresAt: exp * 1000,
		};
	}

	/**
	 * Whose credentials these are, and their secret. Throws StsFault `unknown_access_key` or, from
	 * `stsGraceMs` after their end, `credentials_expired`; a DomainError when the shared secret cannot
	 * be read.
	 */
	async resolve(accessKeyId: string, sessionToken: string): Promise<ResolvedCredentials> {
		const parts = accessKeyId.split(".");
		const kid = parts[1] ?? "";
		if (
			parts.length !== 3 ||
			parts[0] !== keyIdStart ||
			!kidPattern.test(kid) ||
			sessionToken.length > limits.stsTokenBytesMax
		) {
			throw unknownKey();
		}
		const key = await this.#deps.keys.find(kid);
		if (key === null) throw unknownKey();
		const derived = this.#derive(key);
		// The MAC first: what is not ours is not decrypted.
		if (!isEqual(accessKeyOf(kid, derived, sessionToken), accessKeyId)) throw unknownKey();
		const claims = open(kid, derived, sessionToken);
		// What a server gave out while it let everybody in proves nothing to one that does not.
		if (claims === null || claims.from === "auth-disabled") throw unknownKey();
		if (claims.exp * 1000 + limits.stsGraceMs <= this.#deps.clock.now()) {
			throw new StsFault(
				"credentials_expired",
				"the credentials have expired; get new ones with `taco creds`",
			);
		}
		return {
			principal: principalOf(claims),
			secretAccessKey: secretOf(derived, accessKeyId, sessionToken),
			expiresAt: claims.exp * 1000,
		};
	}

	#derive(key: StsKey): DerivedKeys {
		const known = this.#derived.get(key.kid);
		if (known !== undefined && isEqualBytes(known.secret, key.secret)) return known.keys;
		const keys = deriveKeys(key.secret);
		if (this.#derived.size >= limits.stsKeysMax) this.#derived.clear();
		this.#derived.set(key.kid, { secret: key.secret, keys });
		return keys;
	}
}

interface DerivedKeys {
	readonly seal: Uint8Array;
	readonly keyId: Uint8Array;
	readonly secret: Uint8Array;
}

function deriveKeys(secret: Uint8Array): DerivedKeys {
	const derive = (purpose: string) =>
		new Uint8Array(hkdfSync("sha256", secret, "", `opentaco sts v1 ${purpose}`, 32));
	return {
		seal: derive("session token"),
		keyId: derive("access key id"),
		secret: derive("secret"),
	};
}

function seal(kid: string, keys: DerivedKeys, claims: Claims, nonce: Uint8Array): string {
	const head = `${tokenStart}.${kid}`;
	const cipher = createCipheriv("aes-256-gcm", keys.seal, nonce);
	cipher.setAAD(Buffer.from(head));
	const sealed = Buffer.concat([cipher.update(JSON.stringify(claims), "utf8"), cipher.final()]);
	const bytes = Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
	return `${head}.${bytes.toString("base64url")}`;
}

function open(kid: string, keys: DerivedKeys, token: string): Claims | null {
	const head = `${tokenStart}.${kid}`;
	const text = token.startsWith(`${head}.`) ? token.slice(head.length + 1) : "";
	const bytes = Buffer.from(text, "base64url");
	if (bytes.length < nonceBytes + tagBytes || bytes.toString("base64url") !== text) return null;
	try {
		const decipher = createDecipheriv("aes-256-gcm", keys.seal, bytes.subarray(0, nonceBytes), {
			authTagLength: tagBytes,
		});
		decipher.setAAD(Buffer.from(head));
		decipher.setAuthTag(bytes.subarray(-tagBytes));
		const plain = Buffer.concat([
			decipher.update(bytes.subarray(nonceBytes, -tagBytes)),
			decipher.final(),
		]);
		const claims = JSON.parse(plain.toString("utf8")) as Partial<Claims>;
		return claims.v === 1 && claims.aud === "s3" && typeof claims.exp === "number"
			? (claims as Claims)
			: null;
	} catch {
		return null;
	}
}

function principalOf(claims: Claims): Principal {
	return {
		id: claims.sub,
		credentialKind: "s3-credentials",
		loginId: claims.login,
		derivedFrom: claims.from,
		...(claims.email === undefined ? {} : { email: claims.email }),
		...(claims.groups === undefined ? {} : { groups: claims.groups }),
		...(claims.roles === undefined ? {} : { roles: claims.roles }),
		...(claims.scope === undefined ? {} : { scope: claims.scope }),
		...(claims.epoch === undefined ? {} : { epoch: claims.epoch }),
		...(claims.admin === undefined ? {} : { adminTokenId: claims.admin }),
		...confinementOf(claims),
	};
}

/** Credentials of a CI job from a server that knew of one organization mean that one. */
function confinementOf({ org, from, epoch }: Claims): Pick<Principal, "organization"> {
	if (org !== undefined) return { organization: org };
	return from === "access-token" && epoch === undefined ? { organization: null } : {};
}

function accessKeyOf(kid: string, keys: DerivedKeys, sessionToken: string): string {
	const mac = createHmac("sha256", keys.keyId).update(sessionToken).digest();
	return `${keyIdStart}.${kid}.${mac.subarray(0, keyIdMacBytes).toString("base64url")}`;
}

function secretOf(keys: DerivedKeys, accessKeyId: string, sessionToken: string): string {
	return createHmac("sha256", keys.secret)
		.update(`${accessKeyId}\n${sessionToken}`)
		.digest("base64url");
}

function isEqual(a: string, b: string): boolean {
	return isEqualBytes(Buffer.from(a), Buffer.from(b));
}

function isEqualBytes(a: Uint8Array, b: Uint8Array): boolean {
	return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

function unknownKey(): StsFault {
	return new StsFault(
		"unknown_access_key",
		"the access key is not one of this server's; get new credentials with `taco creds --fresh`",
	);
}

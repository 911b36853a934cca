/**
 * Signed tokens: Ed25519 JWTs (RFC 7519, RFC 8037). Each kind has a type, an audience and a life of
 * its own, all of which are demanded, so that no kind passes for another (RFC 8725, 3.11).
 */
import { jwtVerify, SignJWT } from "jose";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { type Random, randomId } from "../../core/ports/random.ts";
import type { Keyring } from "./keyring.ts";

export type TokenKind = "access" | "refresh" | "code";

const typeOf: Readonly<Record<TokenKind, string>> = {
	access: "at+jwt",
	refresh: "opentaco-refresh+jwt",
	code: "opentaco-code+jwt",
};

/** No token of the kind may say that it lives longer, whoever signed it. */
const lifeMaxMs: Readonly<Record<TokenKind, number>> = {
	access: limits.accessTokenMaxMs,
	refresh: limits.refreshTokenMaxMs,
	code: limits.authorizationCodeMs,
};

export interface SignedTokenDeps {
	readonly keyring: Keyring;
	readonly clock: Clock;
	readonly random: Random;
	/** Who issues: the public URL, or a name of this set of servers. */
	readonly issuer: string;
}

export interface Claims {
	readonly sub: string;
	readonly jti: string;
	/** Seconds since the epoch. */
	readonly iat: number;
	readonly exp: number;
	readonly [claim: string]: unknown;
}

/** Signs and verifies the three kinds. */
export class SignedTokens {
	readonly #deps: SignedTokenDeps;

	constructor(deps: SignedTokenDeps) {
		this.#deps = deps;
	}

	/** A new token of the kind for `lifeMs` (cut to what the kind may have). */
	async sign(
		kind: TokenKind,
		subject: string,
		lifeMs: number,
		claims: Readonly<Record<string, unknown>>,
	): Promise<{ readonly token: string; readonly claims: Claims }> {
		const { keyring, clock, random, issuer } = this.#deps;
		const iat = Math.floor(clock.now() / 1000);
		const exp = iat + Math.max(1, Math.floor(Math.min(lifeMs, lifeMaxMs[kind]) / 1000));
		const all = { ...claims, sub: subject, jti: randomId(random), iat, exp };
		const token = await new SignJWT({ ...all, iss: issuer, aud: audienceOf(kind) })
			.setProtectedHeader({ alg: "EdDSA", typ: typeOf[kind], kid: keyring.kid })
			.sign(await keyring.signingKey());
		return { token, claims: all };
	}

	/**
	 * The claims of a valid token of the kind; null for anything else. Only a failure to look up a
	 * key throws: a storage that does not answer is not a bad token (I14).
	 */
	async verify(kind: TokenKind, token: string): Promise<Claims | null> {
		const header = readHeader(token);
		if (header === null || header.typ !== typeOf[kind]) return null;
		const { keyring, clock, issuer } = this.#deps;
		const key = await keyring.publicKey(header.kid);
		if (key === null) return null;
		const now = clock.now();
		try {
			const { payload } = await jwtVerify(token, key, {
				algorithms: ["EdDSA"],
				typ: typeOf[kind],
				issuer,
				audience: audienceOf(kind),
				requiredClaims: ["exp", "iat", "sub", "jti"],
				clockTolerance: limits.clockSkewMaxMs / 1000,
				currentDate: new Date(now),
			});
			const { sub, jti, iat, exp, aud } = payload;
			if (typeof sub !== "string" || sub === "" || typeof jti !== "string") return null;
			if (aud !== audienceOf(kind) || !/^[0-9a-f]{32}$/.test(jti)) return null;
			if (!Number.isSafeInteger(iat) || !Number.isSafeInteger(exp)) return null;
			const [issued, expires] = [Number(iat), Number(exp)];
			if (issued * 1000 > now + limits.clockSkewMaxMs) return null;
			if (expires <= issued || (expires - issued) * 1000 > lifeMaxMs[kind]) return null;
			return { ...payload, sub, jti, iat: issued, exp: expires };
		} catch {
			return null;
		}
	}
}

/** Whether the text has the form of a JWT: then it is judged as one and as nothing else. */
export function looksLikeJwt(token: string): boolean {
	return /^[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/.test(token);
}

function audienceOf(kind: TokenKind): string {
	return `opentaco/${kind}`;
}

/**
 * The header, if it is one of ours: exactly `alg`, `typ` and `kid`, so that keys in the token (jwk,
 * jku, x5u) and critical extensions never come into play; and only the one canonical spelling, so
 * that a token has no second form.
 */
function readHeader(token: string): { typ: string; kid: string } | null {
	if (token.length > limits.signedTokenBytesMax) return null;
	const parts = token.split(".");
	if (parts.length !== 3 || !parts.every(isCanonicalBase64url)) return null;
	let header: unknown;
	try {
		header = JSON.parse(Buffer.from(parts[0] ?? "", "base64url").toString("utf8"));
	} catch {
		return null;
	}
	if (typeof header !== "object" || header === null) return null;
	const { alg, typ, kid, ...rest } = header as Record<string, unknown>;
	if (alg !== "EdDSA" || Object.keys(rest).length > 0) return null;
	if (typeof typ !== "string" || typeof kid !== "string" || kid.length > 64) return null;
	return { typ, kid };
}

function isCanonicalBase64url(part: string): boolean {
	return part !== "" && Buffer.from(part, "base64url").toString("base64url") === part;
}

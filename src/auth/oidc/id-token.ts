/** Verifies ID tokens of one issuer (OpenID Connect Core 1.0, 3.1.3.7) with its rotating keys. */
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { type Fetch, fetchJson } from "./bounded-fetch.ts";
import type { EndpointFinder } from "./endpoints.ts";

/** Asymmetric only: a secret that the client shares must never make a valid token. */
const algorithms = [
	...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
	...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Seconds: the end of the year 9999. A later expiry is nonsense. */
const expiryMax = 253_402_300_800;

export interface IdTokenDeps {
	readonly fetch: Fetch;
	readonly clock: Clock;
	readonly endpoints: EndpointFinder;
	/** The audience is a client of the issuer, as people log in; then `azp` must be it as well. */
	readonly isClient: boolean;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** The keys of one issuer, and what they have signed. */
export class IdTokenVerifier {
	readonly #deps: IdTokenDeps;
	#keys: { readonly set: KeySet; readonly kids: ReadonlySet<string>; readonly at: number } | null =
		null;
	#readAt = Number.NEGATIVE_INFINITY;
	#reading: Promise<void> | null = null;

	constructor(deps: IdTokenDeps) {
		this.#deps = deps;
	}

	/**
	 * The claims of a valid token for `audience`, with `nonce` when one is given; null when it is not
	 * valid. Fails with `provider_unavailable` when its keys cannot be had.
	 */
	async verify(
		token: string,
		audience: string,
		nonce: string | null,
	): Promise<(JWTPayload & { sub: string; exp: number }) | null> {
		if (token.length > limits.idTokenBytesMax) return null;
		const header = headerOf(token);
		if (header === null || !algorithms.includes(header.alg)) return null;
		const { issuer, algorithms: advertised } = await this.#deps.endpoints.find();
		if (advertised !== null && !advertised.includes(header.alg)) return null;
		const set = await this.#keySet(header.kid);
		const now = this.#deps.clock.now();
		try {
			const { payload } = await jwtVerify(token, set, {
				algorithms: [header.alg],
				issuer,
				audience,
				requiredClaims: ["exp", "iat", "sub"],
				clockTolerance: limits.clockSkewMaxMs / 1000,
				currentDate: new Date(now),
			});
			const { sub, aud, iat, exp, azp } = payload;
			if (typeof sub !== "string" || sub === "") return null;
			if (Buffer.byteLength(sub) > limits.providerSubjectBytesMax) return null;
			if (typeof iat !== "number" || iat * 1000 > now + limits.clockSkewMaxMs) return null;
			if (typeof exp !== "number" || !(exp < expiryMax)) return null;
			if (this.#deps.isClient) {
				if (Array.isArray(aud) && aud.length > 1 && azp !== audience) return null;
				if (azp !== undefined && azp !== audience) return null;
			}
			if (nonce !== null && payload.nonce !== nonce) return null;
			return { ...payload, sub, exp };
		} catch {
			return null;
		}
	}

	/** The keys; read again when they are old, or when the token names one that is not among them. */
	async #keySet(kid: string | undefined): Promise<KeySet> {
		const now = this.#deps.clock.monotonic();
		const isOld = this.#keys === null || now - this.#keys.at > limits.providerKeysFreshMs;
		const isUnknown = kid !== undefined && this.#keys?.kids.has(kid) === false;
		if (this.#keys === null) {
			await this.#read();
		} else if ((isOld || isUnknown) && now - this.#readAt > limits.providerKeysRecheckMs) {
			// The keys that are known go on counting while the provider does not answer.
			await this.#read().catch(() => undefined);
		}
		if (this.#keys === null) throw new TypeError("there are no keys");
		return this.#keys.set;
	}

	async #read(): Promise<void> {
		this.#reading ??= this.#fetchKeys().finally(() => {
			this.#reading = null;
		});
		await this.#reading;
	}

	async #fetchKeys(): Promise<void> {
		const { endpoints, fetch, clock } = this.#deps;
		this.#readAt = clock.monotonic();
		const { jwks } = await endpoints.find();
		const { body } = await fetchJson(fetch, jwks, "reading the keys");
		const keys = (Array.isArray(body.keys) ? body.keys : []).filter(
			(key) => typeof key === "object" && key !== null && key.kty !== "oct",
		);
		this.#keys = {
			set: createLocalJWKSet({ keys } as JSONWebKeySet),
			kids: new Set(keys.map((key) => String(key.kid))),
			at: clock.monotonic(),
		};
	}
}

/** A token's issuer without any check, to choose who may verify it. */
export function unverifiedIssuer(token: string): string | null {
	if (token.length > limits.idTokenBytesMax) return null;
	try {
		const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
		const { iss } = JSON.parse(payload) as { iss?: unknown };
		return typeof iss === "string" ? iss : null;
	} catch {
		return null;
	}
}

function headerOf(token: string): { alg: string; kid: string | undefined } | null {
	try {
		const text = Buffer.from(token.split(".")[0] ?? "", "base64url").toString("utf8");
		const header = JSON.parse(text) as { alg?: unknown; kid?: unknown; crit?: unknown };
		if (typeof header?.alg !== "string" || header.crit !== undefined) return null;
		return { alg: header.alg, kid: typeof header.kid === "string" ? header.kid : undefined };
	} catch {
		return null;
	}
}

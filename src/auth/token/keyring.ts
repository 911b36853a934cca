/**
 * The keys that all servers of one store share: who signs tokens with which key, and the secret
 * that everything symmetric is derived from. One register holds them. A key that this program made
 * lies there whole, the private half included: who can write the bucket can already replace every
 * state, so the bucket is what trust begins with. A key from a file leaves only its public half.
 *
 * Rotation: each server enters its public key under its key id before it signs, so that servers
 * with the old and the new key verify each other's tokens while they are replaced one by one. A key
 * that nobody has signed with for longer than any token lives is left out.
 */
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from "node:crypto";
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { type Random, randomId } from "../../core/ports/random.ts";
import { Register } from "../../core/register/register.ts";
import { AuthConfigError } from "../config-error.ts";
import { readAtMost, type SharedState, systemGrant } from "../shared-state.ts";

/** A key as the register holds it. */
interface StoredKey {
	readonly kid: string;
	/** The public half: 32 bytes in base64url (RFC 8037). */
	readonly x: string;
	/** The private half, for a key that this program made. */
	readonly d?: string;
	/** ISO 8601. */
	readonly created: string;
	/** When a server last said that it signs with it, ms since the epoch. */
	readonly signedUntil: number;
}

interface KeysDocument {
	/** Names this set of servers: issuer of the tokens while there is no public URL. */
	readonly installation: string;
	/** 32 bytes, base64url. */
	readonly master: string;
	readonly keys: readonly StoredKey[];
}

/** A key as `GET /oidc/jwks.json` shows it. */
export interface PublicJwk {
	readonly kty: "OKP";
	readonly crv: "Ed25519";
	readonly kid: string;
	readonly x: string;
	readonly alg: "EdDSA";
	readonly use: "sig";
}

export interface KeyringOptions {
	/** A private key of the operator's, PKCS #8 in PEM, and its id; null: the one in the store. */
	readonly privateKey: { readonly pem: string; readonly kid: string } | null;
	/** How long any token may live that one of the keys signed. */
	readonly tokenMsMax: number;
}

/** This server's signing key, everybody's public keys, and secrets by purpose. */
export class Keyring {
	readonly kid: string;
	readonly installation: string;
	readonly #shared: SharedState;
	readonly #register: Register<KeysDocument>;
	readonly #options: KeyringOptions;
	readonly #signingKey: KeyObject;
	readonly #own: StoredKey;
	readonly #master: Uint8Array;
	readonly #publicKeys = new Map<string, { readonly x: string; readonly key: KeyObject }>();
	#touchedAt: number;
	#recheckedAt = Number.NEGATIVE_INFINITY;

	private constructor(
		shared: SharedState,
		register: Register<KeysDocument>,
		options: KeyringOptions,
		document: KeysDocument,
		own: StoredKey,
		signingKey: KeyObject,
	) {
		this.#shared = shared;
		this.#register = register;
		this.#options = options;
		this.#signingKey = signingKey;
		this.#own = own;
		this.#master = Buffer.from(document.master, "base64url");
		this.kid = own.kid;
		this.installation = document.installation;
		this.#touchedAt = shared.clock.now();
	}

	/**
	 * Reads the keys, makes what is missing and enters this server's own key. Of several first
	 * starts one makes the keys. Throws AuthConfigError for a key that cannot be used, and for a key
	 * id that the store knows with another key.
	 */
	static async open(shared: SharedState, options: KeyringOptions): Promise<Keyring> {
		const register = new Register<KeysDocument>(shared, "keys", parseKeys);
		const chosen = options.privateKey === null ? null : readPrivateKey(options.privateKey);
		// Made before the decision, which may run several times and must stay pure.
		const spare = {
			installation: randomId(shared.random),
			master: Buffer.from(shared.random.bytes(32)).toString("base64url"),
			key: makeKey(shared.random),
		};
		const now = shared.clock.now();
		const grant = await systemGrant();
		const found = await register.update(grant, (value) => {
			const document: KeysDocument = value ?? {
				installation: spare.installation,
				master: spare.master,
				keys: [],
			};
			const live = document.keys.filter((key) => isLive(key, now, options.tokenMsMax));
			const made = newestGenerated(live) ?? spare.key;
			const half = chosen ?? { kid: made.kid, x: made.x, d: made.d };
			const same = live.find((key) => key.kid === half.kid);
			if (same !== undefined && same.x !== half.x) throw twoKeys(half.kid);
			const own: StoredKey = {
				kid: half.kid,
				x: half.x,
				...(half.d === undefined ? {} : { d: half.d }),
				created: same?.created ?? new Date(now).toISOString(),
				signedUntil: Math.max(now, same?.signedUntil ?? 0),
			};
			const keys = [...live.filter((key) => key.kid !== own.kid), own];
			if (keys.length > limits.signingKeysMax) throw tooManyKeys();
			const next = { ...document, keys };
			const operation = same === undefined ? "keys.enter" : "keys.touch";
			const isFresh = same !== undefined && now - same.signedUntil < limits.signingKeyTouchMs;
			if (value !== null && isFresh) return { answer: { document, own: same } };
			return { operation, value: next, result: { document: next, own } };
		});
		const signingKey = chosen?.key ?? privateKeyOf(found.own);
		return new Keyring(shared, register, options, found.document, found.own, signingKey);
	}

	/** The private key to sign with, now. Enters it again in the register now and then. */
	async signingKey(): Promise<KeyObject> {
		const now = this.#shared.clock.now();
		if (now - this.#touchedAt > limits.signingKeyTouchMs) {
			this.#touchedAt = now;
			await this.#touch(now);
		}
		return this.#signingKey;
	}

	/**
	 * The public key of that id, or null. Another server's new key is looked up, at most once in
	 * `keyringRecheckMs`. Fails as Register.read.
	 */
	async publicKey(kid: string): Promise<KeyObject | null> {
		if (kid === this.#own.kid) return this.#cachedKey(this.#own);
		const known = await this.#find(kid, limits.keyringFreshMs);
		if (known !== null) return known;
		const now = this.#shared.clock.monotonic();
		if (now - this.#recheckedAt < limits.keyringRecheckMs) return null;
		this.#recheckedAt = now;
		return await this.#find(kid, 0);
	}

	/** All keys whose tokens may still be about, for others to verify them with. */
	async publicKeys(): Promise<PublicJwk[]> {
		const { value } = await this.#register.readCached(limits.keyringRecheckMs);
		const keys = (value?.keys ?? []).filter((key) => this.#isLive(key));
		if (!keys.some((key) => key.kid === this.#own.kid)) keys.push(this.#own);
		return keys.map(({ kid, x }) => ({
			kty: "OKP",
			crv: "Ed25519",
			kid,
			x,
			alg: "EdDSA",
			use: "sig",
		}));
	}

	/**
	 * 32 secret bytes for one purpose, the same on all servers of the store; what is derived for one
	 * purpose says nothing about another's (HKDF, RFC 5869).
	 */
	secretFor(purpose: string): Uint8Array {
		return deriveSecret(this.#master, purpose);
	}

	async #find(kid: string, ageMaxMs: number): Promise<KeyObject | null> {
		const { value } = await readAtMost(this.#register, ageMaxMs);
		const stored = value?.keys.find((key) => key.kid === kid);
		return stored === undefined || !this.#isLive(stored) ? null : this.#cachedKey(stored);
	}

	#isLive(key: StoredKey): boolean {
		return isLive(key, this.#shared.clock.now(), this.#options.tokenMsMax);
	}

	#cachedKey(stored: StoredKey): KeyObject {
		const cached = this.#publicKeys.get(stored.kid);
		if (cached?.x === stored.x) return cached.key;
		const key = createPublicKey({
			key: { kty: "OKP", crv: "Ed25519", x: stored.x },
			format: "jwk",
		});
		this.#publicKeys.set(stored.kid, { x: stored.x, key });
		return key;
	}

	async #touch(now: number): Promise<void> {
		const { kid } = this.#own;
		try {
			await this.#register.update(await systemGrant(), (value) => {
				if (value === null) return { answer: undefined };
				const others = value.keys.filter(
					(key) => key.kid !== kid && isLive(key, now, this.#options.tokenMsMax),
				);
				const keys = [...others, { ...this.#own, signedUntil: now }];
				return { operation: "keys.touch", value: { ...value, keys }, result: undefined };
			});
		} catch (error) {
			// The key stays published for as long as tokens live; the next day tries again.
			this.#shared.log.write("warn", "the signing key could not be entered again", { error });
		}
	}
}

/** 32 bytes for one purpose from any secret. */
export function deriveSecret(secret: Uint8Array, purpose: string): Uint8Array {
	return new Uint8Array(hkdfSync("sha256", secret, "opentaco", `opentaco ${purpose}`, 32));
}

function isLive(key: StoredKey, now: number, tokenMsMax: number): boolean {
	return now - key.signedUntil <= tokenMsMax + 2 * limits.signingKeyTouchMs;
}

function newestGenerated(keys: readonly StoredKey[]): StoredKey | undefined {
	return keys.filter((key) => key.d !== undefined).at(-1);
}

/** The seed is the private key (RFC 8032), so the injected randomness makes the key. */
function makeKey(random: Random): { kid: string; x: string; d: string } {
	const seed = Buffer.from(random.bytes(32));
	const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
	const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
	return { kid: randomId(random).slice(0, 16), x: publicHalf(key), d: seed.toString("base64url") };
}

function privateKeyOf(stored: StoredKey): KeyObject {
	return createPrivateKey({
		key: { kty: "OKP", crv: "Ed25519", x: stored.x, d: stored.d ?? "" },
		format: "jwk",
	});
}

function publicHalf(key: KeyObject): string {
	const { x } = createPublicKey(key).export({ format: "jwk" });
	return typeof x === "string" ? x : "";
}

function readPrivateKey(given: { readonly pem: string; readonly kid: string }) {
	if (!/^[A-Za-z0-9._-]{1,64}$/.test(given.kid)) {
		throw new AuthConfigError(
			"OPENTACO_TOKENS_KID: must be 1 to 64 letters, digits, dots, dashes or underscores",
		);
	}
	let key: KeyObject;
	try {
		key = createPrivateKey(given.pem);
	} catch {
		throw notEd25519("holds no private key in PEM without a password");
	}
	if (key.asymmetricKeyType !== "ed25519") throw notEd25519("holds a key of another kind");
	return { kid: given.kid, x: publicHalf(key), d: undefined, key };
}

function notEd25519(why: string): AuthConfigError {
	return new AuthConfigError(
		`Failed to create JWT signer: OPENTACO_TOKENS_PRIVATE_KEY_PEM_PATH ${why}; make one with \`openssl genpkey -algorithm Ed25519\``,
	);
}

function twoKeys(kid: string): AuthConfigError {
	return new AuthConfigError(
		`OPENTACO_TOKENS_KID: another server signs with a different key under the id "${kid}"; give a new key a new id`,
	);
}

function tooManyKeys(): AuthConfigError {
	return new AuthConfigError(
		`more than ${limits.signingKeysMax} signing keys have been used lately; wait until old ones have run out`,
	);
}

function parseKeys(value: unknown): KeysDocument {
	const document = value as Partial<KeysDocument> | null;
	if (
		typeof document?.installation !== "string" ||
		typeof document.master !== "string" ||
		Buffer.from(document.master, "base64url").byteLength !== 32 ||
		!Array.isArray(document.keys)
	) {
		throw new DomainError("storage_corrupt", "the register of the signing keys is not readable");
	}
	return document as KeysDocument;
}

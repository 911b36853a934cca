/**
 * The secrets that S3 credentials are made with: chosen by the operator, or made once and kept in
 * the store, where every server finds the same.
 */
import { kidPattern, type StsKey, type StsKeys } from "../auth/sts/credentials.ts";
import { DomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { BlobStore } from "../core/ports/blob-store.ts";
import { randomId } from "../core/ports/random.ts";
import { systemPrincipal } from "../core/principal.ts";
import { decideAdminOnly, Gate } from "../core/rbac/grant.ts";
import { Register } from "../core/register/register.ts";
import type { AccessParts } from "./admin-access.ts";
import type { StsConfig } from "./config.ts";

/** The keys as the configuration says. Reads and writes nothing before they are asked for. */
export function stsKeysOf(
	config: StsConfig,
	parts: Pick<AccessParts, "clock" | "random">,
	store: BlobStore,
): StsKeys {
	return config.keys[0] === undefined
		? new RegisterStsKeys(parts, store)
		: chosenKeys(config.keys[0], config.keys);
}

function chosenKeys(current: StsKey, all: readonly StsKey[]): StsKeys {
	return {
		async current() {
			return current;
		},
		async find(kid) {
			return all.find((key) => key.kid === kid) ?? null;
		},
	};
}

/** Newest first. */
interface StoredKeys {
	readonly keys: readonly { readonly kid: string; readonly secret: string }[];
}

const secretBytes = 32;

function parseStoredKeys(value: unknown): StoredKeys {
	const stored = value as Partial<StoredKeys> | null;
	const isGood =
		Array.isArray(stored?.keys) &&
		stored.keys.length > 0 &&
		stored.keys.every(
			(key) =>
				typeof key?.kid === "string" &&
				kidPattern.test(key.kid) &&
				typeof key.secret === "string" &&
				Buffer.from(key.secret, "base64url").length >= limits.stsSecretBytesMin,
		);
	if (!isGood) {
		throw new DomainError("storage_corrupt", "the register of the S3 secrets is not readable", {
			hint: "set OPENTACO_STS_KID and OPENTACO_STS_HMAC_<name>",
		});
	}
	return stored as StoredKeys;
}

/** Keys in the store's register: the first server that needs one makes it. */
class RegisterStsKeys implements StsKeys {
	readonly #parts: Pick<AccessParts, "clock" | "random">;
	readonly #register: Register<StoredKeys>;

	constructor(parts: Pick<AccessParts, "clock" | "random">, store: BlobStore) {
		this.#parts = parts;
		this.#register = new Register<StoredKeys>(
			{
				store,
				clock: parts.clock,
				random: parts.random,
				headAgeMaxMs: limits.headAgeMaxMs,
				actDeadlineMs: limits.actDeadlineMs,
			},
			"sts-keys",
			parseStoredKeys,
		);
	}

	async current(): Promise<StsKey> {
		const { value } = await this.#register.readCached(limits.stsKeysFreshMs);
		const newest = value?.keys[0];
		return newest === undefined ? await this.#make() : keyOf(newest);
	}

	async find(kid: string): Promise<StsKey | null> {
		// One that is not known may have been made by another server a moment ago.
		for (const ageMs of [limits.stsKeysFreshMs, limits.stsKeysRecheckMs]) {
			const { value } = await this.#register.readCached(ageMs);
			const known = value?.keys.find((key) => key.kid === kid);
			if (known !== undefined) return keyOf(known);
		}
		return null;
	}

	async #make(): Promise<StsKey> {
		const { random } = this.#parts;
		const fresh = {
			kid: randomId(random).slice(0, 8),
			secret: Buffer.from(random.bytes(secretBytes)).toString("base64url"),
		};
		const caller = {
			principal: systemPrincipal,
			surface: "system",
			requestId: randomId(random),
		} as const;
		const grant = await new Gate(decideAdminOnly).authorize(caller, "system.manage", "*");
		return await this.#register.update(grant, (stored) => {
			const other = stored?.keys[0];
			return other === undefined
				? { operation: "sts-key", value: { keys: [fresh] }, result: keyOf(fresh) }
				: { answer: keyOf(other) };
		});
	}
}

function keyOf(stored: { readonly kid: string; readonly secret: string }): StsKey {
	return { kid: stored.kid, secret: new Uint8Array(Buffer.from(stored.secret, "base64url")) };
}

/**
 * The keys that sensitive values are sealed with: chosen by the operator, or made once and kept in
 * the store, where every server finds the same.
 */
import { createHash, hkdfSync } from "node:crypto";
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { randomId } from "../ports/random.ts";
import { systemPrincipal } from "../principal.ts";
import { decideAdminOnly, Gate } from "../rbac/grant.ts";
import { Register, type RegisterDeps } from "../register/register.ts";

export interface SecretKey {
	/** Public: stands beside what is sealed with it. */
	readonly id: string;
	/** 32 bytes. */
	readonly bytes: Uint8Array;
}

/** The key of a text that an operator chose: the same one, under the same id, on every server. */
export function secretKeyFrom(text: string): SecretKey {
	const bytes = new Uint8Array(hkdfSync("sha256", text, "", "opentaco variables", 32));
	return { id: createHash("sha256").update("id").update(bytes).digest("hex").slice(0, 12), bytes };
}

/** Newest first. */
interface StoredKeys {
	readonly keys: readonly { readonly id: string; readonly secret: string }[];
}

const keyBytes = 32;

function parseStoredKeys(value: unknown): StoredKeys {
	const stored = value as Partial<StoredKeys> | null;
	const isGood =
		Array.isArray(stored?.keys) &&
		stored.keys.every(
			(key) =>
				typeof key?.id === "string" &&
				typeof key.secret === "string" &&
				Buffer.from(key.secret, "base64url").length === keyBytes,
		);
	if (isGood) return stored as StoredKeys;
	throw new DomainError("storage_corrupt", "the register of the variables' keys is not readable", {
		hint: "run `taco doctor` on the store",
	});
}

/** The chosen keys, the first one for sealing; without any, those in the store. */
export class SecretKeys {
	readonly #deps: RegisterDeps;
	readonly #chosen: readonly SecretKey[];
	readonly #register: Register<StoredKeys>;

	constructor(deps: RegisterDeps, chosen: readonly SecretKey[]) {
		this.#deps = deps;
		this.#chosen = chosen;
		this.#register = new Register<StoredKeys>(deps, "variable-keys", parseStoredKeys);
	}

	/** The key to seal with; the first server that needs one makes it. Fails as Register.update. */
	async current(): Promise<SecretKey> {
		const chosen = this.#chosen[0];
		if (chosen !== undefined) return chosen;
		const { value } = await this.#register.readCached(limits.secretKeysFreshMs);
		const newest = value?.keys[0];
		return newest === undefined ? await this.#make() : keyOf(newest);
	}

	/**
	 * The key of this id, also one in the store that a chosen one has replaced. Fails with
	 * `storage_corrupt` when there is none, or as Register.read.
	 */
	async find(id: string): Promise<SecretKey> {
		const chosen = this.#chosen.find((key) => key.id === id);
		if (chosen !== undefined) return chosen;
		const { value } = await this.#register.read();
		const stored = value?.keys.find((key) => key.id === id);
		if (stored !== undefined) return keyOf(stored);
		throw new DomainError("storage_corrupt", "the key of a sensitive variable is not known", {
			hint: "add the earlier key to OPENTACO_SECRETS_KEY, behind the new one and a comma",
		});
	}

	async #make(): Promise<SecretKey> {
		const { random } = this.#deps;
		const secret = Buffer.from(random.bytes(keyBytes)).toString("base64url");
		const fresh = { id: randomId(random).slice(0, 12), secret };
		const requestId = randomId(random);
		const caller = { principal: systemPrincipal, surface: "system", requestId } as const;
		const grant = await new Gate(decideAdminOnly).authorize(caller, "system.manage", "*");
		return await this.#register.update(grant, (stored) => {
			const other = stored?.keys[0];
			return other === undefined
				? { operation: "variable-key", value: { keys: [fresh] }, result: keyOf(fresh) }
				: { answer: keyOf(other) };
		});
	}
}

function keyOf(stored: { readonly id: string; readonly secret: string }): SecretKey {
	return { id: stored.id, bytes: new Uint8Array(Buffer.from(stored.secret, "base64url")) };
}

/**
 * Sealed texts: AES-256-GCM under a key that every server knows. What is sealed for one variable
 * opens for that one only, wherever somebody who can write the store puts it.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { DomainError } from "../errors.ts";
import type { Random } from "../ports/random.ts";
import type { SecretKey, SecretKeys } from "./secret-keys.ts";

/** A text that only holders of the key can read. */
export interface Sealed {
	/** The key's id. */
	readonly key: string;
	/** base64 */
	readonly nonce: string;
	/** base64, with the tag at its end. */
	readonly data: string;
}

/** Seals under one key. */
export type Seal = (text: string, context: string) => Sealed;

const cipherName = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/** Seals and opens texts. */
export class SecretBox {
	readonly #keys: SecretKeys;
	readonly #random: Random;

	constructor(keys: SecretKeys, random: Random) {
		this.#keys = keys;
		this.#random = random;
	}

	/** Fetches the key of today. Fails as SecretKeys.current. */
	async sealer(): Promise<{ readonly keyId: string; readonly seal: Seal }> {
		const key = await this.#keys.current();
		return { keyId: key.id, seal: (text, context) => this.#seal(key, text, context) };
	}

	/** The text. Fails with `storage_corrupt` when it was sealed for something else, or altered. */
	async open(sealed: Sealed, context: string): Promise<string> {
		const key = await this.#keys.find(sealed.key);
		const data = Buffer.from(sealed.data, "base64");
		try {
			const decipher = createDecipheriv(
				cipherName,
				key.bytes,
				Buffer.from(sealed.nonce, "base64"),
				{
					authTagLength: tagBytes,
				},
			);
			decipher.setAAD(Buffer.from(context, "utf8"));
			decipher.setAuthTag(data.subarray(-tagBytes));
			const text = decipher.update(data.subarray(0, -tagBytes));
			return Buffer.concat([text, decipher.final()]).toString("utf8");
		} catch (cause) {
			throw new DomainError("storage_corrupt", "a sealed value was altered or belongs elsewhere", {
				hint: "give the variable a new value",
				cause,
			});
		}
	}

	#seal(key: SecretKey, text: string, context: string): Sealed {
		const nonce = this.#random.bytes(nonceBytes);
		const cipher = createCipheriv(cipherName, key.bytes, nonce, { authTagLength: tagBytes });
		cipher.setAAD(Buffer.from(context, "utf8"));
		const data = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
		return {
			key: key.id,
			nonce: Buffer.from(nonce).toString("base64"),
			data: data.toString("base64"),
		};
	}
}

/**
 * Upload addresses. Terraform sends no credential with an upload, so the address is one: a sealed
 * text (AES-256-GCM under a key that all servers of the store share) that says what may be uploaded
 * where, by whom and until when. It is good for exactly the bytes whose MD5 it names, under the
 * lock that was held when it was made and on top of the state that was current then.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Keyring } from "../../../auth/token/keyring.ts";
import { limits } from "../../../core/limits.ts";
import type { Clock } from "../../../core/ports/clock.ts";
import type { Random } from "../../../core/ports/random.ts";
import type { Principal } from "../../../core/principal.ts";

const nonceBytes = 12;
const tagBytes = 16;
const aad = Buffer.from("opentaco tfe upload v1", "utf8");

export interface Upload {
	/** `state` becomes the current state; `json` is taken and dropped. */
	readonly purpose: "state" | "json";
	/** With the organization in it, so that the address is good in that one alone. */
	readonly stateVersion: string;
	/** Hex. */
	readonly md5: string;
	readonly bytesMax: number;
	readonly lockId: string;
	readonly force: boolean;
	/** SHA-256 of the state that it replaces, hex; null: there was none. */
	readonly replaces: string | null;
	readonly principal: Principal;
}

interface Sealed extends Upload {
	readonly expires: number;
}

export interface UploadTokenDeps {
	readonly keyring: Pick<Keyring, "secretFor">;
	readonly clock: Pick<Clock, "now">;
	readonly random: Random;
}

/** Seals and opens upload addresses. */
export class UploadTokens {
	readonly #deps: UploadTokenDeps;
	readonly #key: Uint8Array;

	constructor(deps: UploadTokenDeps) {
		this.#deps = deps;
		this.#key = deps.keyring.secretFor("tfe-upload");
	}

	/** The token, or null when it would be too long for an address. */
	seal(upload: Upload): string | null {
		const { clock, random } = this.#deps;
		const content: Sealed = { ...upload, expires: clock.now() + limits.uploadUrlMs };
		const nonce = random.bytes(nonceBytes);
		const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(aad);
		const sealed = Buffer.concat([cipher.update(JSON.stringify(content), "utf8"), cipher.final()]);
		const token = Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64url");
		return token.length > limits.uploadTokenBytesMax ? null : token;
	}

	/** What the token allows; null when it was changed, has expired or is none. */
	open(token: string): Upload | null {
		if (token.length > limits.uploadTokenBytesMax) return null;
		const bytes = Buffer.from(token, "base64url");
		if (bytes.toString("base64url") !== token || bytes.length < nonceBytes + tagBytes) return null;
		try {
			const decipher = createDecipheriv("aes-256-gcm", this.#key, bytes.subarray(0, nonceBytes), {
				authTagLength: tagBytes,
			})
				.setAAD(aad)
				.setAuthTag(bytes.subarray(-tagBytes));
			const plain = Buffer.concat([
				decipher.update(bytes.subarray(nonceBytes, -tagBytes)),
				decipher.final(),
			]);
			const content = JSON.parse(plain.toString("utf8")) as Sealed;
			return content.expires > this.#deps.clock.now() ? content : null;
		} catch {
			return null;
		}
	}
}

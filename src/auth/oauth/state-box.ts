/**
 * What a login must remember between its pages, sealed and carried by the browser, so that any
 * server can go on with it: AES-256-GCM with the purpose as additional data, an expiry and an id for
 * single use inside, and bound to the browser that it was made for by the hash of its cookie.
 */
import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { type Random, randomId } from "../../core/ports/random.ts";
import { AuthConfigError } from "../config-error.ts";
import { isSameDigest } from "../digest.ts";
import { deriveSecret } from "../token/keyring.ts";

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const keyCharactersMin = 32;
/** In the source of the first OpenTaco, so everybody knows it. */
const publicDefault = "default-key-change-in-production-32b";

/** Which step a box is for: one made for a step opens at no other. */
export type BoxPurpose = "login" | "provider" | "consent";

export interface StateBoxDeps {
	/** 32 bytes. */
	readonly key: Uint8Array;
	/** Names this set of servers; a box of another one does not open. */
	readonly issuer: string;
	readonly clock: Pick<Clock, "now">;
	readonly random: Random;
}

export interface OpenedBox<T> {
	readonly value: T;
	readonly id: string;
	/** ms since the epoch */
	readonly expires: number;
}

interface Content {
	readonly v: unknown;
	readonly id: string;
	readonly exp: number;
	/** SHA-256 of the browser's cookie, hex. */
	readonly browser: string;
}

/**
 * The key from `OPENTACO_OAUTH_STATE_KEY`. Throws AuthConfigError for a short one and for the
 * original's default.
 */
export function stateKeyFrom(text: string): Uint8Array {
	if (text === publicDefault) {
		throw new AuthConfigError(
			"OPENTACO_OAUTH_STATE_KEY: this is a published default; make one with `openssl rand -base64 32`, or leave it unset",
		);
	}
	if (text.length < keyCharactersMin) {
		throw new AuthConfigError(
			`OPENTACO_OAUTH_STATE_KEY: must have at least ${keyCharactersMin} characters; make one with \`openssl rand -base64 32\`, or leave it unset`,
		);
	}
	return deriveSecret(Buffer.from(text, "utf8"), "oauth-state");
}

/** Seals and opens what a login must remember. */
export class StateBox {
	readonly #deps: StateBoxDeps;

	constructor(deps: StateBoxDeps) {
		this.#deps = deps;
	}

	/** Seals `value` for one step of a login in the browser whose cookie is `browser`. */
	seal(purpose: BoxPurpose, value: unknown, browser: string): string {
		const { key, random, clock } = this.#deps;
		const content: Content = {
			v: value,
			id: randomId(random),
			exp: clock.now() + limits.loginFlowMs,
			browser: hashOf(browser),
		};
		const nonce = random.bytes(nonceBytes);
		const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(this.#purposeBytes(purpose));
		const sealed = Buffer.concat([cipher.update(JSON.stringify(content), "utf8"), cipher.final()]);
		const all = [Buffer.from([version]), nonce, sealed, cipher.getAuthTag()];
		return Buffer.concat(all).toString("base64url");
	}

	/**
	 * Opens a box; null when it was changed, has expired, or was made for another step, browser or
	 * set of servers. `T` is what this program sealed for that purpose.
	 */
	open<T>(purpose: BoxPurpose, text: string, browser: string): OpenedBox<T> | null {
		if (text.length > limits.sealedStateBytesMax) return null;
		const bytes = Buffer.from(text, "base64url");
		if (bytes.toString("base64url") !== text) return null;
		if (bytes.length < 1 + nonceBytes + tagBytes || bytes[0] !== version) return null;
		const nonce = bytes.subarray(1, 1 + nonceBytes);
		const sealed = bytes.subarray(1 + nonceBytes, -tagBytes);
		let content: Content;
		try {
			const decipher = createDecipheriv("aes-256-gcm", this.#deps.key, nonce, {
				authTagLength: tagBytes,
			})
				.setAAD(this.#purposeBytes(purpose))
				.setAuthTag(bytes.subarray(-tagBytes));
			const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
			content = JSON.parse(plain.toString("utf8")) as Content;
		} catch {
			return null;
		}
		if (content.exp <= this.#deps.clock.now()) return null;
		const own = Buffer.from(content.browser, "hex");
		if (!isSameDigest(own, Buffer.from(hashOf(browser), "hex"))) return null;
		return { value: content.v as T, id: content.id, expires: content.exp };
	}

	#purposeBytes(purpose: BoxPurpose): Uint8Array {
		return Buffer.from(`opentaco state v${version} ${purpose} ${this.#deps.issuer}`, "utf8");
	}
}

function hashOf(browser: string): string {
	return createHash("sha256").update(`browser ${browser}`, "utf8").digest("hex");
}

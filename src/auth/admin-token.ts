/**
 * The admin token: what everybody who may do everything proves themselves with until there is an
 * identity provider. The store holds only its SHA-256, in a register: of several first starts at
 * once one wins.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { DomainError, isDomainError } from "../core/errors.ts";
import type { Clock } from "../core/ports/clock.ts";
import { type Random, randomId } from "../core/ports/random.ts";

/** What the register holds. */
export interface AdminTokenEntry {
	/** Of the token's bytes, hex. */
	readonly sha256: string;
	/** ISO 8601. */
	readonly created: string;
	/** Tells this token's delivery from another one's. */
	readonly nonce: string;
}

/** The register, as far as this file needs it. All fail with `storage_unavailable` and the like. */
export interface AdminTokenRegister {
	/** The entry as it was at most `ageMaxMs` ago; null when no token was ever made. */
	read(ageMaxMs: number): Promise<AdminTokenEntry | null>;
	/**
	 * Puts `entry` in the place of the one with `previousNonce` (null: of none), unless another
	 * server was first. Gives the entry that counts afterwards.
	 */
	replace(entry: AdminTokenEntry, previousNonce: string | null): Promise<AdminTokenEntry>;
}

/** Hands a new token to the operator. Called in the order prepare, then keep or discard. */
export interface TokenDelivery {
	/** Before the register names the token: after this, a crash loses nothing. */
	prepare(token: string, nonce: string): Promise<void>;
	/** The token counts: show it. */
	keep(token: string, nonce: string): Promise<void>;
	/** Another server's token counts: forget this one. */
	discard(nonce: string): Promise<void>;
	/** The register names this nonce: finish a `keep` that a crash prevented. */
	recover(nonce: string): Promise<void>;
}

const entryForm = /^[0-9a-f]{64}$/;

/** Checks what the register holds. Fails with `storage_corrupt`. */
export function parseAdminTokenEntry(value: unknown): AdminTokenEntry {
	const entry = value as Partial<AdminTokenEntry> | null;
	if (
		typeof entry?.sha256 !== "string" ||
		!entryForm.test(entry.sha256) ||
		typeof entry.created !== "string" ||
		typeof entry.nonce !== "string" ||
		!/^[0-9a-f]{1,64}$/.test(entry.nonce)
	) {
		throw new DomainError("storage_corrupt", "the register of the admin token is damaged", {
			hint: "set OPENTACO_ADMIN_TOKEN, and run `taco doctor` on the store",
		});
	}
	return { sha256: entry.sha256, created: entry.created, nonce: entry.nonce };
}

/** SHA-256 of a token's UTF-8 bytes, hex. */
export function tokenHash(token: string): string {
	return createHash("sha256").update(token, "utf8").digest("hex");
}

/** Whether `token` has this hash; takes the same time wherever it differs. */
export function matchesHash(token: string, hash: string): boolean {
	const own = Buffer.from(tokenHash(token), "hex");
	const other = Buffer.from(hash, "hex");
	return own.byteLength === other.byteLength && timingSafeEqual(own, other);
}

export interface EnsureTokenInput {
	/** Make a new token although there is one. */
	readonly isReset: boolean;
	/** null: there is nobody to hand a new token to. */
	readonly delivery: TokenDelivery | null;
}

/**
 * Sees to it that there is an admin token: makes the first one, or with `isReset` the next one,
 * and hands it over. Of several servers that do so at once one wins; the others discard theirs.
 *
 * Fails with `unauthenticated` when a token is needed and there is no `delivery`; with
 * `outcome_unknown` when the store does not tell whether the token counts (the next start does);
 * otherwise as the register.
 */
export async function ensureAdminToken(
	register: AdminTokenRegister,
	parts: { readonly clock: Pick<Clock, "now">; readonly random: Random },
	input: EnsureTokenInput,
): Promise<void> {
	const { delivery, isReset } = input;
	const current = await register.read(0);
	if (current !== null && !isReset) {
		await delivery?.recover(current.nonce);
		return;
	}
	if (delivery === null) throw new DomainError("unauthenticated", "there is no admin token yet");
	const token = `otc_admin_${Buffer.from(parts.random.bytes(32)).toString("base64url")}`;
	const entry: AdminTokenEntry = {
		sha256: tokenHash(token),
		created: new Date(parts.clock.now()).toISOString(),
		nonce: randomId(parts.random),
	};
	await delivery.prepare(token, entry.nonce);
	let counting: AdminTokenEntry;
	try {
		counting = await register.replace(entry, current?.nonce ?? null);
	} catch (error) {
		// When it is unknown whether the token counts, whoever has it must not lose it.
		if (!isDomainError(error, "outcome_unknown")) await delivery.discard(entry.nonce);
		throw error;
	}
	if (counting.nonce === entry.nonce) await delivery.keep(token, entry.nonce);
	else await delivery.discard(entry.nonce);
}

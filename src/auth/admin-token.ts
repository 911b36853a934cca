/**
 * The admin token: what everybody who may do everything proves themselves with until there is an
 * identity provider. The store holds only its SHA-256, in a small append-only register whose
 * records are created with create-if-absent, so that of several first starts one wins.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { DomainError } from "../core/errors.ts";
import { type BlobStore, StoreError } from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import { type Random, randomId } from "../core/ports/random.ts";

/** Below this the register's records lie, numbered downwards: the least key is the newest. */
const registerRoot = "__opentaco/register/admin-token/";
const generationMax = 9_999_999_999;
const recordSchema = 1;
const attemptsMax = 4;

interface RegisterRecord {
	readonly schema: number;
	readonly generation: number;
	/** Of the token, hex. */
	readonly sha256: string;
	/** ISO 8601. */
	readonly created: string;
	/** Tells our own record from another server's. */
	readonly nonce: string;
}

/** Hands a new token to the operator. Called in the order prepare, then keep or discard. */
export interface TokenDelivery {
	/** Before the register names the token: after this, a crash loses nothing. */
	prepare(token: string, nonce: string): Promise<void>;
	/** The token counts: show it. */
	keep(token: string, nonce: string): Promise<void>;
	/** Another server's token counts: forget this one. */
	discard(nonce: string): Promise<void>;
	/** The register names the record `nonce`: finish a `keep` that a crash prevented. */
	recover(nonce: string): Promise<void>;
}

export interface AdminTokenDeps {
	readonly store: BlobStore;
	readonly clock: Pick<Clock, "now">;
	readonly random: Random;
}

/** The token that counts, as far as the server may know it. */
export interface AdminCredential {
	/** SHA-256 of the token. */
	readonly digest: Uint8Array;
	/** 0 for a token that the operator chose. */
	readonly generation: number;
}

/** SHA-256 of a token's UTF-8 bytes. */
export function tokenDigest(token: string): Uint8Array {
	return createHash("sha256").update(token, "utf8").digest();
}

/** Whether two digests are equal; takes the same time wherever they differ. */
export function isSameDigest(a: Uint8Array, b: Uint8Array): boolean {
	return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

/** The credential for a token that the operator chose. */
export function chosenCredential(token: string): AdminCredential {
	return { digest: tokenDigest(token), generation: 0 };
}

/**
 * The credential that the store's register names, or null when no token was ever made.
 * Throws StoreError, or DomainError `storage_corrupt` or `schema_too_new`.
 */
export async function readAdminCredential(
	store: BlobStore,
	signal?: AbortSignal,
): Promise<AdminCredential | null> {
	const record = await readNewest(store, signal);
	return record === null ? null : credentialOf(record);
}

/**
 * The credential of the store's register; makes the first token, or with `isReset` the next one,
 * and hands it over by `delivery`. Of several servers that do so at once one wins: the others use
 * its credential and discard their own token.
 *
 * Throws DomainError `unauthenticated` when a token is needed and `delivery` is null (there is
 * nobody to hand it to), `outcome_unknown` when the store does not tell whether the token counts
 * (the next start finds out), StoreError when the store failed without effect.
 */
export async function ensureAdminCredential(
	deps: AdminTokenDeps,
	options: { readonly isReset: boolean; readonly delivery: TokenDelivery | null },
): Promise<AdminCredential> {
	const { delivery, isReset } = options;
	const newest = await readNewest(deps.store);
	if (newest !== null && !isReset) {
		await delivery?.recover(newest.nonce);
		return credentialOf(newest);
	}
	if (delivery === null) throw new DomainError("unauthenticated", "there is no admin token yet");
	const token = `otc_admin_${Buffer.from(deps.random.bytes(32)).toString("base64url")}`;
	const record: RegisterRecord = {
		schema: recordSchema,
		generation: (newest?.generation ?? 0) + 1,
		sha256: Buffer.from(tokenDigest(token)).toString("hex"),
		created: new Date(deps.clock.now()).toISOString(),
		nonce: randomId(deps.random),
	};
	await delivery.prepare(token, record.nonce);
	let stored: RegisterRecord;
	try {
		stored = await append(deps.store, record);
	} catch (error) {
		if (error instanceof StoreError) await delivery.discard(record.nonce);
		throw error;
	}
	if (stored.nonce === record.nonce) await delivery.keep(token, record.nonce);
	else await delivery.discard(record.nonce);
	return credentialOf(stored);
}

/** The record that stands at `record`'s place afterwards: it, or another server's. */
async function append(store: BlobStore, record: RegisterRecord): Promise<RegisterRecord> {
	const key = keyOf(record.generation);
	const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
	for (let attempt = 1; attempt <= attemptsMax; attempt++) {
		try {
			if ((await store.putIfAbsent(key, bytes)).created) return record;
		} catch (error) {
			if (!(error instanceof StoreError)) throw error;
			// A later attempt's refusal says nothing about the first one's effect.
			if (error.notDone && attempt === 1) throw error;
		}
		// A lost answer and a conflict look alike; the nonce tells (consistency protocol, Append).
		const found = await store.get(key).catch(() => null);
		if (found?.found === true) return decode(found.bytes);
	}
	throw new DomainError(
		"outcome_unknown",
		"the store does not tell whether the admin token counts",
		{
			hint: "start the server again",
		},
	);
}

async function readNewest(store: BlobStore, signal?: AbortSignal): Promise<RegisterRecord | null> {
	const options = signal === undefined ? {} : { signal };
	const key = await store.newest(registerRoot, options);
	if (key === null) return null;
	const found = await store.get(key, options);
	if (!found.found) throw corrupt();
	const record = decode(found.bytes);
	if (keyOf(record.generation) !== key) throw corrupt();
	return record;
}

function keyOf(generation: number): string {
	return `${registerRoot}${String(generationMax - generation).padStart(10, "0")}`;
}

function credentialOf(record: RegisterRecord): AdminCredential {
	return {
		digest: new Uint8Array(Buffer.from(record.sha256, "hex")),
		generation: record.generation,
	};
}

function decode(bytes: Uint8Array): RegisterRecord {
	let value: Partial<RegisterRecord> | null;
	try {
		value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch {
		throw corrupt();
	}
	if (typeof value?.schema === "number" && value.schema > recordSchema) {
		throw new DomainError(
			"schema_too_new",
			"a newer version of this program wrote the admin token",
			{
				hint: "upgrade this server",
			},
		);
	}
	if (
		typeof value?.schema !== "number" ||
		!Number.isInteger(value.generation) ||
		!/^[0-9a-f]{64}$/.test(value.sha256 ?? "") ||
		typeof value.nonce !== "string"
	) {
		throw corrupt();
	}
	return value as RegisterRecord;
}

function corrupt(): DomainError {
	return new DomainError("storage_corrupt", "the register of the admin token is not readable", {
		hint: "start with --reset-admin-token, or set OPENTACO_ADMIN_TOKEN",
	});
}

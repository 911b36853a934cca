/**
 * Version bodies: immutable, stored before the record that refers to them, checked on the way in
 * and on the way out. Upholds I8. States above `bufferedBodyBytesMax` are never held whole.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { type BlobStore, StoreError } from "../ports/blob-store.ts";
import { type Random, randomId } from "../ports/random.ts";
import { bodyKey } from "../unit/keys.ts";
import type { UnitId } from "../unit/unit-id.ts";
import { checkState, type StateFacts, StateScanner } from "./tfstate.ts";

/** Bytes in hand, or bytes to come of a length that is known. */
export type BodyInput =
	| Uint8Array
	| { readonly stream: ReadableStream<Uint8Array>; readonly size: number };

/** A body in the store that no record refers to yet. */
export interface StoredBody {
	readonly key: string;
	/** The generation that its key names: that of the record it is meant for. */
	readonly generation: number;
	readonly facts: StateFacts;
}

/** What a reader gets: whole and verified, or a stream that fails at its end if it is not. */
export type VerifiedBody = Uint8Array | ReadableStream<Uint8Array>;

/** Stores and opens version bodies. */
export class BodyStore {
	readonly #store: BlobStore;
	readonly #random: Random;

	constructor(store: BlobStore, random: Random) {
		this.#store = store;
		this.#random = random;
	}

	/**
	 * Stores bytes that `checkState` has passed.
	 * Fails with StoreError; nothing refers to the body, so that is "not done" for the unit.
	 */
	async putBytes(
		id: UnitId,
		generation: number,
		bytes: Uint8Array,
		facts: StateFacts,
	): Promise<StoredBody> {
		const key = bodyKey(id, generation, randomId(this.#random));
		await this.#store.put(key, bytes);
		return { key, generation, facts };
	}

	/**
	 * Stores a stream and checks it on the way. Whatever does not hold is removed again.
	 * Fails with `invalid_state`, `checksum_mismatch`, or StoreError.
	 */
	async putStream(
		id: UnitId,
		generation: number,
		input: { readonly stream: ReadableStream<Uint8Array>; readonly size: number },
		md5: string | null,
		scanner: BodyScanner = new StateScanner(),
	): Promise<StoredBody> {
		const key = bodyKey(id, generation, randomId(this.#random));
		let scanError: unknown;
		const scanned = input.stream.pipeThrough(
			new TransformStream<Uint8Array, Uint8Array>({
				transform(chunk, controller) {
					try {
						scanner.push(chunk);
					} catch (error) {
						scanError = error;
						throw error;
					}
					controller.enqueue(chunk);
				},
			}),
		);
		try {
			await this.#store.put(key, { stream: scanned, size: input.size });
			const facts = scanner.finish();
			checkMd5(facts, md5);
			return { key, generation, facts };
		} catch (error) {
			await this.discard(key);
			throw scanError ?? error;
		}
	}

	/** Copies a body to a key for another generation (see `StateService.write`). */
	async copy(id: UnitId, generation: number, body: StoredBody): Promise<StoredBody> {
		const source = await this.#store.getStream(body.key);
		if (!source.found) throw new StoreError("unavailable", "a body is gone", { notDone: true });
		const key = bodyKey(id, generation, randomId(this.#random));
		await this.#store.put(key, { stream: source.body, size: source.size });
		await this.discard(body.key);
		return { key, generation, facts: body.facts };
	}

	/** Removes a body that no record will refer to. Best effort: the pruner finds what stays. */
	async discard(key: string): Promise<void> {
		try {
			await this.#store.delete(key);
		} catch (error) {
			if (!(error instanceof StoreError)) throw error;
		}
	}

	/**
	 * Opens a body whose hash is known; null when it is not there.
	 * Small ones are verified before anything is handed out; a large one's stream errors at its
	 * end when the bytes are not those, so that the reader never takes it for whole.
	 */
	async open(
		key: string,
		expected: { sha256: string; sizeBytes: number },
	): Promise<VerifiedBody | null> {
		if (expected.sizeBytes <= limits.bufferedBodyBytesMax) {
			const blob = await this.#store.get(key);
			if (!blob.found) return null;
			const sha256 = new Bun.CryptoHasher("sha256").update(blob.bytes).digest("hex");
			if (sha256 !== expected.sha256) throw damaged();
			return blob.bytes;
		}
		const blob = await this.#store.getStream(key);
		if (!blob.found) return null;
		if (blob.size !== expected.sizeBytes) {
			await blob.body.cancel().catch(() => undefined);
			throw damaged();
		}
		const hasher = new Bun.CryptoHasher("sha256");
		return blob.body.pipeThrough(
			new TransformStream<Uint8Array, Uint8Array>({
				transform(chunk, controller) {
					hasher.update(chunk);
					controller.enqueue(chunk);
				},
				flush() {
					if (hasher.digest("hex") !== expected.sha256) throw damaged();
				},
			}),
		);
	}
}

/** What looks at a body's bytes as they pass. */
export interface BodyScanner {
	push(chunk: Uint8Array): void;
	finish(): StateFacts;
}

/** Checks bytes in hand. Fails with `invalid_state` or `checksum_mismatch`. */
export function checkBytes(bytes: Uint8Array, md5: string | null): StateFacts {
	if (md5 !== null) {
		const actual = new Bun.CryptoHasher("md5").update(bytes).digest("base64");
		if (actual !== md5) throw checksumMismatch();
	}
	return checkState(bytes);
}

function checkMd5(facts: StateFacts, md5: string | null): void {
	if (md5 !== null && facts.md5 !== md5) throw checksumMismatch();
}

function checksumMismatch(): DomainError {
	return new DomainError("checksum_mismatch", "the body is not the one whose MD5 was announced", {
		hint: "send it again; if it persists, something between the client and the server changes bodies",
	});
}

/** Stored bytes are not those that were written. */
export function damaged(): DomainError {
	return new DomainError("storage_corrupt", "the stored state is damaged or missing", {
		hint: "run `taco doctor` on the store; earlier versions can be restored",
	});
}

/** Ends a body that nobody will read. */
export async function cancelBody(body: VerifiedBody | null): Promise<void> {
	if (body instanceof ReadableStream) await body.cancel().catch(() => undefined);
}

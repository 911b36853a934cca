/**
 * Uploads in parts: the parts lie in the store below `__opentaco/multipart/<id>/` until the upload
 * is completed, so that any server can take any part. Nothing here decides anything about a unit:
 * completing is one write of the unit's state.
 */
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import type { BlobStore, StreamBody } from "../../../core/ports/blob-store.ts";
import type { Clock } from "../../../core/ports/clock.ts";
import { type Random, randomId } from "../../../core/ports/random.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { S3Error } from "./errors.ts";

const root = "__opentaco/multipart/";

/** An upload, as its manifest says. */
export interface Upload {
	readonly id: string;
	readonly unit: UnitId;
	readonly key: string;
	readonly principal: string;
	readonly loginId: string;
	/** ISO 8601. */
	readonly created: string;
	/** Present once it is completed: the answer, for a client that repeats the request. */
	readonly completed?: { readonly etag: string; readonly versionId: string };
}

/** A part that was stored. */
export interface UploadPart {
	readonly number: number;
	/** With its quotes. */
	readonly etag: string;
	readonly sizeBytes: number;
	/** Hex. */
	readonly sha256: string;
	/** ISO 8601. */
	readonly modified: string;
	readonly data: string;
}

export interface UploadsDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
}

function manifestKey(id: string): string {
	return `${root}${id}/upload`;
}

function partKey(id: string, number: number): string {
	return `${root}${id}/part/${String(number).padStart(5, "0")}`;
}

function noSuchUpload(): S3Error {
	return new S3Error(
		404,
		"NoSuchUpload",
		"there is no such upload; it was completed, aborted, or given up after a day",
	);
}

/** Uploads in parts, in the store. */
export class Uploads {
	readonly #deps: UploadsDeps;
	#sweptAt: number | null = null;

	constructor(deps: UploadsDeps) {
		this.#deps = deps;
	}

	/** Begins an upload. Fails with StoreError. */
	async create(owner: Pick<Upload, "unit" | "key" | "principal" | "loginId">): Promise<Upload> {
		const upload: Upload = {
			id: randomId(this.#deps.random),
			...owner,
			created: new Date(this.#deps.clock.now()).toISOString(),
		};
		await this.#putJson(manifestKey(upload.id), upload);
		return upload;
	}

	/** Fails with NoSuchUpload, also for an upload of another key or login. */
	async find(id: string, owner: Pick<Upload, "key" | "principal" | "loginId">): Promise<Upload> {
		if (!/^[0-9a-f]{32}$/.test(id)) throw noSuchUpload();
		const upload = await this.#getJson<Upload>(manifestKey(id));
		if (
			upload === null ||
			upload.key !== owner.key ||
			upload.principal !== owner.principal ||
			upload.loginId !== owner.loginId
		) {
			throw noSuchUpload();
		}
		return upload;
	}

	/** Stores a part; a part of the same number takes its place. Fails with what the stream fails with. */
	async putPart(
		upload: Upload,
		number: number,
		body: Uint8Array | StreamBody,
	): Promise<UploadPart> {
		const data = `${root}${upload.id}/data/${String(number).padStart(5, "0")}-${randomId(this.#deps.random)}`;
		const md5 = new Bun.CryptoHasher("md5");
		const sha256 = new Bun.CryptoHasher("sha256");
		const hash = (bytes: Uint8Array) => {
			md5.update(bytes);
			sha256.update(bytes);
		};
		let sizeBytes: number;
		if (body instanceof Uint8Array) {
			hash(body);
			sizeBytes = body.length;
			await this.#deps.store.put(data, body);
		} else {
			sizeBytes = body.size;
			const stream = body.stream.pipeThrough(
				new TransformStream<Uint8Array, Uint8Array>({
					transform(chunk, controller) {
						hash(chunk);
						controller.enqueue(chunk);
					},
				}),
			);
			await this.#deps.store.put(data, { stream, size: body.size });
		}
		const part: UploadPart = {
			number,
			etag: `"${md5.digest("hex")}"`,
			sizeBytes,
			sha256: sha256.digest("hex"),
			modified: new Date(this.#deps.clock.now()).toISOString(),
			data,
		};
		await this.#putJson(partKey(upload.id, number), part);
		return part;
	}

	/** Stored parts, in order. Fails with StoreError. */
	async parts(upload: Upload): Promise<UploadPart[]> {
		const keys: string[] = [];
		const prefix = `${root}${upload.id}/part/`;
		let after: string | undefined;
		do {
			const page = await this.#deps.store.list({
				prefix,
				limit: limits.listPageMax,
				...(after === undefined ? {} : { after }),
			});
			keys.push(...page.blobs.map((blob) => blob.key));
			after = page.next;
		} while (after !== undefined);
		const parts: UploadPart[] = [];
		const readsAtOnce = 16;
		for (let at = 0; at < keys.length; at += readsAtOnce) {
			const some = keys.slice(at, at + readsAtOnce);
			const read = await Promise.all(some.map((key) => this.#getJson<UploadPart>(key)));
			parts.push(...read.filter((part) => part !== null));
		}
		return parts;
	}

	/** The bytes of the parts, one after the other. Errors when stored bytes are not those put (I8). */
	joined(parts: readonly UploadPart[]): StreamBody {
		const { store } = this.#deps;
		async function* read(): AsyncGenerator<Uint8Array> {
			for (const part of parts) {
				const blob = await store.getStream(part.data);
				if (!blob.found) throw noSuchUpload();
				const hasher = new Bun.CryptoHasher("sha256");
				for await (const chunk of blob.body) {
					hasher.update(chunk);
					yield chunk;
				}
				if (hasher.digest("hex") !== part.sha256) {
					throw new DomainError("storage_corrupt", "a stored part of the upload is damaged", {
						hint: "upload it again",
					});
				}
			}
		}
		return {
			stream: streamOf(read()),
			size: parts.reduce((total, part) => total + part.sizeBytes, 0),
		};
	}

	/** Remembers the answer for repeated requests. Fails with StoreError. */
	async complete(upload: Upload, completed: NonNullable<Upload["completed"]>): Promise<void> {
		await this.#putJson(manifestKey(upload.id), { ...upload, completed });
	}

	/** Removes an upload's objects, the manifest last; with `keepManifest` without it. */
	async remove(id: string, keepManifest = false): Promise<void> {
		const { store } = this.#deps;
		for (const folder of ["part", "data"]) {
			const prefix = `${root}${id}/${folder}/`;
			for (;;) {
				const page = await store.list({ prefix, limit: limits.listPageMax });
				for (const blob of page.blobs) await store.delete(blob.key);
				if (page.next === undefined) break;
			}
		}
		if (!keepManifest) await store.delete(manifestKey(id));
	}

	/** Ids of all uploads that are in the store. Fails with StoreError. */
	async ids(): Promise<string[]> {
		const ids: string[] = [];
		let after: string | undefined;
		do {
			const page = await this.#deps.store.list({
				prefix: root,
				delimiter: "/",
				limit: limits.listPageMax,
				...(after === undefined ? {} : { after }),
			});
			ids.push(...page.prefixes.map((prefix) => prefix.slice(root.length, -1)));
			after = page.next;
		} while (after !== undefined);
		return ids;
	}

	/** Uploads under way. Fails with StoreError. */
	async underWay(): Promise<Upload[]> {
		const uploads: Upload[] = [];
		for (const id of await this.ids()) {
			const upload = await this.#getJson<Upload>(manifestKey(id));
			if (upload !== null && upload.completed === undefined) uploads.push(upload);
		}
		return uploads;
	}

	/** Whether a sweep is due; says so once. */
	isSweepDue(): boolean {
		const now = this.#deps.clock.monotonic();
		if (this.#sweptAt !== null && now - this.#sweptAt < limits.uploadSweepIntervalMs) return false;
		this.#sweptAt = now;
		return true;
	}

	/**
	 * Removes uploads that were begun, or completed, longer ago than `uploadAgeMaxMs` by the store's
	 * own clock. Gives how many. Fails with StoreError.
	 */
	async sweep(): Promise<number> {
		const { store } = this.#deps;
		let removed = 0;
		for (const id of await this.ids()) {
			const manifest = await store.get(manifestKey(id));
			let modified: number | undefined;
			if (manifest.found) modified = manifest.modified;
			else modified = (await store.list({ prefix: `${root}${id}/`, limit: 1 })).blobs[0]?.modified;
			if (modified === undefined || manifest.date - modified <= limits.uploadAgeMaxMs) continue;
			await this.remove(id);
			removed++;
		}
		return removed;
	}

	async #putJson(key: string, value: unknown): Promise<void> {
		await this.#deps.store.put(key, new TextEncoder().encode(`${JSON.stringify(value)}\n`));
	}

	async #getJson<T>(key: string): Promise<T | null> {
		const blob = await this.#deps.store.get(key);
		if (!blob.found) return null;
		try {
			return JSON.parse(new TextDecoder().decode(blob.bytes)) as T;
		} catch {
			throw new DomainError("storage_corrupt", "the record of an upload is damaged", {
				hint: "abort the upload and begin again",
			});
		}
	}
}

function streamOf(source: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				const { done, value } = await source.next();
				if (done === true) controller.close();
				else controller.enqueue(value);
			},
			async cancel() {
				await source.return(undefined);
			},
		},
		{ highWaterMark: 0 },
	);
}

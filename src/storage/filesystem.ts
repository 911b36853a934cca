/**
 * A store in a folder: one file per object, the key its path. Durable, and safe for several
 * processes on one folder: create-if-absent is `link(2)`, replacement is `rename(2)`.
 */

import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { limits } from "../core/limits.ts";
import { checkKey, checkLimit, checkPrefix } from "../core/ports/blob-key.ts";
import {
	type Absent,
	type BlobBytes,
	type BlobInfo,
	type BlobStoreCapabilities,
	type BlobStream,
	type ListOptions,
	type ListPage,
	type PutIfAbsentResult,
	StoreError,
	type StoreOptions,
	type StreamBody,
} from "../core/ports/blob-store.ts";
import type { Clock } from "../core/ports/clock.ts";
import { releasing } from "../lib/spent-chunks.ts";
import { throwIfAborted } from "./abort.ts";
import { exactly } from "./exact-stream.ts";
import {
	DurableFolder,
	isSystemError,
	makeFolder,
	notDoneError,
	type OnFileStep,
	pathOf,
	symbolicLinkError,
} from "./filesystem-durable.ts";
import { sweepTemporaries, temporaryTag } from "./filesystem-temporary.ts";
import { directoryKeyOf, least, temporaryPrefix, walk } from "./filesystem-walk.ts";
import type { DetailedStore, StoreDetails } from "./layer.ts";

const readChunkBytes = 256 * 1024;

/** By the magic number of statfs(2) on Linux: where link(2) may be done twice or by nobody. */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
	[0x6969, "NFS"],
	[0x517b, "SMB"],
	[0xfe534d42, "SMB"],
	[0xff534d42, "SMB"],
	[0x5346414f, "AFS"],
]);

export interface FilesystemOptions {
	/** Made (0700) with its parents when it is not there. */
	readonly directory: string;
	readonly clock: Pick<Clock, "now">;
	/** Tests fail or kill the process at a step. */
	readonly onStep?: OnFileStep;
}

/** An open file with what is known of it. */
interface OpenFile {
	readonly file: FileHandle;
	readonly size: number;
	readonly modified: number;
}

/**
 * `modified` is the later of a file's mtime and ctime: `link(2)` sets the latter, so that a file is
 * never taken for older than its name. `date` is the clock's time at the reply.
 */
export class FilesystemStore implements DetailedStore {
	readonly capabilities: BlobStoreCapabilities;
	readonly #root: string;
	readonly #clock: Pick<Clock, "now">;
	readonly #folder: DurableFolder;
	readonly #temporaryTag = temporaryTag();
	#temporaries = 0;

	private constructor(root: string, options: FilesystemOptions) {
		this.#root = root;
		this.#clock = options.clock;
		this.#folder = new DurableFolder(root, options.onStep);
		this.capabilities = {
			kind: "filesystem",
			location: root,
			durable: true,
			hiddenRetries: false,
		};
	}

	/**
	 * Opens the folder, makes it if need be and removes temporary files that dead processes left.
	 * Throws StoreError where the folder cannot be made or written.
	 */
	static async open(options: FilesystemOptions): Promise<FilesystemStore> {
		try {
			const directory = resolve(options.directory);
			await makeFolder(directory);
			const root = await realpath(directory);
			const temporaries = pathOf(root, temporaryPrefix.slice(0, -1));
			await makeFolder(temporaries);
			if ((await realpath(temporaries)) !== temporaries) {
				throw symbolicLinkError();
			}
			await sweepTemporaries(temporaries, options.clock.now());
			return new FilesystemStore(root, options);
		} catch (error) {
			if (isSystemError(error, "EEXIST", "ENOTDIR")) {
				throw new StoreError("no_such_store", "the storage folder's path leads through a file", {
					cause: error,
				});
			}
			throw notDoneError(error);
		}
	}

	async get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		const opened = await this.#open(key, options);
		if (opened === null) return this.#absent();
		const { file, size, modified } = opened;
		try {
			if (size > limits.wholeReadBytesMax) {
				throw new StoreError("corrupt", "the object is too large to be held");
			}
			const bytes = new Uint8Array(size);
			let offset = 0;
			while (offset < size) {
				const { bytesRead } = await file.read(bytes, offset, size - offset, offset);
				if (bytesRead === 0) throw shortRead();
				offset += bytesRead;
			}
			throwIfAborted(options?.signal);
			return { found: true, bytes, modified, date: this.#clock.now() };
		} catch (error) {
			throw notDoneError(error);
		} finally {
			await file.close();
		}
	}

	async getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		const opened = await this.#open(key, options);
		if (opened === null) return this.#absent();
		return {
			found: true,
			body: streamOf(opened, options?.signal),
			size: opened.size,
			modified: opened.modified,
			date: this.#clock.now(),
		};
	}

	async putIfAbsent(
		key: string,
		bytes: Uint8Array,
		options?: StoreOptions,
	): Promise<PutIfAbsentResult> {
		const target = this.#writeTarget(key, options);
		// A loser is told without a write; only the link decides who wins.
		if (await this.#isTaken(target)) {
			return { created: false, date: this.#clock.now() };
		}
		const temporary = this.#temporaryPath();
		await this.#folder.writeTemporary(temporary, [bytes], options?.signal);
		const created = await this.#folder.linkInto(temporary, target);
		return { created, date: this.#clock.now() };
	}

	async put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		const target = this.#writeTarget(key, options);
		const temporary = this.#temporaryPath();
		await this.#folder.writeTemporary(
			temporary,
			body instanceof Uint8Array ? [body] : releasing(exactly(body, options?.signal)),
			options?.signal,
		);
		await this.#folder.renameInto(temporary, target);
		return { date: this.#clock.now() };
	}

	async delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		const target = this.#writeTarget(key, options);
		if (await this.#folder.checkDirectory(dirname(target))) {
			await this.#folder.remove(target);
		}
		return { date: this.#clock.now() };
	}

	async list(options: ListOptions): Promise<ListPage> {
		const { prefix, delimiter, after, limit, signal } = options;
		checkLimit(limit);
		const blobs: BlobInfo[] = [];
		const prefixes: string[] = [];
		if (!(await this.#checkListable(prefix, signal))) {
			return { blobs, prefixes };
		}
		let last = "";
		for await (const found of walk(this.#root, prefix, delimiter, after)) {
			throwIfAborted(signal);
			if (blobs.length + prefixes.length === limit) {
				return { blobs, prefixes, next: last };
			}
			if (found.folded) {
				prefixes.push(found.name);
			} else {
				const info = await this.#info(found.name);
				if (info === null) continue;
				blobs.push(info);
			}
			last = found.name;
		}
		return { blobs, prefixes };
	}

	async newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		if (!(await this.#checkListable(prefix, options?.signal))) return null;
		return least(this.#root, directoryKeyOf(prefix), prefix);
	}

	async close(): Promise<void> {}

	/** For the probe: whether the folder is on a network file system. */
	async details(): Promise<StoreDetails> {
		const { type } = await statfs(this.#root);
		const name = networkFileSystems.get(type);
		return name === undefined ? {} : { networkFileSystem: name };
	}

	#absent(): Absent {
		return { found: false, date: this.#clock.now() };
	}

	#temporaryPath(): string {
		const name = `${this.#temporaryTag}.${this.#temporaries++}.${crypto.randomUUID()}`;
		return join(this.#root, temporaryPrefix, name);
	}

	#writeTarget(key: string, options: StoreOptions | undefined): string {
		this.#checkOwnKey(key);
		this.#folder.checkWritable();
		throwIfAborted(options?.signal);
		return pathOf(this.#root, key);
	}

	#checkOwnKey(key: string): void {
		checkKey(key);
		if (`${key}/`.startsWith(temporaryPrefix)) {
			throw new StoreError("invalid_key", "the key belongs to the store's temporary files");
		}
	}

	/** False when nothing can be there. */
	async #checkListable(prefix: string, signal: AbortSignal | undefined): Promise<boolean> {
		checkPrefix(prefix);
		throwIfAborted(signal);
		const key = directoryKeyOf(prefix);
		if (key.startsWith(temporaryPrefix)) return false;
		return key === "" ? true : this.#folder.checkDirectory(pathOf(this.#root, key.slice(0, -1)));
	}

	async #isTaken(target: string): Promise<boolean> {
		if (!(await this.#folder.checkDirectory(dirname(target)))) return false;
		return lstat(target).then(
			(info) => info.isFile(),
			() => false,
		);
	}

	async #info(key: string): Promise<BlobInfo | null> {
		try {
			const info = await lstat(pathOf(this.#root, key));
			return info.isFile() ? { key, size: info.size, modified: modifiedOf(info) } : null;
		} catch (error) {
			if (isSystemError(error, "ENOENT", "ENOTDIR")) return null;
			throw notDoneError(error);
		}
	}

	/** Opens a file for reading; null when there is no such object. */
	async #open(key: string, options: StoreOptions | undefined): Promise<OpenFile | null> {
		this.#checkOwnKey(key);
		throwIfAborted(options?.signal);
		const path = pathOf(this.#root, key);
		if (!(await this.#folder.checkDirectory(dirname(path)))) return null;
		let file: FileHandle;
		try {
			// Non-blocking, or a planted FIFO would hold the open for ever.
			file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
		} catch (error) {
			if (isSystemError(error, "ENOENT", "ENOTDIR", "EISDIR")) return null;
			throw notDoneError(error);
		}
		try {
			const info = await file.stat();
			if (info.isFile()) {
				return { file, size: info.size, modified: modifiedOf(info) };
			}
			await file.close();
			return null;
		} catch (error) {
			await file.close().catch(() => {});
			throw notDoneError(error);
		}
	}
}

function modifiedOf(info: { mtimeMs: number; ctimeMs: number }): number {
	return Math.floor(Math.max(info.mtimeMs, info.ctimeMs));
}

function shortRead(): StoreError {
	return new StoreError("corrupt", "the file ended before its size");
}

/** The file's bytes; the open file keeps them when the name is replaced or removed. */
function streamOf(opened: OpenFile, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
	const { file, size } = opened;
	let offset = 0;
	// Once the caller has given up, nobody may ever pull or cancel.
	const release = () => void file.close().catch(() => {});
	return new ReadableStream<Uint8Array>(
		{
			start() {
				signal?.addEventListener("abort", release, { once: true });
			},
			async pull(controller) {
				try {
					throwIfAborted(signal);
					if (offset === size) {
						signal?.removeEventListener("abort", release);
						await file.close();
						controller.close();
						return;
					}
					const chunk = new Uint8Array(Math.min(readChunkBytes, size - offset));
					const { bytesRead } = await file.read(chunk, 0, chunk.length, offset);
					if (bytesRead === 0) throw shortRead();
					offset += bytesRead;
					controller.enqueue(chunk.subarray(0, bytesRead));
				} catch (error) {
					await file.close().catch(() => {});
					controller.error(notDoneError(error));
				}
			},
			cancel() {
				signal?.removeEventListener("abort", release);
				return file.close();
			},
		},
		{ highWaterMark: 0 },
	);
}

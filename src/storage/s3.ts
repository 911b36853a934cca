/**
 * A store in an S3 bucket: AWS, or a server that speaks its protocol. Bun's client lists and signs;
 * signed requests go through fetch, which shows the `Date` header of every answer; conditional
 * writes go through the AWS SDK. Nothing here repeats a request, but the HTTP client below may.
 */

import { checkKey, checkLimit, checkPrefix, compareKeys } from "../core/ports/blob-key.ts";
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
import { abortedBefore, orAborted, throwIfAborted } from "./abort.ts";
import { exactly } from "./exact-stream.ts";
import type { DetailedStore, StoreDetails } from "./layer.ts";
import { contentLengthOf, readWhole, streamOf, type Upload, uploadOf } from "./s3-body.ts";
import { presignSeconds, S3ClientSource, type S3Clients, type S3Options } from "./s3-clients.ts";
import { bucketVersioning, putIfNoneMatch } from "./s3-conditional.ts";
import {
	errorOfFailure,
	errorOfRefusal,
	meansStaleCredentials,
	refusalOf,
	type S3Effect,
} from "./s3-errors.ts";
import { brokenListing, entriesOf, listingError, timeOf } from "./s3-listing.ts";

const objectNameBytesMax = 1024;

/** An answer and the means to close its connection. */
interface Answer {
	readonly response: Response;
	readonly date: number;
	readonly stop: () => void;
}

/** See the port for the contract; `hiddenRetries` holds, for connections are kept alive. */
export class S3Store implements DetailedStore {
	readonly capabilities: BlobStoreCapabilities;
	readonly #source: S3ClientSource;
	readonly #keyPrefix: string;
	readonly #bucket: string;

	/** Connects to nothing. Throws DomainError("invalid_request") for options that make no sense. */
	constructor(options: S3Options, clock: Pick<Clock, "now">) {
		this.#source = new S3ClientSource(options, clock);
		const { bucket, keyPrefix, endpoint } = this.#source.address;
		this.#bucket = bucket;
		this.#keyPrefix = keyPrefix;
		const at = endpoint === undefined ? "" : ` at ${endpoint}`;
		this.capabilities = {
			kind: "s3",
			location: `s3://${bucket}/${keyPrefix}${at}`,
			durable: true,
			hiddenRetries: true,
		};
	}

	async get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		const { response, date, stop } = await this.#read(key, options);
		if (response.status === 404) return { found: false, date };
		const bytes = await readWhole(response, options?.signal, stop);
		return { found: true, bytes, modified: modifiedOf(response), date };
	}

	async getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		const { response, date, stop } = await this.#read(key, options);
		if (response.status === 404) return { found: false, date };
		const size = contentLengthOf(response);
		if (size === null) {
			stop();
			throw new StoreError("unavailable", "the S3 server does not tell the object's size", {
				notDone: true,
			});
		}
		return {
			found: true,
			body: streamOf(response, size, options?.signal, stop),
			size,
			modified: modifiedOf(response),
			date,
		};
	}

	async putIfAbsent(
		key: string,
		bytes: Uint8Array,
		options?: StoreOptions,
	): Promise<PutIfAbsentResult> {
		const name = this.#name(key);
		throwIfAborted(options?.signal);
		const clients = await this.#clients(options?.signal);
		const sdk = await clients.sdk();
		throwIfAborted(options?.signal);
		const answer = await orAborted(
			putIfNoneMatch(
				sdk,
				{
					bucket: this.#bucket,
					key: name,
					bytes,
					md5Base64: md5Base64(bytes),
				},
				options?.signal,
			),
			options?.signal,
			true,
		);
		if ("error" in answer) {
			if (answer.staleCredentials) this.#source.forget(clients.credentials);
			throw answer.error;
		}
		return {
			created: answer.created,
			date: dateOf(answer.dateHeader, "write"),
		};
	}

	async put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		const name = this.#name(key);
		const whole = await wholeBody(body, options?.signal);
		if (whole !== null) {
			const answer = await this.#send("PUT", name, options?.signal, () => ({
				body: whole,
				headers: {
					"content-length": String(whole.length),
					"content-md5": md5Base64(whole),
				},
			}));
			return this.#written(answer);
		}
		return this.#upload(name, body as StreamBody, options?.signal);
	}

	async #upload(
		name: string,
		body: StreamBody,
		signal: AbortSignal | undefined,
	): Promise<{ readonly date: number }> {
		let upload: Upload | null = null;
		try {
			const answer = await this.#send("PUT", name, signal, (stop) => {
				upload = uploadOf(body, signal, stop);
				return {
					body: upload.stream,
					headers: { "content-length": String(body.size) },
				};
			});
			return await this.#written(answer);
		} catch (error) {
			if (upload === null) await body.stream.cancel().catch(() => {});
			throw uploadError(error, upload);
		}
	}

	async delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		const name = this.#name(key);
		const answer = await this.#send("DELETE", name, options?.signal);
		if (answer.response.status === 404) {
			const refusal = await refusalOf(answer.response);
			if (refusal.code === "NoSuchKey") return { date: answer.date };
			throw errorOfRefusal(refusal, "write");
		}
		return this.#written(answer);
	}

	async list(options: ListOptions): Promise<ListPage> {
		checkPrefix(options.prefix);
		checkLimit(options.limit);
		const { prefix, delimiter, after, limit, signal } = options;
		const blobs: BlobInfo[] = [];
		const prefixes: string[] = [];
		let token: string | undefined;
		let last = "";
		do {
			const page = await this.#listPage(
				{
					prefix: this.#keyPrefix + prefix,
					encodingType: "url",
					// One more, for `after` itself may come back folded.
					maxKeys: Math.min(limit + 1, 1000),
					...(delimiter === undefined ? {} : { delimiter }),
					...(token !== undefined
						? { continuationToken: token }
						: after !== undefined
							? { startAfter: this.#keyPrefix + after }
							: {}),
				},
				signal,
			);
			for (const entry of entriesOf(page, this.#keyPrefix)) {
				if (after !== undefined && compareKeys(entry.key, after) <= 0) continue;
				if (blobs.length + prefixes.length === limit) {
					return { blobs, prefixes, next: last };
				}
				last = entry.key;
				if (entry.folded) prefixes.push(entry.key);
				else blobs.push(entry.info);
			}
			token = page.isTruncated ? page.nextContinuationToken : undefined;
			if (page.isTruncated && !token) throw brokenListing();
			if (token !== undefined && blobs.length + prefixes.length === limit) {
				return { blobs, prefixes, next: last };
			}
		} while (token !== undefined);
		return { blobs, prefixes };
	}

	async newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		checkPrefix(prefix);
		let token: string | undefined;
		do {
			const page = await this.#listPage(
				{
					prefix: this.#keyPrefix + prefix,
					encodingType: "url",
					maxKeys: 1,
					...(token === undefined ? {} : { continuationToken: token }),
				},
				options?.signal,
			);
			const entry = entriesOf(page, this.#keyPrefix)[0];
			if (entry !== undefined) return entry.key;
			token = page.isTruncated ? page.nextContinuationToken : undefined;
		} while (token);
		return null;
	}

	async close(): Promise<void> {}

	/** For the probe: whether the bucket keeps versions. Never fails. */
	async details(options?: StoreOptions): Promise<StoreDetails> {
		try {
			const clients = await this.#clients(options?.signal);
			const sdk = await clients.sdk();
			return { bucketVersioning: await bucketVersioning(sdk, this.#bucket, options?.signal) };
		} catch {
			return { bucketVersioning: "unknown" };
		}
	}

	#name(key: string): string {
		checkKey(key);
		const name = this.#keyPrefix + key;
		if (Buffer.byteLength(name) > objectNameBytesMax) {
			throw new StoreError("invalid_key", "the key with the store's prefix is too long for S3");
		}
		return name;
	}

	#clients(signal: AbortSignal | undefined): Promise<S3Clients> {
		return orAborted(this.#source.clients(), signal, false);
	}

	/** GET; 404 comes back only for a missing object. */
	async #read(key: string, options: StoreOptions | undefined): Promise<Answer> {
		const name = this.#name(key);
		const answer = await this.#send("GET", name, options?.signal);
		const { response } = answer;
		if (response.status === 200) return answer;
		const refusal = await refusalOf(response);
		const absent = response.status === 404 && (refusal.code === "NoSuchKey" || refusal.code === "");
		if (absent) return answer;
		throw errorOfRefusal(refusal, "read");
	}

	async #written(answer: Answer): Promise<{ readonly date: number }> {
		const { response, date, stop } = answer;
		if (response.status !== 200 && response.status !== 204) {
			const refusal = await refusalOf(response);
			stop();
			throw errorOfRefusal(refusal, "write");
		}
		await response.body?.cancel().catch(() => {});
		return { date };
	}

	/** One signed request through fetch. Any status comes back; stale credentials are forgotten. */
	async #send(
		method: "GET" | "PUT" | "DELETE",
		name: string,
		signal: AbortSignal | undefined,
		content?: (stop: () => void) => {
			body: Uint8Array | ReadableStream<Uint8Array>;
			headers: Record<string, string>;
		},
	): Promise<Answer> {
		const effect: S3Effect = method === "GET" ? "read" : "write";
		if (signal?.aborted) throw abortedBefore(signal);
		const clients = await this.#clients(signal);
		const connection = new AbortController();
		const stop = () => connection.abort();
		const { body, headers } = content?.(stop) ?? { body: null, headers: {} };
		const url = clients.native.presign(name, {
			method,
			expiresIn: presignSeconds,
		});
		let response: Response;
		try {
			response = await fetch(url, {
				method,
				headers: { "accept-encoding": "identity", ...headers },
				body: body as Bun.BodyInit | null,
				signal:
					signal === undefined ? connection.signal : AbortSignal.any([signal, connection.signal]),
				redirect: "manual",
				decompress: false,
			});
		} catch (error) {
			throw errorOfFailure(error, signal, effect);
		}
		if (response.status === 400 || response.status === 403) {
			const refusal = await refusalOf(response);
			if (meansStaleCredentials(refusal.code)) {
				this.#source.forget(clients.credentials);
			}
			stop();
			throw errorOfRefusal(refusal, effect);
		}
		const date =
			response.status < 300 || response.status === 404
				? dateOf(response.headers.get("date"), effect)
				: 0;
		return { response, date, stop };
	}

	async #listPage(
		request: Bun.S3ListObjectsOptions,
		signal: AbortSignal | undefined,
	): Promise<Bun.S3ListObjectsResponse> {
		throwIfAborted(signal);
		const clients = await this.#clients(signal);
		try {
			return await orAborted(clients.native.list(request), signal, false);
		} catch (error) {
			if (error instanceof StoreError) throw error;
			const code = String((error as { code?: unknown }).code ?? "");
			if (meansStaleCredentials(code)) {
				this.#source.forget(clients.credentials);
			}
			throw listingError(error, code, signal);
		}
	}
}

function md5Base64(bytes: Uint8Array): string {
	return new Bun.CryptoHasher("md5").update(bytes).digest("base64");
}

function modifiedOf(response: Response): number {
	return timeOf(response.headers.get("last-modified"));
}

/** Without the server's own time nothing can be decided; a write may have happened. */
function dateOf(header: string | null, effect: S3Effect): number {
	const time = header === null ? Number.NaN : Date.parse(header);
	if (Number.isNaN(time)) {
		throw new StoreError("unavailable", "the S3 server's answer has no Date header", {
			notDone: effect === "read",
		});
	}
	return time;
}

/**
 * The bytes, where they are in hand. An empty body is: nothing would hold the server back from
 * storing it before the stream has shown that it is empty.
 */
async function wholeBody(
	body: Uint8Array | StreamBody,
	signal: AbortSignal | undefined,
): Promise<Uint8Array | null> {
	if (body instanceof Uint8Array) return body;
	if (body.size > 0) return null;
	for await (const _ of exactly(body, signal));
	return new Uint8Array(0);
}

/** The body's own error wins; before its last byte had left, the server cannot have stored it. */
function uploadError(error: unknown, upload: Upload | null): unknown {
	const failure = upload?.failure() ?? null;
	if (failure !== null) return failure.error;
	const certain = error instanceof StoreError && !error.notDone && upload?.complete() === false;
	return certain
		? new StoreError(error.kind, error.message, { notDone: true, cause: error })
		: error;
}

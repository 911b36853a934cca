/** One machine's connection to the simulated bucket: dispatch, effect and reply are events of their own. */
import type {
	Absent,
	BlobBytes,
	BlobInfo,
	BlobStore,
	BlobStoreCapabilities,
	BlobStream,
	ListOptions,
	ListPage,
	PutIfAbsentResult,
	StoreErrorKind,
	StoreOptions,
	StreamBody,
} from "../../src/core/ports/blob-store.ts";
import type { Bucket } from "./bucket.ts";
import type { Machine } from "./clock.ts";
import type { Code } from "./code.ts";
import type { CallFault, CallFaults } from "./faults.ts";

export interface SimStoreDeps {
	readonly name: string;
	readonly bucket: Bucket;
	readonly machine: Machine;
	readonly faults: CallFaults;
	readonly code: Pick<Code, "StoreError" | "exactly">;
}

interface Call<T> {
	readonly label: string;
	readonly isWrite: boolean;
	readonly isListing?: boolean;
	readonly signal: AbortSignal | undefined;
	/** The key or prefix of what is read. */
	readonly asks?: string;
	/** What it does to the bucket and answers; `at` is the time whose listing is shown. */
	readonly effect: (at: number) => T;
	/** Of a read: the answer with its bytes cut off. */
	readonly cut?: (answer: T) => T;
}

const failures: Partial<Record<CallFault, readonly [StoreErrorKind, string, boolean]>> = {
	"error-before": ["unavailable", "500", false],
	"error-after": ["unavailable", "connection reset", false],
	"error-then-late": ["unavailable", "502", false],
	throttled: ["throttled", "503 SlowDown", false],
	conflict: ["unavailable", "409", true],
	denied: ["denied", "403", true],
};

export class SimStore implements BlobStore {
	readonly capabilities: BlobStoreCapabilities = {
		kind: "memory",
		location: "simulated",
		durable: true,
		hiddenRetries: true,
	};
	readonly #deps: SimStoreDeps;

	constructor(deps: SimStoreDeps) {
		this.#deps = deps;
	}

	get(key: string, options?: StoreOptions): Promise<BlobBytes | Absent> {
		const { bucket } = this.#deps;
		return this.#call<BlobBytes | Absent>({
			...{ label: `get ${key}`, asks: key },
			isWrite: false,
			signal: options?.signal,
			effect: () => {
				const object = bucket.get(key);
				if (object === undefined) return { found: false, date: bucket.date() };
				return {
					found: true,
					bytes: object.bytes.slice(),
					modified: object.modified,
					date: bucket.date(),
				};
			},
			cut: (answer) => {
				if (answer.found) throw this.#error("corrupt", "fewer bytes than announced", true);
				return answer;
			},
		});
	}

	async getStream(key: string, options?: StoreOptions): Promise<BlobStream | Absent> {
		const { bucket, name } = this.#deps;
		let isCut = false;
		let seen = 0;
		const got = await this.#call<(BlobBytes & { size: number }) | Absent>({
			...{ label: `stream ${key}`, asks: key },
			isWrite: false,
			signal: options?.signal,
			effect: () => {
				seen = bucket.history.length;
				const object = bucket.get(key);
				if (object === undefined) return { found: false, date: bucket.date() };
				const { bytes, modified } = object;
				return { found: true, bytes, size: bytes.length, modified, date: bucket.date() };
			},
			cut: (answer) => {
				isCut = true;
				return answer;
			},
		});
		bucket.look(key, name, seen);
		if (!got.found) return got;
		const { bytes, size, modified, date } = got;
		const half = bytes.length >> 1;
		const pieces = isCut ? [bytes.slice(0, half)] : [bytes.slice(0, half), bytes.slice(half)];
		const body = new ReadableStream<Uint8Array>(
			{
				pull: (controller) => {
					const piece = pieces.shift();
					if (piece !== undefined) controller.enqueue(piece);
					else if (isCut) controller.error(this.#error("corrupt", "the body was cut off", true));
					else controller.close();
				},
			},
			{ highWaterMark: 0 },
		);
		return { found: true, body, size, modified, date };
	}

	putIfAbsent(key: string, bytes: Uint8Array, options?: StoreOptions): Promise<PutIfAbsentResult> {
		const { bucket, name } = this.#deps;
		const sentAt = bucket.history.length;
		const own = bytes.slice();
		return this.#call({
			label: `putIfAbsent ${key}`,
			isWrite: true,
			signal: options?.signal,
			effect: () => {
				const created = bucket.putIfAbsent(key, own, name, sentAt);
				return { created, date: bucket.date() };
			},
		});
	}

	async put(
		key: string,
		body: Uint8Array | StreamBody,
		options?: StoreOptions,
	): Promise<{ readonly date: number }> {
		const { bucket, name } = this.#deps;
		const own = body instanceof Uint8Array ? body.slice() : await this.#collect(body, options);
		const sentAt = bucket.history.length;
		return await this.#call({
			label: `put ${key}`,
			isWrite: true,
			signal: options?.signal,
			effect: () => {
				bucket.put(key, own, name, sentAt);
				return { date: bucket.date() };
			},
		});
	}

	async #collect(body: StreamBody, options: StoreOptions | undefined): Promise<Uint8Array> {
		const chunks: Uint8Array[] = [];
		for await (const chunk of this.#deps.code.exactly(body, options?.signal)) chunks.push(chunk);
		return Buffer.concat(chunks);
	}

	delete(key: string, options?: StoreOptions): Promise<{ readonly date: number }> {
		const { bucket, name } = this.#deps;
		const sentAt = bucket.history.length;
		return this.#call({
			label: `delete ${key}`,
			isWrite: true,
			signal: options?.signal,
			effect: () => {
				bucket.delete(key, name, sentAt);
				return { date: bucket.date() };
			},
		});
	}

	list(options: ListOptions): Promise<ListPage> {
		return this.#call({
			...{ label: `list ${options.prefix}`, asks: options.prefix },
			isWrite: false,
			// The protocol survives stale listings of its own objects; adoption rests on fresh ones.
			isListing: /(^|\/)__opentaco\/log\//.test(options.prefix),
			signal: options.signal,
			effect: (at) => this.#page(options, at),
		});
	}

	newest(prefix: string, options?: StoreOptions): Promise<string | null> {
		return this.#call({
			...{ label: `newest ${prefix}`, asks: prefix },
			isWrite: false,
			isListing: true,
			signal: options?.signal,
			effect: (at) => this.#deps.bucket.keys(prefix, at)[0] ?? null,
		});
	}

	async close(): Promise<void> {}

	#page(options: ListOptions, at: number): ListPage {
		const { bucket } = this.#deps;
		const { prefix, delimiter, after, limit } = options;
		const blobs: BlobInfo[] = [];
		const prefixes: string[] = [];
		let last = "";
		for (const key of bucket.keys(prefix, at)) {
			const slash = delimiter === undefined ? -1 : key.indexOf("/", prefix.length);
			const name = slash === -1 ? key : key.slice(0, slash + 1);
			if (name === last || (after !== undefined && name <= after)) continue;
			if (blobs.length + prefixes.length === limit) return { blobs, prefixes, next: last };
			last = name;
			if (slash !== -1) prefixes.push(name);
			else {
				const object = bucket.get(key);
				if (object !== undefined) {
					blobs.push({ key, size: object.bytes.length, modified: object.modified });
				}
			}
		}
		return { blobs, prefixes };
	}

	#error(kind: StoreErrorKind, message: string, notDone: boolean): Error {
		return new this.#deps.code.StoreError(kind, message, { notDone });
	}

	#call<T>(call: Call<T>): Promise<T> {
		const { bucket, faults, machine, name } = this.#deps;
		const { scheduler } = machine;
		if (call.asks !== undefined) bucket.ask(call.asks, name);
		if (call.signal?.aborted) {
			return Promise.reject(this.#error("timeout", "given up before it was sent", true));
		}
		const plan = faults.call(scheduler.now, {
			isWrite: call.isWrite,
			isListing: call.isListing ?? false,
			label: `${name} ${call.label}`,
		});
		scheduler.note(`${name} ${call.label} ${plan.fault ?? ""}${plan.sleepMs || ""}`);
		return new Promise<T>((resolve, reject) => {
			const reply = (answer: () => void) => {
				scheduler.after(plan.replyMs, "reply", () => machine.deliver("reply", answer));
			};
			const failure = plan.fault === null ? undefined : failures[plan.fault];
			const fail = () => {
				const [kind, message, notDone] = failure ?? ["unavailable", "", false];
				reject(this.#error(kind, message, notDone || !call.isWrite));
			};
			const act = () => call.effect(scheduler.now);
			const later = () => void scheduler.after(plan.lateMs, "late", act);
			if (plan.sleepMs > 0) machine.pause(plan.sleepMs, "suspended");
			scheduler.after(plan.sleepMs + plan.effectMs, "effect", () => {
				switch (plan.fault) {
					case "silence-before":
						return;
					case "silence-after":
						return void act();
					case "late":
						return later();
					case "error-before":
					case "conflict":
					case "throttled":
					case "denied":
						return reply(fail);
					case "error-after":
						act();
						return reply(fail);
					case "error-then-late":
						later();
						return reply(fail);
					case "sent-twice":
						act();
						break;
					case "late-copy":
						later();
						break;
					default:
				}
				const at = plan.fault === "stale-listing" ? scheduler.now - plan.staleMs : scheduler.now;
				const answer = call.effect(at);
				const isCut = plan.fault === "truncated";
				reply(() => {
					try {
						resolve(isCut && call.cut !== undefined ? call.cut(answer) : answer);
					} catch (error) {
						reject(error);
					}
				});
			});
		});
	}
}

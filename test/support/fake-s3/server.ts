/**
 * A strict S3 server in memory for tests: real signatures, AWS's status codes and XML, conditional
 * PUT, ListObjectsV2, and faults on the real socket. It proves nothing about itself: the contract
 * suite also runs against servers of others.
 */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeBucket } from "./bucket.ts";
import { type FakeOperation, type FaultAction, FaultPlan } from "./faults.ts";
import { listingXml, listRequestOf, versioningXml } from "./listing-xml.ts";
import { Refusal } from "./refusal.ts";
import { type KeyPair, verifySignature } from "./sigv4.ts";

export interface FakeOptions {
	readonly port?: number;
	readonly buckets?: readonly string[];
	readonly region?: string;
	readonly keys?: KeyPair;
}

export interface SeenRequest {
	readonly operation: FakeOperation;
	readonly key: string;
	readonly status: number;
}

interface Answer {
	readonly status: number;
	readonly headers: Record<string, string>;
	readonly body: Uint8Array | string;
}

interface Target {
	readonly operation: FakeOperation;
	readonly bucket: FakeBucket;
	readonly key: string;
	readonly query: URLSearchParams;
	readonly headers: Record<string, string>;
}

const keyBytesMax = 1024;

export class FakeS3 {
	readonly faults = new FaultPlan();
	/** Requests in the order of their answers; status 0 for one that got none. */
	readonly requests: SeenRequest[] = [];
	readonly region: string;
	keys: KeyPair;
	/** Added to the machine's clock. */
	clockOffsetMs = 0;
	readonly #buckets = new Map<string, FakeBucket>();
	readonly #server = createServer((request, response) => {
		this.#handle(request, response).catch((error) => {
			console.error("fake-s3:", error);
			response.destroy();
		});
	});
	#held: (() => void)[] = [];

	private constructor(options: FakeOptions) {
		this.region = options.region ?? "eu-central-1";
		this.keys = options.keys ?? {
			accessKeyId: "FAKEACCESSKEY",
			secretAccessKey: "fake/secret+key",
		};
		for (const name of options.buckets ?? ["bucket"]) {
			this.#buckets.set(name, new FakeBucket());
		}
	}

	/** Starts on loopback; any free port by default. */
	static async start(options: FakeOptions = {}): Promise<FakeS3> {
		const fake = new FakeS3(options);
		// A connection that is closed while it idles is a fault, and faults are planned here.
		fake.#server.keepAliveTimeout = 0;
		await new Promise<void>((resolve, reject) => {
			fake.#server.once("error", reject);
			fake.#server.listen(options.port ?? 0, "127.0.0.1", resolve);
		});
		return fake;
	}

	get endpoint(): string {
		return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
	}

	bucket(name = "bucket"): FakeBucket {
		const bucket = this.#buckets.get(name);
		if (bucket === undefined) throw new Error(`no bucket ${name}`);
		return bucket;
	}

	/** Lets go of everything that `hold`, `hold-after` and `stall` keep. */
	release(): void {
		const held = this.#held;
		this.#held = [];
		for (const resume of held) resume();
	}

	/** How many requests are held now. */
	get heldCount(): number {
		return this.#held.length;
	}

	async stop(): Promise<void> {
		this.release();
		this.#server.closeAllConnections();
		await new Promise<void>((resolve) => this.#server.close(() => resolve()));
	}

	now(): number {
		return Date.now() + this.clockOffsetMs;
	}

	async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		let operation: FakeOperation = "get";
		let key = "";
		let action: FaultAction | null = null;
		let answer: Answer;
		try {
			const target = this.#target(request);
			({ operation, key } = target);
			action = this.faults.next(operation, key);
			if (action?.kind === "drop") {
				this.#drop(request, operation, key);
				return;
			}
			const body = await this.#verified(request, target);
			if (action?.kind === "refuse") {
				throw new Refusal(action.status, action.code, action.region ?? null);
			}
			if (action?.kind === "hold") await this.#hold();
			answer = this.#answer(target, body);
			if (action?.kind === "hold-after") await this.#hold();
			if (action?.kind === "refuse-after") {
				throw new Refusal(action.status, action.code);
			}
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			answer = this.#refused(error);
		}
		if (action?.kind === "drop-after") {
			this.#drop(request, operation, key);
			return;
		}
		this.requests.push({ operation, key, status: answer.status });
		await this.#reply(request, response, answer, action);
	}

	#drop(request: IncomingMessage, operation: FakeOperation, key: string): void {
		this.requests.push({ operation, key, status: 0 });
		request.socket.destroy();
	}

	#hold(): Promise<void> {
		return new Promise((resolve) => this.#held.push(resolve));
	}

	async #reply(
		request: IncomingMessage,
		response: ServerResponse,
		answer: Answer,
		action: FaultAction | null,
	): Promise<void> {
		response.sendDate = false;
		const bytes = Buffer.from(answer.body as string);
		response.writeHead(answer.status, {
			...answer.headers,
			...(answer.status === 204 ? {} : { "Content-Length": bytes.length }),
			...(action?.kind === "no-date" ? {} : { Date: new Date(this.now()).toUTCString() }),
			...(action?.kind === "content-encoding" ? { "Content-Encoding": action.value } : {}),
			Server: "FakeS3",
			"x-amz-request-id": "1",
		});
		if (action?.kind === "truncate" || action?.kind === "stall") {
			await new Promise<void>((resolve) =>
				response.write(bytes.subarray(0, action.bytes), () => resolve()),
			);
			if (action.kind === "truncate") {
				request.socket.destroy();
				return;
			}
			await this.#hold();
			response.end(bytes.subarray(action.bytes));
			return;
		}
		response.end(request.method === "HEAD" ? undefined : bytes);
	}

	#target(request: IncomingMessage): Target {
		const url = new URL(request.url ?? "/", "http://fake");
		const headers: Record<string, string> = {};
		for (const [name, value] of Object.entries(request.headers)) {
			if (typeof value === "string") headers[name] = value;
		}
		const host = (headers.host ?? "").split(":")[0] ?? "";
		const hosted = [...this.#buckets.keys()].find((name) => host.startsWith(`${name}.`));
		const path = decodeURIComponent(url.pathname).slice(1);
		const [first, ...rest] = path.split("/");
		const name = hosted ?? first ?? "";
		const key = hosted === undefined ? rest.join("/") : path;
		const bucket = this.#buckets.get(name);
		if (bucket === undefined) throw new Refusal(404, "NoSuchBucket");
		const operation = operationOf(request.method ?? "", key, url, headers);
		const subject = key === "" ? (url.searchParams.get("prefix") ?? "") : key;
		return {
			operation,
			bucket,
			key: subject,
			query: url.searchParams,
			headers,
		};
	}

	/** Reads the body and checks signature, length and hashes. */
	async #verified(request: IncomingMessage, { query, headers }: Target): Promise<Uint8Array> {
		const payloadHash = verifySignature(
			{
				method: request.method ?? "",
				rawPath: (request.url ?? "/").split("?")[0] as string,
				query,
				headers,
			},
			this.keys,
			this.region,
			this.now(),
		);
		if (request.method === "PUT" && headers["content-length"] === undefined) {
			throw headers["transfer-encoding"] === undefined
				? new Refusal(411, "MissingContentLength")
				: new Refusal(501, "NotImplemented");
		}
		const chunks: Uint8Array[] = [];
		try {
			for await (const chunk of request) chunks.push(chunk);
		} catch {
			throw new Refusal(400, "IncompleteBody");
		}
		const body = Buffer.concat(chunks);
		if (body.length !== Number(headers["content-length"] ?? 0)) {
			throw new Refusal(400, "IncompleteBody");
		}
		const hash = (algorithm: string) => createHash(algorithm).update(body).digest();
		if (payloadHash !== null && hash("sha256").toString("hex") !== payloadHash) {
			throw new Refusal(400, "XAmzContentSHA256Mismatch");
		}
		const md5 = headers["content-md5"];
		if (md5 !== undefined && hash("md5").toString("base64") !== md5) {
			throw new Refusal(400, "BadDigest");
		}
		return body;
	}

	#answer(target: Target, body: Uint8Array): Answer {
		const { operation, bucket, key, query, headers } = target;
		switch (operation) {
			case "versioning":
				return xml(versioningXml(bucket.rules.versioning));
			case "list": {
				const request = listRequestOf(query);
				return xml(listingXml(bucket.list(request), request, query));
			}
			case "delete":
				bucket.delete(key);
				return { status: 204, headers: {}, body: "" };
			case "put":
			case "put-if-absent": {
				const stored = bucket.put(key, body, this.now(), {
					...(headers["if-none-match"] === undefined
						? {}
						: { ifNoneMatch: headers["if-none-match"] }),
					...(headers["if-match"] === undefined ? {} : { ifMatch: headers["if-match"] }),
				});
				return {
					status: 200,
					headers: {
						ETag: stored.etag,
						...(stored.versionId === null ? {} : { "x-amz-version-id": stored.versionId }),
					},
					body: "",
				};
			}
			case "get": {
				const stored = bucket.get(key);
				if (stored === null) throw new Refusal(404, "NoSuchKey");
				return {
					status: 200,
					headers: {
						ETag: stored.etag,
						"Last-Modified": new Date(stored.modifiedMs).toUTCString(),
						"Content-Type": "binary/octet-stream",
					},
					body: stored.bytes,
				};
			}
		}
	}

	#refused(refusal: Refusal): Answer {
		return {
			status: refusal.status,
			headers: {
				"Content-Type": "application/xml",
				...(refusal.region === null ? {} : { "x-amz-bucket-region": refusal.region }),
			},
			body: refusal.toXml(),
		};
	}
}

function operationOf(
	method: string,
	key: string,
	url: URL,
	headers: Record<string, string>,
): FakeOperation {
	if (Buffer.byteLength(key) > keyBytesMax) {
		throw new Refusal(400, "KeyTooLongError");
	}
	if (key === "") {
		if (method !== "GET") throw new Refusal(405, "MethodNotAllowed");
		if (url.searchParams.has("versioning")) return "versioning";
		if (url.searchParams.get("list-type") === "2") return "list";
		throw new Refusal(501, "NotImplemented");
	}
	switch (method) {
		case "GET":
		case "HEAD":
			return "get";
		case "PUT":
			return headers["if-none-match"] === undefined ? "put" : "put-if-absent";
		case "DELETE":
			return "delete";
		default:
			throw new Refusal(405, "MethodNotAllowed");
	}
}

function xml(body: string): Answer {
	return { status: 200, headers: { "Content-Type": "application/xml" }, body };
}

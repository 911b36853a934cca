/** One bucket, which is one organization: operations on itself, on states and on locks. */
import { releasingStream } from "../../../lib/spent-chunks.ts";
import { lockAnswer, stateHeaders, xmlText } from "./answers.ts";
import { bucketLocation, bucketVersioning, deleteObjects, versionsStay } from "./buckets.ts";
import { checkReadConditions, readRange, writeCondition } from "./conditions.ts";
import { copyObject } from "./copy.ts";
import { notImplemented, S3Error } from "./errors.ts";
import { listObjects } from "./listing.ts";
import { deleteLock, putLock, type RepeatedRequests, readLock } from "./lock-objects.ts";
import {
	abortUpload,
	checksumHeaders,
	completeUpload,
	createUpload,
	listParts,
	listUploads,
	type MultipartDeps,
	uploadPart,
} from "./multipart.ts";
import { type KeyTarget, keyTarget, type S3Request, versionParameter } from "./request.ts";
import { payloadOf, readLarge, type S3Deps } from "./service.ts";
import { deleteState, describeState, openState, sliceBody, writeState } from "./state-objects.ts";
import { Uploads } from "./uploads.ts";
import { listVersions } from "./versions.ts";

/** Sub-resources of buckets and objects that S3 has and this endpoint has not. */
const foreignParts = [
	"acl",
	"accelerate",
	"analytics",
	"attributes",
	"cors",
	"encryption",
	"intelligent-tiering",
	"inventory",
	"legal-hold",
	"lifecycle",
	"logging",
	"metrics",
	"notification",
	"object-lock",
	"ownershipControls",
	"policy",
	"policyStatus",
	"publicAccessBlock",
	"replication",
	"requestPayment",
	"restore",
	"retention",
	"select",
	"tagging",
	"torrent",
	"website",
] as const;

/** Answers requests about one bucket and what is in it. */
export class Bucket {
	readonly #deps: MultipartDeps;
	readonly #repeats: RepeatedRequests;

	constructor(deps: S3Deps, repeats: RepeatedRequests) {
		this.#deps = { ...deps, uploads: new Uploads(deps) };
		this.#repeats = repeats;
	}

	/** Uploads that nobody finished are removed. */
	async sweepUploads(): Promise<number> {
		return await this.#deps.uploads.sweep();
	}

	/** null: the request is about the bucket itself. */
	async answer(request: S3Request, key: string | null): Promise<Response> {
		const part = foreignParts.find((name) => request.query.has(name));
		if (part !== undefined) throw notImplemented(`?${part}`);
		if (key === null) return await this.#bucket(request);
		const target = keyTarget(key);
		request.context.unitId = target.id;
		return target.kind === "lock"
			? await this.#lock(request, target)
			: await this.#state(request, target);
	}

	async #bucket(request: S3Request): Promise<Response> {
		const { method, query, context } = request;
		const deps = this.#deps;
		const name = (operation: string) => {
			context.operation = `s3.${operation}`;
		};
		if (method === "HEAD") {
			name("HeadBucket");
			return new Response(null, { headers: { "x-amz-bucket-region": "auto" } });
		}
		if (method === "POST" && query.has("delete")) {
			name("DeleteObjects");
			return xmlText(await deleteObjects(deps, request, this.#repeats));
		}
		if (method !== "GET") throw notImplemented("this operation on a bucket");
		if (query.has("location")) {
			name("GetBucketLocation");
			return xmlText(bucketLocation());
		}
		if (query.has("versioning")) {
			name("GetBucketVersioning");
			return xmlText(bucketVersioning());
		}
		if (query.has("versions")) {
			name("ListObjectVersions");
			return xmlText(await listVersions(deps, request));
		}
		if (query.has("uploads")) {
			name("ListMultipartUploads");
			return await listUploads(deps, request);
		}
		name(query.get("list-type") === "2" ? "ListObjectsV2" : "ListObjects");
		return xmlText(await listObjects(deps, request));
	}

	async #lock(request: S3Request, target: KeyTarget): Promise<Response> {
		const { method, context, headers } = request;
		if (request.query.has("versionId") && request.query.get("versionId") !== "null") {
			throw new S3Error(404, "NoSuchVersion", "locks have no versions");
		}
		if (request.query.has("uploadId") || request.query.has("uploads")) {
			throw notImplemented("uploading a lock in parts");
		}
		switch (method) {
			case "GET":
			case "HEAD": {
				context.operation = method === "GET" ? "s3.GetLock" : "s3.HeadLock";
				const lock = await readLock(this.#deps, request, target.id);
				checkReadConditions(headers, lock);
				return lockAnswer(lock, method, headers.get("range"));
			}
			case "PUT": {
				context.operation = "s3.PutLock";
				if (headers.has("x-amz-copy-source")) throw notImplemented("copying to a lock");
				const lock = await putLock(this.#deps, request, target.id);
				return new Response(null, { headers: { etag: lock.etag } });
			}
			case "DELETE":
				context.operation = "s3.DeleteLock";
				await deleteLock(this.#deps, request, target.id, this.#repeats);
				return new Response(null, { status: 204 });
			default:
				throw notImplemented("this operation on a lock");
		}
	}

	async #state(request: S3Request, target: KeyTarget): Promise<Response> {
		const { method, query, context } = request;
		const deps = this.#deps;
		const isPart = query.has("uploadId");
		const name = (operation: string) => {
			context.operation = `s3.${operation}`;
		};
		switch (method) {
			case "GET":
				name(isPart ? "ListParts" : "GetObject");
				return isPart
					? await listParts(deps, request, target)
					: await this.#getState(request, target);
			case "HEAD":
				name("HeadObject");
				return await this.#headState(request, target);
			case "PUT":
				if (isPart || query.has("partNumber")) {
					name("UploadPart");
					return await uploadPart(deps, request, target);
				}
				name(request.headers.has("x-amz-copy-source") ? "CopyObject" : "PutObject");
				return await this.#putState(request, target);
			case "DELETE":
				name(isPart ? "AbortMultipartUpload" : "DeleteObject");
				if (isPart) return await abortUpload(deps, request, target);
				if (query.has("versionId")) throw versionsStay();
				await deleteState(deps, request, target.id);
				return new Response(null, { status: 204 });
			case "POST":
				name(isPart ? "CompleteMultipartUpload" : "CreateMultipartUpload");
				if (isPart) return await completeUpload(deps, request, target);
				if (query.has("uploads")) return await createUpload(deps, request, target);
				throw notImplemented("this operation on an object");
			default:
				throw notImplemented("this operation on an object");
		}
	}

	async #headState(request: S3Request, target: KeyTarget): Promise<Response> {
		const number = versionParameter(request.query);
		const object = await describeState(this.#deps, request, target.id, number);
		checkReadConditions(request.headers, object);
		const span = readRange(request.headers.get("range"), object.sizeBytes);
		const length = span === null ? object.sizeBytes : span.last - span.first + 1;
		return new Response(null, {
			status: span === null ? 200 : 206,
			headers: {
				...stateHeaders(request, object, span),
				"content-length": String(length),
			},
		});
	}

	async #getState(request: S3Request, target: KeyTarget): Promise<Response> {
		const number = versionParameter(request.query);
		const { object, body } = await openState(this.#deps, request, target.id, number);
		const cancel = async () => {
			if (body instanceof ReadableStream) await body.cancel().catch(() => undefined);
		};
		let span: ReturnType<typeof readRange>;
		try {
			checkReadConditions(request.headers, object);
			span = readRange(request.headers.get("range"), object.sizeBytes);
		} catch (error) {
			await cancel();
			throw error;
		}
		if (body instanceof ReadableStream) request.context.allowSlow();
		const whole = { first: 0, last: object.sizeBytes - 1 };
		const content = await sliceBody(body, span ?? whole, object.sizeBytes);
		const sent =
			content instanceof ReadableStream
				? releasingStream(content)
				: (content as Uint8Array<ArrayBuffer>);
		return new Response(sent, {
			status: span === null ? 200 : 206,
			headers: stateHeaders(request, object, span),
		});
	}

	async #putState(request: S3Request, target: KeyTarget): Promise<Response> {
		if (request.headers.has("x-amz-copy-source")) {
			return await copyObject(this.#deps, request, target.id);
		}
		const condition = writeCondition(request.headers);
		const payload = payloadOf(request);
		const body = await readLarge(payload, this.#deps.stateBytesMax, request);
		const object = await writeState(this.#deps, request, target.id, {
			body,
			md5: payload.md5,
			condition,
		});
		return new Response(null, {
			headers: {
				etag: object.etag,
				"x-amz-version-id": object.versionId,
				...checksumHeaders(payload.checksums),
			},
		});
	}
}

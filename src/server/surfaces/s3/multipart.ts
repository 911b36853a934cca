/** The operations of an upload in parts. States above 5 MiB arrive so. */

import { StsFault } from "../../../auth/sts/fault.ts";
import { announcedChecksums } from "../../../auth/sts/payload.ts";
import { limits } from "../../../core/limits.ts";
import type { StreamBody } from "../../../core/ports/blob-store.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { type Checksum, startChecksum } from "../../../lib/checksum.ts";
import { readRange, writeCondition } from "./conditions.ts";
import { openCopySource } from "./copy.ts";
import { notImplemented, S3Error } from "./errors.ts";
import type { S3Request } from "./request.ts";
import { payloadOf, readLarge, readXmlBody, type S3Deps } from "./service.ts";
import { sliceBody, writeState } from "./state-objects.ts";
import type { Upload, UploadPart, Uploads } from "./uploads.ts";
import { childText, type Element, malformedXml, readXml, xmlDocument } from "./xml.ts";

export interface MultipartDeps extends S3Deps {
	readonly uploads: Uploads;
}

export interface UploadTarget {
	readonly id: UnitId;
	readonly key: string;
}

function ownerOf(request: S3Request, target: UploadTarget) {
	const { principal } = request.caller;
	return { key: target.key, principal: principal.id, loginId: principal.loginId };
}

async function findUpload(
	deps: MultipartDeps,
	request: S3Request,
	target: UploadTarget,
): Promise<Upload> {
	return await deps.uploads.find(request.query.get("uploadId") ?? "", ownerOf(request, target));
}

/** CreateMultipartUpload. */
export async function createUpload(
	deps: MultipartDeps,
	request: S3Request,
	target: UploadTarget,
): Promise<Response> {
	await deps.core.parts.gate.authorize(request.caller, "unit.write", target.id);
	const upload = await deps.uploads.create({ unit: target.id, ...ownerOf(request, target) });
	if (deps.uploads.isSweepDue()) {
		deps.core.tasks.run("sweep uploads", async () => {
			await deps.uploads.sweep();
		});
	}
	return xml([
		"InitiateMultipartUploadResult",
		[
			["Bucket", request.bucket],
			["Key", target.key],
			["UploadId", upload.id],
		],
	]);
}

function partNumber(request: S3Request): number {
	const text = request.query.get("partNumber") ?? "";
	const number = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
	if (number < 1 || number > limits.uploadPartsMax) {
		throw new S3Error(
			400,
			"InvalidArgument",
			`partNumber must be from 1 to ${limits.uploadPartsMax}`,
		);
	}
	return number;
}

/** UploadPart, and UploadPartCopy. */
export async function uploadPart(
	deps: MultipartDeps,
	request: S3Request,
	target: UploadTarget,
): Promise<Response> {
	const number = partNumber(request);
	const upload = await findUpload(deps, request, target);
	await deps.core.parts.gate.authorize(request.caller, "unit.write", target.id);
	if (request.headers.has("x-amz-copy-source")) {
		return await copyPart(deps, request, upload, number);
	}
	const payload = payloadOf(request);
	const body = await readLarge(payload, deps.stateBytesMax, request);
	const part = await deps.uploads.putPart(upload, number, body);
	return new Response(null, {
		headers: { etag: part.etag, ...checksumHeaders(payload.checksums) },
	});
}

/** The checksums that a client sent, as the answer repeats them. */
export function checksumHeaders(checksums: ReadonlyMap<string, string>): Record<string, string> {
	return Object.fromEntries(
		[...checksums].map(([algorithm, value]) => [`x-amz-checksum-${algorithm}`, value]),
	);
}

async function copyPart(
	deps: MultipartDeps,
	request: S3Request,
	upload: Upload,
	number: number,
): Promise<Response> {
	const { object, body } = await openCopySource(deps, request);
	const header = request.headers.get("x-amz-copy-source-range");
	const span = readRange(header, object.sizeBytes) ?? { first: 0, last: object.sizeBytes - 1 };
	request.context.allowSlow();
	const slice = await sliceBody(body, span, object.sizeBytes);
	const part = await deps.uploads.putPart(
		upload,
		number,
		slice instanceof Uint8Array ? slice : { stream: slice, size: span.last - span.first + 1 },
	);
	return xml([
		"CopyPartResult",
		[
			["ETag", part.etag],
			["LastModified", part.modified],
		],
	]);
}

/** The parts that the client names, in their order. */
function namedParts(bytes: Uint8Array): { readonly number: number; readonly etag: string }[] {
	const root = readXml(bytes);
	if (root.name !== "CompleteMultipartUpload") throw malformedXml();
	const parts = root.children.map((element) => {
		const number = childText(element, "PartNumber")?.trim() ?? "";
		const etag = childText(element, "ETag")?.trim();
		if (element.name !== "Part" || etag === undefined || !/^[0-9]{1,5}$/.test(number)) {
			throw malformedXml();
		}
		return { number: Number(number), etag: etag.replaceAll('"', "") };
	});
	if (parts.length === 0 || parts.length > limits.uploadPartsMax) throw malformedXml();
	return parts;
}

function chooseParts(
	named: readonly { readonly number: number; readonly etag: string }[],
	stored: readonly UploadPart[],
): UploadPart[] {
	const byNumber = new Map(stored.map((part) => [part.number, part]));
	let before = 0;
	return named.map(({ number, etag }) => {
		if (number <= before) {
			throw new S3Error(400, "InvalidPartOrder", "the parts are not in the order of their numbers");
		}
		before = number;
		const part = byNumber.get(number);
		if (part === undefined || part.etag !== `"${etag}"`) {
			throw new S3Error(
				400,
				"InvalidPart",
				"a part was not uploaded, or not with the ETag that is named",
			);
		}
		return part;
	});
}

/** The request without the checksums of the object, which are none of the XML document's. */
function withoutChecksums(request: S3Request): S3Request {
	const headers = new Headers(request.headers);
	for (const algorithm of announcedChecksums(request.headers).keys()) {
		headers.delete(`x-amz-checksum-${algorithm}`);
	}
	return { ...request, headers };
}

/**
 * The body, failing at its end with `checksum_mismatch` when it has not the full-object checksum or
 * the size that the client names. A composite checksum is one of the parts' checksums, which were
 * verified when the parts came.
 */
function verifiedObject(request: S3Request, body: StreamBody): StreamBody {
	const { headers } = request;
	const size = headers.get("x-amz-mp-object-size");
	if (size !== null && size !== String(body.size)) {
		throw new S3Error(400, "InvalidRequest", "the parts have not the size of x-amz-mp-object-size");
	}
	const isFull = headers.get("x-amz-checksum-type")?.toUpperCase() === "FULL_OBJECT";
	const checks: { readonly running: Checksum; readonly expected: string }[] = [];
	for (const [algorithm, expected] of announcedChecksums(headers)) {
		// CRC64NVME has no composite form.
		if (isFull || algorithm === "crc64nvme") {
			checks.push({ running: startChecksum(algorithm), expected });
		}
	}
	if (checks.length === 0) return body;
	const stream = body.stream.pipeThrough(
		new TransformStream<Uint8Array, Uint8Array>({
			transform(chunk, controller) {
				for (const { running } of checks) running.update(chunk);
				controller.enqueue(chunk);
			},
			flush() {
				if (checks.some(({ running, expected }) => running.digest() !== expected)) {
					throw new StsFault(
						"checksum_mismatch",
						"the parts together do not match the checksum of the object; upload them again",
					);
				}
			},
		}),
	);
	return { stream, size: body.size };
}

/** CompleteMultipartUpload: one write of the state. Repeated after a lost answer it answers the same. */
export async function completeUpload(
	deps: MultipartDeps,
	request: S3Request,
	target: UploadTarget,
): Promise<Response> {
	const named = namedParts(await readXmlBody(withoutChecksums(request)));
	const upload = await findUpload(deps, request, target);
	let completed = upload.completed;
	if (completed === undefined) {
		const parts = chooseParts(named, await deps.uploads.parts(upload));
		const body = deps.uploads.joined(parts);
		if (body.size > deps.stateBytesMax) {
			throw new S3Error(
				400,
				"EntityTooLarge",
				`the state is larger than ${deps.stateBytesMax} bytes; raise OPENTACO_MAX_STATE_BYTES if such a state is intended`,
			);
		}
		request.context.allowSlow();
		const object = await writeState(deps, request, target.id, {
			body: verifiedObject(request, body),
			md5: null,
			condition: writeCondition(request.headers),
		});
		completed = { etag: object.etag, versionId: object.versionId };
		await deps.uploads.complete(upload, completed);
		deps.core.tasks.run("remove parts", () => deps.uploads.remove(upload.id, true));
	}
	return xml(
		[
			"CompleteMultipartUploadResult",
			[
				["Location", request.context.path],
				["Bucket", request.bucket],
				["Key", target.key],
				["ETag", completed.etag],
			],
		],
		{ "x-amz-version-id": completed.versionId },
	);
}

/** AbortMultipartUpload. */
export async function abortUpload(
	deps: MultipartDeps,
	request: S3Request,
	target: UploadTarget,
): Promise<Response> {
	const upload = await findUpload(deps, request, target);
	await deps.uploads.remove(upload.id);
	return new Response(null, { status: 204 });
}

/** ListParts: all of them in one page. */
export async function listParts(
	deps: MultipartDeps,
	request: S3Request,
	target: UploadTarget,
): Promise<Response> {
	const marker = Number(request.query.get("part-number-marker") ?? "0");
	if (!Number.isSafeInteger(marker)) throw notImplemented("this part-number-marker");
	const upload = await findUpload(deps, request, target);
	const parts = (await deps.uploads.parts(upload)).filter((part) => part.number > marker);
	return xml([
		"ListPartsResult",
		[
			["Bucket", request.bucket],
			["Key", target.key],
			["UploadId", upload.id],
			["MaxParts", limits.uploadPartsMax],
			["IsTruncated", false],
			["StorageClass", "STANDARD"],
			...parts.map(
				(part): Element => [
					"Part",
					[
						["PartNumber", part.number],
						["LastModified", part.modified],
						["ETag", part.etag],
						["Size", part.sizeBytes],
					],
				],
			),
		],
	]);
}

/** ListMultipartUploads: those of units that the caller may write. */
export async function listUploads(deps: MultipartDeps, request: S3Request): Promise<Response> {
	const prefix = request.query.get("prefix") ?? "";
	const shown: Element[] = [];
	for (const upload of await deps.uploads.underWay()) {
		if (!upload.key.startsWith(prefix)) continue;
		if (!(await deps.core.parts.gate.may(request.caller, "unit.write", upload.unit))) continue;
		shown.push([
			"Upload",
			[
				["Key", upload.key],
				["UploadId", upload.id],
				["StorageClass", "STANDARD"],
				["Initiated", upload.created],
			],
		]);
	}
	return xml([
		"ListMultipartUploadsResult",
		[["Bucket", request.bucket], ["Prefix", prefix], ["IsTruncated", false], ...shown],
	]);
}

/** An answer in XML. */
export function xml(root: Element, headers: Record<string, string> = {}): Response {
	return new Response(xmlDocument(root), {
		headers: { "content-type": "application/xml", ...headers },
	});
}

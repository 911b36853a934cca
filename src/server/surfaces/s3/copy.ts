/** Copying a state from one key to another: `aws s3 cp` and `mv` within the bucket. */
import type { ReadState } from "../../../core/state/service.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { isSameEtag, writeCondition } from "./conditions.ts";
import { notImplemented, preconditionFailed, S3Error } from "./errors.ts";
import { keyTarget, readQuery, readTarget, type S3Request, versionParameter } from "./request.ts";
import type { S3Deps } from "./service.ts";
import { openState, type StateObject, writeState } from "./state-objects.ts";
import { xmlDocument } from "./xml.ts";

/** Opens what x-amz-copy-source names. The body must be read or cancelled. Fails as `openState`. */
export async function openCopySource(
	deps: S3Deps,
	request: S3Request,
): Promise<{ object: StateObject; body: ReadState["body"] }> {
	const header = request.headers.get("x-amz-copy-source") ?? "";
	const [path = "", query = ""] = header.split("?", 2);
	const source = readTarget(`/s3/${path.replace(/^\//, "")}`);
	const { organizations } = deps;
	const isHere =
		source.bucket !== null &&
		organizations.nameOfBucket(source.bucket) === organizations.nameOfBucket(request.bucket);
	if (!isHere || source.key === null) {
		throw new S3Error(
			404,
			"NoSuchBucket",
			"the source of the copy is not in this bucket; between buckets, download and upload",
		);
	}
	const target = keyTarget(source.key);
	if (target.kind === "lock") throw notImplemented("copying a lock");
	for (const name of ["if-none-match", "if-modified-since", "if-unmodified-since"]) {
		if (request.headers.has(`x-amz-copy-source-${name}`)) {
			throw notImplemented(`x-amz-copy-source-${name}`);
		}
	}
	const opened = await openState(deps, request, target.id, versionParameter(readQuery(query)));
	const ifMatch = request.headers.get("x-amz-copy-source-if-match");
	if (ifMatch !== null && !isSameEtag(ifMatch, opened.object.etag)) {
		if (opened.body instanceof ReadableStream) await opened.body.cancel().catch(() => undefined);
		throw preconditionFailed("the source is not the one that x-amz-copy-source-if-match names");
	}
	return opened;
}

/** CopyObject. */
export async function copyObject(deps: S3Deps, request: S3Request, id: UnitId): Promise<Response> {
	const condition = writeCondition(request.headers);
	const source = await openCopySource(deps, request);
	request.context.allowSlow();
	const body =
		source.body instanceof Uint8Array
			? source.body
			: { stream: source.body, size: source.object.sizeBytes };
	const written = await writeState(deps, request, id, { body, md5: null, condition });
	const document = xmlDocument([
		"CopyObjectResult",
		[
			["ETag", written.etag],
			["LastModified", new Date(written.modified).toISOString()],
		],
	]);
	return new Response(document, {
		headers: {
			"content-type": "application/xml",
			"x-amz-version-id": written.versionId,
			"x-amz-copy-source-version-id": source.object.versionId,
		},
	});
}

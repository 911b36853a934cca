/** A state's bytes as a response, the same on every surface. */
import type { ReadState } from "../../core/state/service.ts";
import { releasingStream } from "../../lib/spent-chunks.ts";
import { contentTag, isKnownToClient } from "./preconditions.ts";

/** 200 with the exact bytes, or 304 when the client has them. */
export async function stateResponse(request: Request, read: ReadState): Promise<Response> {
	const headers = new Headers();
	if (read.sha256 !== null) headers.set("etag", contentTag(read.sha256));
	if (read.version !== null && read.version.number > 0) {
		headers.set("x-opentaco-version", String(read.version.number));
		if (read.version.serial !== null) {
			headers.set("x-opentaco-serial", String(read.version.serial));
		}
	}
	if (read.sha256 !== null && isKnownToClient(request, contentTag(read.sha256))) {
		if (read.body instanceof ReadableStream) await read.body.cancel();
		return new Response(null, { status: 304, headers });
	}
	headers.set("content-type", "application/json");
	headers.set("content-length", String(read.sizeBytes));
	const { body } = read;
	const sent = body instanceof ReadableStream ? releasingStream(body) : body;
	return new Response(sent, { status: 200, headers });
}

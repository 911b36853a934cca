import { openPayload } from "../../../../src/auth/sts/payload.ts";
import type { VerifiedRequest } from "../../../../src/auth/sts/sigv4.ts";

/** The bytes in pieces, as a network may cut them. */
export function streamOf(bytes: Uint8Array, pieceBytes = 7): ReadableStream<Uint8Array> {
	let at = 0;
	return new ReadableStream({
		pull(controller) {
			if (at >= bytes.length) return controller.close();
			controller.enqueue(bytes.subarray(at, at + pieceBytes));
			at += pieceBytes;
		},
	});
}

/** What comes out, and whether it ended well: the bytes seen before an error count as well. */
export async function drain(
	proof: VerifiedRequest,
	headers: Headers,
	body: Uint8Array | null,
	pieceBytes = 7,
): Promise<{ bytes: string; code: string }> {
	const seen: Uint8Array[] = [];
	let code = "";
	try {
		const payload = openPayload(proof, headers, body === null ? null : streamOf(body, pieceBytes));
		for await (const chunk of payload.stream) seen.push(chunk);
	} catch (error) {
		code = (error as { code?: string }).code ?? String(error);
	}
	return { bytes: Buffer.concat(seen).toString(), code };
}

/** A state on its way in: streamed, counted, hashed, and refused at its end when it is not whole. */
import type { Answer } from "./answer.ts";
import { ClientError } from "./errors.ts";

export interface Download {
	/** Length of the whole, or null when the server did not say. */
	readonly bytes: number | null;
	readonly version: number | null;
	readonly serial: number | null;
	/** Of the whole, hex, or null when the server did not say. */
	readonly sha256: string | null;
	/**
	 * The bytes. Must be read to the end or left with `break`.
	 * @throws ClientError `download_damaged` at the end, when length or hash are not as announced.
	 */
	chunks(): AsyncGenerator<Uint8Array, void, void>;
}

/** Takes the answer over, its deadline included. */
export function openDownload(
	answer: Answer,
	idleMs: number,
	signal: AbortSignal | undefined,
): Download {
	const { headers } = answer.response;
	const announced = {
		bytes: integer(headers.get("content-length")),
		sha256: /^"([0-9a-f]{64})"$/.exec(headers.get("etag") ?? "")?.[1] ?? null,
	};
	return {
		...announced,
		version: integer(headers.get("x-opentaco-version")),
		serial: integer(headers.get("x-opentaco-serial")),
		chunks: () => checked(answer, announced, idleMs, signal),
	};
}

async function* checked(
	{ response, deadline, requestId }: Answer,
	announced: { bytes: number | null; sha256: string | null },
	idleMs: number,
	signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, void> {
	const hasher = new Bun.CryptoHasher("sha256");
	let bytes = 0;
	const damaged = (message: string, cause?: unknown): ClientError =>
		new ClientError("download_damaged", message, { requestId, hint: "try again", cause });
	deadline.restart(idleMs);
	try {
		for await (const chunk of response.body ?? []) {
			// While the taker is busy with a chunk the server is not to blame.
			deadline.pause();
			bytes += chunk.length;
			hasher.update(chunk);
			yield chunk;
			deadline.restart(idleMs);
		}
	} catch (error) {
		if (signal?.aborted) throw new ClientError("interrupted", "interrupted");
		throw damaged(`the transfer broke off after ${bytes} bytes`, error);
	} finally {
		deadline.stop();
	}
	if (announced.bytes !== null && bytes !== announced.bytes) {
		throw damaged(`${bytes} bytes arrived of ${announced.bytes}`);
	}
	if (announced.sha256 !== null && hasher.digest("hex") !== announced.sha256) {
		throw damaged("the bytes that arrived do not match their hash");
	}
}

function integer(text: string | null): number | null {
	return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Makes aws-chunked bodies by the description of Signature Version 4, apart from the decoder. */
import { createHash, createHmac } from "node:crypto";
import type { ChunkSigning } from "../../../../src/auth/sts/sigv4.ts";

export interface Chunked {
	readonly data: Uint8Array;
	/** Of the chunks, in turn; what is left is one more. */
	readonly sizes: readonly number[];
	readonly signing: ChunkSigning | null;
	readonly trailer: Readonly<Record<string, string>> | [string, string][] | null;
}

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");

export function frameChunks(chunked: Chunked): Buffer {
	const { data, signing } = chunked;
	const parts: (string | Uint8Array)[] = [];
	let previous = signing?.seedSignature ?? "";
	const sign = (kind: string, ...hashes: string[]) => {
		const text = [kind, signing?.time, signing?.scope, previous, ...hashes].join("\n");
		previous = createHmac("sha256", signing?.key ?? "")
			.update(text)
			.digest("hex");
		return previous;
	};
	const line = (chunk: Uint8Array) =>
		signing === null
			? `${chunk.length.toString(16)}\r\n`
			: `${chunk.length.toString(16)};chunk-signature=${sign("AWS4-HMAC-SHA256-PAYLOAD", sha256(""), sha256(chunk))}\r\n`;
	let at = 0;
	for (const size of [...chunked.sizes, data.length]) {
		const chunk = data.subarray(at, at + size);
		if (chunk.length === 0) break;
		parts.push(line(chunk), chunk, "\r\n");
		at += chunk.length;
	}
	parts.push(line(new Uint8Array(0)));
	if (chunked.trailer !== null) {
		const fields = Array.isArray(chunked.trailer)
			? chunked.trailer
			: Object.entries(chunked.trailer);
		for (const [name, value] of fields) parts.push(`${name}:${value}\r\n`);
		if (signing !== null) {
			const text = fields.map(([name, value]) => `${name}:${value}\n`).join("");
			parts.push(`x-amz-trailer-signature:${sign("AWS4-HMAC-SHA256-TRAILER", sha256(text))}\r\n`);
		}
	}
	parts.push("\r\n");
	return Buffer.concat(parts.map((part) => Buffer.from(part as string)));
}

/** Memory of chunks is given back early; nobody may miss their bytes. */
import { expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { release, releasing, releasingStream } from "../../../src/lib/spent-chunks.ts";
import { systemRandom } from "../../../src/server/machine.ts";
import { loadTls } from "../../../src/server/tls.ts";
import { realClock } from "../../support/core.ts";
import { temporaryDirectory } from "../../support/tmpdir.ts";

/** Random bytes in a buffer of their own. */
function chunkOf(size: number): Uint8Array<ArrayBuffer> {
	const chunk = new Uint8Array(size);
	chunk.set(randomBytes(size));
	return chunk;
}

function streamOf(chunks: readonly Uint8Array[], onCancel?: (reason: unknown) => void) {
	const left = [...chunks];
	return new ReadableStream<Uint8Array>(
		{
			pull(controller) {
				const next = left.shift();
				if (next === undefined) controller.close();
				else controller.enqueue(next);
			},
			...(onCancel === undefined ? {} : { cancel: onCancel }),
		},
		{ highWaterMark: 0 },
	);
}

test("a chunk is gone once it is released, a view of something larger stays", () => {
	const chunk = chunkOf(100);
	release(chunk);
	expect(chunk.length).toBe(0);
	release(chunk);
	const whole = chunkOf(100);
	release(whole.subarray(1));
	expect(whole.length).toBe(100);
	const shared = new Uint8Array(new SharedArrayBuffer(8));
	release(shared);
	expect(shared.length).toBe(8);
});

test("each chunk stays until the next one is asked for", async () => {
	const sources = {
		generator: (chunks: readonly Uint8Array[]) => releasing(streamOf(chunks)),
		stream: (chunks: readonly Uint8Array[]) => releasingStream(streamOf(chunks)),
	};
	for (const [name, open] of Object.entries(sources)) {
		const chunks = [chunkOf(3000), chunkOf(1), chunkOf(70_000)];
		const copies = chunks.map((chunk) => chunk.slice());
		let seen = 0;
		for await (const chunk of open(chunks)) {
			expect([name, seen, Buffer.compare(chunk, copies[seen] ?? chunkOf(0))]).toEqual([
				name,
				seen,
				0,
			]);
			expect(chunks.slice(0, seen).every((earlier) => earlier.length === 0)).toBe(true);
			seen++;
		}
		expect(seen).toBe(3);
		expect(chunks.map((chunk) => chunk.length)).toEqual([0, 0, 0]);
	}
});

test("a stream that fails or is given up fails or is given up at its source", async () => {
	const broken = new ReadableStream<Uint8Array>({
		pull: () => Promise.reject(new Error("no more")),
	});
	await expect(new Response(releasingStream(broken)).bytes()).rejects.toThrow("no more");
	const reasons: unknown[] = [];
	const chunks = [chunkOf(10), chunkOf(10)];
	const reader = releasingStream(streamOf(chunks, (reason) => reasons.push(reason))).getReader();
	await reader.read();
	await reader.cancel("enough");
	expect(reasons).toEqual(["enough"]);
});

const totalBytes = 24 * 2 ** 20;
const sizes = [1, 17, 4096, 16_384, 65_536, 100_000, 262_144, 1_048_576];

/** A body whose chunks are wiped when the next one is asked for: worse than giving them back. */
function wipedBody(): { stream: ReadableStream<Uint8Array>; sha256(): string } {
	const hash = createHash("sha256");
	let last: Uint8Array | null = null;
	let sentBytes = 0;
	let turn = 0;
	const stream = new ReadableStream<Uint8Array>(
		{
			pull(controller) {
				last?.fill(0);
				if (last !== null) release(last);
				if (sentBytes === totalBytes) {
					controller.close();
					return;
				}
				const size = Math.min(sizes[turn++ % sizes.length] ?? 1, totalBytes - sentBytes);
				last = chunkOf(size);
				hash.update(last);
				sentBytes += size;
				controller.enqueue(last);
			},
		},
		{ highWaterMark: 0 },
	);
	return { stream, sha256: () => hash.digest("hex") };
}

/** Reads slower than the other side writes. */
async function sha256Of(body: ReadableStream<Uint8Array> | null): Promise<string> {
	const hash = createHash("sha256");
	for await (const chunk of body ?? []) {
		for (let i = 0; i < 3; i++) await new Promise(setImmediate);
		hash.update(chunk);
	}
	return hash.digest("hex");
}

for (const scheme of ["http", "https"] as const) {
	test(`the runtime has copied a chunk of a body when it asks for the next one, ${scheme}`, async () => {
		await using folder = await temporaryDirectory("spent");
		const deps = { clock: realClock, random: systemRandom };
		const path = join(folder.path, "tls");
		const pair = await loadTls(deps, { kind: "self-signed" }, path, ["localhost"]);
		if (pair?.authorityPath == null) throw new Error("no certificate was made");
		const sent = wipedBody();
		const headers = { "content-length": String(totalBytes) };
		await using server = Bun.serve({
			port: 0,
			hostname: "localhost",
			...(scheme === "https" ? { tls: { cert: pair.certificate, key: pair.key } } : {}),
			async fetch(request) {
				if (request.method === "PUT") return new Response(await sha256Of(request.body));
				return new Response(sent.stream, { headers });
			},
		});
		const url = `${scheme}://localhost:${server.port}/`;
		const tls = scheme === "https" ? { tls: { ca: Bun.file(pair.authorityPath) } } : {};
		const downloaded = await fetch(url, tls);
		expect(await sha256Of(downloaded.body)).toBe(sent.sha256());
		const body = wipedBody();
		const uploaded = await fetch(url, { method: "PUT", body: body.stream, headers, ...tls });
		expect(await uploaded.text()).toBe(body.sha256());
	});
}

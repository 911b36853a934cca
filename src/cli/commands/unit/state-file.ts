/** States between files, pipes and the server: streamed, never readable for others. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileError } from "../../../client/credentials/local-file-error.ts";
import { writePrivateFile } from "../../../client/credentials/private-file.ts";
import type { Download } from "../../../client/download.ts";
import { bytesBody, fileBody, type RequestBody } from "../../../client/request-body.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";

/** What comes from a pipe is kept in memory up to here, and in a private file beyond. */
const pipedBytesInMemoryMax = 16 * 1024 * 1024;

/** `-` or nothing: stdout, and stdin. */
export function isStream(file: string | undefined): boolean {
	return file === undefined || file === "-";
}

/** Writes the state to the file, 0600 and whole or not at all; or to stdout. Gives the bytes. */
export async function saveState(
	cli: Cli,
	download: Download,
	file: string | undefined,
): Promise<number> {
	let bytes = 0;
	const progress = cli.progress("downloading", download.bytes);
	async function* counted(): AsyncGenerator<Uint8Array, void, void> {
		for await (const chunk of download.chunks()) {
			bytes += chunk.length;
			progress.moved(chunk.length);
			yield chunk;
		}
	}
	try {
		if (file === undefined || file === "-") {
			for await (const chunk of counted()) await cli.output.bytes(chunk);
		} else {
			await writePrivateFile(resolve(cli.io.cwd, file), counted());
		}
	} finally {
		progress.stop();
	}
	return bytes;
}

/** Runs `use` with the bytes of the file, or of stdin for `-`, as often as they are needed. */
export async function withState<T>(
	cli: Cli,
	file: string,
	use: (body: RequestBody) => Promise<T>,
): Promise<T> {
	if (file === "-") return await withPiped(cli, use);
	const path = resolve(cli.io.cwd, file);
	let body: RequestBody;
	try {
		if (!(await stat(path)).isFile()) throw new Error("it is not a regular file");
		body = await fileBody(path);
	} catch (error) {
		throw fileError("read", file, error);
	}
	return await use(body);
}

async function withPiped<T>(cli: Cli, use: (body: RequestBody) => Promise<T>): Promise<T> {
	if (cli.io.in.isTty) throw usageError('"-" reads a pipe, and stdin is a terminal');
	const reader = cli.io.in.stream().getReader();
	const stop = (): void => void reader.cancel().catch(() => undefined);
	cli.signal.addEventListener("abort", stop, { once: true });
	const held: Uint8Array[] = [];
	let bytes = 0;
	try {
		for (;;) {
			const { done, value } = await reader.read();
			cli.signal.throwIfAborted();
			if (done) return await use(bytesBody(Buffer.concat(held)));
			held.push(value);
			bytes += value.length;
			if (bytes > pipedBytesInMemoryMax) break;
		}
		return await withSpooled(restOf(held, reader), use);
	} finally {
		cli.signal.removeEventListener("abort", stop);
	}
}

async function* restOf(
	held: Uint8Array[],
	reader: { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }> },
): AsyncGenerator<Uint8Array, void, void> {
	for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) yield chunk;
	for (;;) {
		const { done, value } = await reader.read();
		if (done || value === undefined) return;
		yield value;
	}
}

async function withSpooled<T>(
	chunks: AsyncIterable<Uint8Array>,
	use: (body: RequestBody) => Promise<T>,
): Promise<T> {
	// mkdtemp makes it 0700.
	const folder = await mkdtemp(join(tmpdir(), "taco-"));
	try {
		const path = join(folder, "state");
		await writePrivateFile(path, chunks);
		return await use(await fileBody(path));
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

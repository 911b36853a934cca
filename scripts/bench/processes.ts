/** Servers for the benchmarks, each a process of its own. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const token = "otc_admin_benchmarks-only-0123456789";
const root = resolve(import.meta.dir, "../..");
export const executable = join(root, "dist/taco");

export interface Subject extends AsyncDisposable {
	readonly name: string;
	readonly url: string;
	readonly pid: number;
	/** Where it was started; its data folder is `taco-data` below, on a store of files. */
	readonly folder: string;
	/** Peak resident memory so far, bytes. */
	peakMemoryBytes(): Promise<number>;
	/** Forgets the peak, so that the next one is of what follows. */
	resetPeakMemory(): Promise<void>;
}

export type StoreName = "memory" | "filesystem" | "s3";

/** A free TCP port. */
export function freePort(): number {
	const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(null) });
	const { port } = server;
	server.stop(true);
	if (port === undefined) throw new Error("no free port");
	return port;
}

/** What a server started with `isTls` has: its authority, and its certificate with its key. */
export function tlsFiles({ folder }: Pick<Subject, "folder">): { ca: string; pair: string } {
	const root = join(folder, "taco-data/__opentaco/server/tls");
	return { ca: join(root, "ca.pem"), pair: join(root, "server-private.pem") };
}

/** `taco serve` on a store; S3 is the strict fake of the tests, as a process. */
export async function startTaco(
	store: StoreName,
	options: { readonly isTls?: boolean; readonly folder?: string } = {},
): Promise<Subject> {
	const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "opentaco-bench-")));
	const port = freePort();
	const s3 = store === "s3" ? await startFakeS3(folder) : null;
	const child = Bun.spawn(
		[
			...[executable, "serve", "--host", "127.0.0.1", "--port", String(port), "--storage", store],
			...(options.isTls === true ? ["--tls-self-signed"] : []),
		],
		{
			cwd: folder,
			env: {
				PATH: process.env.PATH ?? "",
				HOME: folder,
				OPENTACO_ADMIN_TOKEN: token,
				OPENTACO_LOG_LEVEL: "error",
				...s3?.environment,
			},
			stdio: ["ignore", "ignore", "inherit"],
		},
	);
	const url = options.isTls === true ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
	await untilOk(`${url}/readyz`, options.isTls === true ? tlsFiles({ folder }).ca : null);
	return subject(`taco, ${store}`, { url, folder }, child, async () => {
		await s3?.stop();
		if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
	});
}

/** The bare server. */
export async function startBare(): Promise<Subject> {
	const child = Bun.spawn([process.execPath, join(import.meta.dir, "bare-server.ts")], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const { value } = await child.stdout.getReader().read();
	const port = new TextDecoder().decode(value).trim();
	const url = `http://127.0.0.1:${port}`;
	return subject("bare server", { url, folder: "" }, child, async () => {});
}

async function startFakeS3(folder: string) {
	const child = Bun.spawn(
		[process.execPath, join(root, "test/support/fake-s3/main.ts"), "--bucket", "bench"],
		{ cwd: folder, stdio: ["ignore", "pipe", "inherit"] },
	);
	const { value } = await child.stdout.getReader().read();
	const told: unknown = JSON.parse(new TextDecoder().decode(value));
	const text = (key: string) => {
		const found = (told as Record<string, unknown>)[key];
		if (typeof found !== "string") throw new Error(`the fake S3 server did not tell its ${key}`);
		return found;
	};
	return {
		environment: {
			OPENTACO_S3_BUCKET: text("bucket"),
			OPENTACO_S3_REGION: text("region"),
			OPENTACO_S3_ENDPOINT: text("endpoint"),
			AWS_ACCESS_KEY_ID: text("accessKeyId"),
			AWS_SECRET_ACCESS_KEY: text("secretAccessKey"),
		},
		async stop() {
			child.kill("SIGKILL");
			await child.exited;
		},
	};
}

async function untilOk(url: string, caFile: string | null): Promise<void> {
	const deadline = performance.now() + 20_000;
	while (performance.now() < deadline) {
		try {
			const tls = caFile === null ? {} : { tls: { ca: Bun.file(caFile) } };
			const response = await fetch(url, tls);
			await response.arrayBuffer();
			if (response.status < 500) return;
		} catch {
			// Not listening yet.
		}
		await Bun.sleep(5);
	}
	throw new Error(`no answer from ${url}`);
}

function subject(
	name: string,
	{ url, folder }: Pick<Subject, "url" | "folder">,
	child: Bun.Subprocess,
	cleanUp: () => Promise<void>,
): Subject {
	return {
		name,
		url,
		folder,
		pid: child.pid,
		async peakMemoryBytes() {
			const status = await readFile(`/proc/${child.pid}/status`, "utf8");
			return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
		},
		async resetPeakMemory() {
			await Bun.write(`/proc/${child.pid}/clear_refs`, "5");
		},
		async [Symbol.asyncDispose]() {
			child.kill("SIGTERM");
			await child.exited;
			await cleanUp();
		},
	};
}

/** Peak memory of an idle server that has served a few requests. */
export async function settledMemory(
	subject: Subject,
	options: BunFetchRequestInit = {},
): Promise<number> {
	for (let i = 0; i < 20; i++) {
		await (await fetch(`${subject.url}/healthz`, options)).arrayBuffer();
	}
	await Bun.sleep(500);
	await subject.resetPeakMemory();
	await Bun.sleep(100);
	return await subject.peakMemoryBytes();
}

/** Resolves when the server has not used its processor for a while: nothing is left to be done. */
export async function untilQuiet({ pid }: Subject): Promise<void> {
	let ticks = await usedTicks(pid);
	let quietSince = performance.now();
	while (performance.now() - quietSince < 1500) {
		await Bun.sleep(100);
		const now = await usedTicks(pid);
		// A timer now and then is no work.
		if (now > ticks + 1) quietSince = performance.now();
		ticks = now;
	}
}

async function usedTicks(pid: number): Promise<number> {
	const stat = await readFile(`/proc/${pid}/stat`, "utf8");
	const [user, system] = stat
		.slice(stat.lastIndexOf(")") + 2)
		.split(" ")
		.slice(11, 13);
	return Number(user) + Number(system);
}

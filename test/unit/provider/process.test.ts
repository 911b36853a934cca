/** The plugin as a process: who is let in, and how it ends. */
import { expect, test } from "bun:test";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { join, resolve } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { certificatePem, makeCertificate } from "../../../src/provider/plugin/certificate.ts";
import { temporaryDirectory } from "../../support/tmpdir.ts";

const main = resolve(import.meta.dir, "../../../src/main.ts");
const cookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

async function started(cwd: string, env: Record<string, string>) {
	const child = Bun.spawn([process.execPath, main], {
		cwd,
		env: { PATH: process.env.PATH ?? "", HOME: cwd, TF_PLUGIN_MAGIC_COOKIE: cookie, ...env },
		stdio: ["ignore", "pipe", "pipe"],
	});
	const reader = child.stdout.getReader();
	const { value } = await reader.read();
	reader.releaseLock();
	const line = new TextDecoder().decode(value);
	return { child, line, fields: line.trimEnd().split("|") };
}

function secured(path: string, server: string, own: { key: string; cert: string } | null) {
	return connectTls({
		path,
		servername: "localhost",
		ALPNProtocols: ["h2"],
		ca: [certificatePem(Buffer.from(server, "base64"))],
		...(own === null ? {} : { key: own.key, cert: own.cert }),
	});
}

/** The status of a call without a message's content. */
async function call(session: ClientHttp2Session, path: string): Promise<string> {
	const stream = session.request({
		":method": "POST",
		":path": path,
		"content-type": "application/grpc",
	});
	let status = "";
	stream.on("response", (headers) => {
		status = String(headers["grpc-status"] ?? status);
	});
	stream.on("trailers", (trailers) => {
		status = String(trailers["grpc-status"] ?? status);
	});
	stream.resume();
	stream.end(Buffer.alloc(5));
	await once(stream, "close");
	return status;
}

/** Whether a connection can be used. */
async function isLetIn(socket: TLSSocket): Promise<boolean> {
	return await new Promise((done) => {
		socket.on("error", () => done(false));
		socket.on("close", () => done(false));
		// With TLS 1.3 the refusal comes after the handshake: the first bytes of h2 settings decide.
		socket.on("data", () => done(true));
	});
}

test("Terraform's certificate is let in and no other; Shutdown ends the process", async () => {
	await using folder = await temporaryDirectory("plugin");
	const client = makeCertificate(Date.now());
	const { child, line, fields } = await started(folder.path, {
		PLUGIN_CLIENT_CERT: client.cert,
		PLUGIN_PROTOCOL_VERSIONS: "5,6",
		TMPDIR: folder.path,
	});
	try {
		expect(line).toMatch(/^1\|6\|unix\|[^|]+\|grpc\|[A-Za-z0-9+/]+\n$/);
		const [, , , path = "", , server = ""] = fields;
		expect(path.startsWith(folder.path)).toBe(true);

		const other = makeCertificate(Date.now());
		expect(await isLetIn(secured(path, server, other))).toBe(false);
		expect(await isLetIn(secured(path, server, null))).toBe(false);

		const socket = secured(path, server, client);
		const session = connect("https://localhost", { createConnection: () => socket });
		session.on("error", () => {});
		expect(await call(session, "/tfplugin6.Provider/GetMetadata")).toBe("0");
		expect(await call(session, "/tfplugin6.Provider/InventedLater")).toBe("12");
		expect(await call(session, "/plugin.GRPCController/Shutdown")).toBe("0");
		expect(await child.exited).toBe(0);
		expect(existsSync(path)).toBe(false);
	} finally {
		child.kill("SIGKILL");
	}
});

test("a client that goes away without a word leaves no process behind", async () => {
	await using folder = await temporaryDirectory("plugin");
	const { child, fields } = await started(folder.path, { TMPDIR: folder.path });
	try {
		const { connect: connectPlain } = await import("node:net");
		const socket = connectPlain({ path: fields[3] ?? "" });
		const session = connect("http://localhost", { createConnection: () => socket });
		session.on("error", () => {});
		expect(await call(session, "/tfplugin6.Provider/GetMetadata")).toBe("0");
		socket.destroy();
		expect(await child.exited).toBe(0);
	} finally {
		child.kill("SIGKILL");
	}
});

test("a Terraform that cannot speak protocol 6 is told so", async () => {
	await using folder = await temporaryDirectory("plugin");
	const child = Bun.spawn([process.execPath, main], {
		cwd: folder.path,
		env: { TF_PLUGIN_MAGIC_COOKIE: cookie, PLUGIN_PROTOCOL_VERSIONS: "4,5" },
		stdio: ["ignore", "pipe", "pipe"],
	});
	expect(await new Response(child.stderr).text()).toContain("plugin protocol 6");
	expect(await child.exited).toBe(1);
	expect(await new Response(child.stdout).text()).toBe("");
});

test("a crash is told as Terraform shows it, and ends the process", async () => {
	await using folder = await temporaryDirectory("plugin");
	const source = (path: string) => JSON.stringify(resolve(import.meta.dir, "../../../src", path));
	const script = join(folder.path, "crash.ts");
	await Bun.write(
		script,
		`import { runPlugin } from ${source("provider/plugin/run.ts")};
import { opentacoProvider } from ${source("provider/provider.ts")};
await runPlugin(async () => opentacoProvider({}), "p", process.env);
setTimeout(() => { throw new Error("planted"); }, 0);
`,
	);
	const child = Bun.spawn([process.execPath, script], {
		cwd: folder.path,
		env: { TF_PLUGIN_MAGIC_COOKIE: cookie, TMPDIR: folder.path },
		stdio: ["ignore", "ignore", "pipe"],
	});
	expect(await new Response(child.stderr).text()).toMatch(/^panic: .*planted/);
	expect(await child.exited).toBe(2);
});

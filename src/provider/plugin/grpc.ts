/** gRPC over node:http2, as far as a plugin needs it: unary calls, and streams that are held open. */
import {
	createSecureServer,
	createServer,
	type IncomingHttpHeaders,
	type ServerHttp2Session,
	type ServerHttp2Stream,
} from "node:http2";
import type { Server } from "node:net";

/** Answers a message; the signal is aborted when the caller gives up. */
export type UnaryCall = (request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

export interface GrpcService {
	/** By path, such as `/tfplugin6.Provider/GetMetadata`; undefined for one that there is not. */
	readonly unary: (path: string) => Promise<UnaryCall | undefined>;
	/** Streams that are opened and never written to. */
	readonly held: ReadonlySet<string>;
	/** Called when an answer has gone out. */
	readonly onAnswered?: (path: string) => void;
}

export interface Tls {
	readonly key: string;
	readonly cert: string;
	/** The only client that is let in, PEM. */
	readonly clientCert: string;
}

/** A message larger than this is refused. */
const messageBytesMax = 256 * 1024 * 1024;
const status = { internal: 13, resourceExhausted: 8, unimplemented: 12 } as const;
const contentType = "application/grpc+proto";
const settings = { initialWindowSize: 1 << 20 };

/** A server that listens nowhere yet. `onSessions` is told how many connections there are. */
export function grpcServer(
	service: GrpcService,
	tls: Tls | null,
	onSessions: (count: number) => void = () => {},
): Server {
	const server =
		tls === null
			? createServer({ settings })
			: createSecureServer({
					key: tls.key,
					cert: tls.cert,
					ca: [tls.clientCert],
					requestCert: true,
					rejectUnauthorized: true,
					allowHTTP1: false,
					settings,
				});
	let sessions = 0;
	server.on("session", (session: ServerHttp2Session) => {
		onSessions(++sessions);
		session.on("error", ignore);
		session.on("close", () => onSessions(--sessions));
	});
	server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
		stream.on("error", ignore);
		serveStream(service, stream, String(headers[":path"] ?? ""));
	});
	server.on("sessionError", ignore);
	server.on("tlsClientError", ignore);
	return server;
}

/** Connections end in many ways when Terraform leaves; the calls on them are aborted. */
function ignore(): void {}

function serveStream(service: GrpcService, stream: ServerHttp2Stream, path: string): void {
	if (service.held.has(path)) {
		stream.respond({ ":status": 200, "content-type": contentType });
		stream.resume();
		return;
	}
	const controller = new AbortController();
	const chunks: Uint8Array[] = [];
	let received = 0;
	stream.on("close", () => controller.abort());
	stream.on("data", (chunk: Uint8Array) => {
		received += chunk.length;
		if (received <= messageBytesMax) chunks.push(chunk);
	});
	stream.on("end", () => {
		if (received > messageBytesMax) {
			refuse(stream, status.resourceExhausted, "the message is too large");
			return;
		}
		void answer(service.unary(path), stream, Buffer.concat(chunks), controller.signal).then(() =>
			service.onAnswered?.(path),
		);
	});
}

async function answer(
	called: Promise<UnaryCall | undefined>,
	stream: ServerHttp2Stream,
	frame: Buffer,
	signal: AbortSignal,
): Promise<void> {
	let body: Uint8Array;
	try {
		const call = await called;
		if (call === undefined) {
			refuse(stream, status.unimplemented, "unknown method");
			return;
		}
		body = await call(messageOf(frame), signal);
	} catch (error) {
		refuse(stream, status.internal, error instanceof Error ? error.message : "failed");
		return;
	}
	if (stream.destroyed || stream.closed) return;
	const head = Buffer.alloc(5);
	head.writeUInt32BE(body.length, 1);
	stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
	stream.respond({ ":status": 200, "content-type": contentType }, { waitForTrailers: true });
	await new Promise<void>((resolve) => {
		stream.once("close", resolve);
		stream.end(Buffer.concat([head, body]), () => resolve());
	});
}

/** The one message of a frame: a flag, which says "not compressed", and its length before it. */
function messageOf(frame: Buffer): Uint8Array {
	if (frame.length < 5 || frame[0] !== 0 || frame.readUInt32BE(1) !== frame.length - 5) {
		throw new Error("the request is not one uncompressed message");
	}
	return frame.subarray(5);
}

function refuse(stream: ServerHttp2Stream, code: number, message: string): void {
	if (stream.destroyed || stream.closed) return;
	stream.respond(
		{
			":status": 200,
			"content-type": contentType,
			"grpc-status": String(code),
			"grpc-message": percentEncoded(message),
		},
		{ endStream: true },
	);
}

/** What the gRPC protocol asks for: all but printable ASCII, and the percent sign. */
function percentEncoded(text: string): string {
	return [...Buffer.from(text, "utf8")]
		.map((byte) =>
			byte < 0x20 || byte > 0x7e || byte === 0x25
				? `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
				: String.fromCharCode(byte),
		)
		.join("");
}

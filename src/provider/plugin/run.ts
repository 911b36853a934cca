/**
 * A plugin process, from Terraform's handshake to its Shutdown. Standard output carries one line
 * and nothing else; standard error is the provider's log; standard input is Terraform's own.
 */
import { rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeCertificate } from "./certificate.ts";
import { type GrpcService, grpcServer, type UnaryCall } from "./grpc.ts";
import { listen } from "./listen.ts";
import type { Provider } from "./schema.ts";

/** By which Terraform makes itself known to plugins. */
export const cookieName = "TF_PLUGIN_MAGIC_COOKIE";
export const cookieValue = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

const coreProtocol = 1;
const pluginProtocol = 6;
/** Terraform was killed: with no connection left for so long, nobody will ask any more. */
const orphanedMs = 500;
/** Terraform connects at once, or was killed before it could. */
const connectMs = 60_000;

const shutdown = "/plugin.GRPCController/Shutdown";
const healthy = Uint8Array.of(0x08, 0x01);

/** The provider's calls, and those of the plugin library that Terraform uses. */
export function pluginService<Api>(
	provider: () => Promise<Provider<Api>>,
	onShutdown: () => void,
): GrpcService {
	const own = new Map<string, UnaryCall>([
		[shutdown, async () => new Uint8Array(0)],
		["/grpc.health.v1.Health/Check", async () => healthy],
	]);
	let calls: Promise<ReadonlyMap<string, UnaryCall>> | undefined;
	const load = async () => {
		const { ProviderService } = await import("./service.ts");
		return new ProviderService(await provider()).calls();
	};
	return {
		unary: async (path) => {
			calls ??= load();
			return own.get(path) ?? (await calls).get(path);
		},
		held: new Set(["/plugin.GRPCStdio/StreamStdio", "/plugin.GRPCBroker/StartStream"]),
		onAnswered: (path) => {
			if (path === shutdown) onShutdown();
		},
	};
}

/**
 * Serves until Terraform is done; ends the process. The provider is loaded after the handshake:
 * Terraform starts plugins three times for a plan and waits for that line.
 */
export async function runPlugin<Api>(
	provider: () => Promise<Provider<Api>>,
	name: string,
	env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
	if (env[cookieName] !== cookieValue) {
		process.stderr.write(
			`${name} is a Terraform provider: Terraform and OpenTofu start it by themselves.\nSee \`taco provider install --help\` for how they find it.\n`,
		);
		process.exit(1);
	}
	const versions = env.PLUGIN_PROTOCOL_VERSIONS?.split(",").map(Number);
	if (versions !== undefined && !versions.includes(pluginProtocol)) {
		process.stderr.write("this provider needs plugin protocol 6: use a newer Terraform\n");
		process.exit(1);
	}
	// Ctrl-C reaches the whole process group; Terraform then asks its plugins to stop.
	process.on("SIGINT", () => {});

	const clientCert = env.PLUGIN_CLIENT_CERT;
	const certificate = clientCert ? makeCertificate(Date.now()) : null;
	let socket: string | null = null;
	const end = (code: number) => {
		if (socket !== null) rmSync(dirname(socket), { recursive: true, force: true });
		process.exit(code);
	};
	const leave = () => end(0);
	dieAloud(end);
	let orphaned = setTimeout(leave, connectMs);
	// The answer must be on its way before the process ends.
	const service = pluginService(provider, () => setTimeout(leave, 1));
	const server = grpcServer(
		service,
		certificate === null || !clientCert ? null : { ...certificate, clientCert },
		(count) => {
			clearTimeout(orphaned);
			if (count === 0) orphaned = setTimeout(leave, orphanedMs);
		},
	);
	process.on("SIGTERM", leave);
	const { network, address } = await listen(server, process.platform);
	if (network === "unix") socket = address;
	// Go's RawStdEncoding: no padding.
	const shown =
		certificate === null ? "" : Buffer.from(certificate.der).toString("base64").replace(/=+$/, "");
	// Not by the stream, whose making takes longer than all of the handshake's text.
	writeSync(1, `${coreProtocol}|${pluginProtocol}|${network}|${address}|grpc|${shown}\n`);
	// Loaded while Terraform connects.
	await service.unary(shutdown);
}

/** Terraform shows what follows a line that starts with `panic: `, and nothing else. */
function dieAloud(end: (code: number) => void): void {
	const die = (error: unknown) => {
		const text = error instanceof Error ? (error.stack ?? error.message) : "unknown failure";
		process.stderr.write(`panic: ${text.replaceAll("\n", "\n\t")}\n\ngoroutine 1 [running]:\n`);
		end(2);
	};
	process.on("uncaughtException", die);
	process.on("unhandledRejection", die);
}

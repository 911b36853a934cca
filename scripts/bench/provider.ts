/** How long the executable takes to start as a Terraform provider. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../../src/provider/plugin/certificate.ts";
import { cookieValue } from "../../src/provider/plugin/run.ts";
import { median, milliseconds, printTable, timed } from "./figures.ts";
import { executable } from "./processes.ts";

/** Until the handshake's line is there: certificate made, TLS listening. */
async function handshake(cwd: string, clientCert: string): Promise<number> {
	let child: Bun.Subprocess<"ignore", "pipe", "ignore"> | undefined;
	const ms = await timed(async () => {
		child = Bun.spawn([executable], {
			cwd,
			env: {
				HOME: cwd,
				TMPDIR: cwd,
				TF_PLUGIN_MAGIC_COOKIE: cookieValue,
				PLUGIN_PROTOCOL_VERSIONS: "5,6",
				PLUGIN_CLIENT_CERT: clientCert,
			},
			stdio: ["ignore", "pipe", "ignore"],
		});
		await child.stdout.getReader().read();
	});
	child?.kill("SIGTERM");
	await child?.exited;
	return ms;
}

async function version(cwd: string): Promise<number> {
	return await timed(async () => {
		const child = Bun.spawn([executable, "--version"], {
			cwd,
			env: { HOME: cwd },
			stdio: ["ignore", "pipe", "ignore"],
		});
		await child.stdout.getReader().read();
		await child.exited;
	});
}

/** Measures and prints. */
export async function benchProvider(): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), "opentaco-bench-"));
	try {
		const { cert } = makeCertificate(Date.now());
		const starts: number[] = [];
		const versions: number[] = [];
		await handshake(folder, cert);
		for (let i = 0; i < 25; i++) {
			starts.push(await handshake(folder, cert));
			versions.push(await version(folder));
		}
		const ratio = median(starts) / median(versions);
		printTable(
			"Start as a provider (medians)",
			["what", "time", "to taco --version"],
			[
				["taco --version", milliseconds(median(versions)), "1.00"],
				["provider, until the handshake", milliseconds(median(starts)), ratio.toFixed(2)],
			],
		);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

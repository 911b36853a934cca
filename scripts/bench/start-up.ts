/** How long the executable takes to start. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, milliseconds, printTable, timed } from "./figures.ts";
import { executable, freePort, token } from "./processes.ts";

async function runOnce(args: readonly string[], cwd: string): Promise<void> {
	const child = Bun.spawn([executable, ...args], {
		cwd,
		env: { HOME: cwd },
		stdio: ["ignore", "ignore", "ignore"],
	});
	await child.exited;
}

async function serveOnce(cwd: string): Promise<number> {
	const port = freePort();
	let child: Bun.Subprocess | undefined;
	const ms = await timed(async () => {
		child = Bun.spawn(
			[executable, "serve", "--port", String(port), "--host", "127.0.0.1", "--storage", "memory"],
			{
				cwd,
				env: { HOME: cwd, OPENTACO_ADMIN_TOKEN: token, OPENTACO_LOG_LEVEL: "error" },
				stdio: ["ignore", "ignore", "ignore"],
			},
		);
		for (;;) {
			try {
				if ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok) return;
			} catch {
				await Bun.sleep(1);
			}
		}
	});
	child?.kill("SIGKILL");
	await child?.exited;
	return ms;
}

/** Measures and prints. */
export async function benchStartUp(): Promise<void> {
	const folder = await mkdtemp(join(tmpdir(), "opentaco-bench-"));
	try {
		const sample = async (work: () => Promise<number>) => {
			await work();
			const samples: number[] = [];
			for (let i = 0; i < 15; i++) samples.push(await work());
			return milliseconds(median(samples));
		};
		printTable(
			"Start (medians)",
			["command", "time"],
			[
				["taco --version", await sample(() => timed(() => runOnce(["--version"], folder)))],
				["taco unit --help", await sample(() => timed(() => runOnce(["unit", "--help"], folder)))],
				["taco serve, until /readyz answers", await sample(() => serveOnce(folder))],
			],
		);
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}

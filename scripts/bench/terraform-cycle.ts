/** A whole `terraform plan` and `apply` on each store, against the bare server in turn. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, milliseconds, printTable, timed } from "./figures.ts";
import { type StoreName, type Subject, startBare, startTaco, token } from "./processes.ts";

const rounds = 7;

interface Cycle {
	plan(): Promise<number>;
	apply(input: string): Promise<number>;
	remove(): Promise<void>;
}

async function prepare(client: string, subject: Subject): Promise<Cycle> {
	const folder = await mkdtemp(join(tmpdir(), "opentaco-bench-"));
	const address = `${subject.url}/v1/backend/bench/cycle`;
	await writeFile(
		join(folder, "main.tf"),
		`terraform {
  backend "http" {
    address = "${address}"
    lock_address = "${address}"
    unlock_address = "${address}"
  }
}
variable "input" { default = "" }
resource "terraform_data" "example" { input = var.input }
`,
	);
	const run = async (...args: string[]) => {
		const child = Bun.spawn([client, ...args], {
			cwd: folder,
			env: {
				PATH: process.env.PATH ?? "",
				HOME: folder,
				TF_CLI_CONFIG_FILE: "/dev/null",
				CHECKPOINT_DISABLE: "1",
				TF_HTTP_USERNAME: "bench",
				TF_HTTP_PASSWORD: token,
			},
			stdio: ["ignore", "ignore", "pipe"],
		});
		const errors = await new Response(child.stderr).text();
		if ((await child.exited) !== 0) throw new Error(`${subject.name}: ${errors}`);
	};
	await run("init");
	return {
		plan: () => timed(() => run("plan")),
		apply: (input) => timed(() => run("apply", "-auto-approve", "-var", `input=${input}`)),
		remove: () => rm(folder, { recursive: true, force: true }),
	};
}

/** Measures and prints; says so when there is no client. */
export async function benchTerraform(): Promise<void> {
	const client = Bun.which("terraform") ?? Bun.which("tofu");
	if (client === null) {
		process.stdout.write(
			"\n### A whole terraform run\n\nSKIPPED: neither terraform nor tofu is on PATH\n",
		);
		return;
	}
	const rows: string[][] = [];
	for (const store of ["memory", "filesystem", "s3"] as const satisfies StoreName[]) {
		await using taco = await startTaco(store);
		await using bare = await startBare();
		const ours = await prepare(client, taco);
		const yardstick = await prepare(client, bare);
		const samples = {
			ourPlan: [] as number[],
			plan: [] as number[],
			ourApply: [] as number[],
			apply: [] as number[],
		};
		for (let i = 0; i < rounds; i++) {
			samples.ourApply.push(await ours.apply(String(i)));
			samples.apply.push(await yardstick.apply(String(i)));
			samples.ourPlan.push(await ours.plan());
			samples.plan.push(await yardstick.plan());
		}
		for (const [name, a, b] of [
			["plan", samples.ourPlan, samples.plan],
			["apply", samples.ourApply, samples.apply],
		] as const) {
			const ratio = (median(a) / median(b)).toFixed(2);
			rows.push([
				store === "s3" ? "s3 (fake)" : store,
				name,
				milliseconds(median(a)),
				milliseconds(median(b)),
				`${ratio}x`,
			]);
		}
		await ours.remove();
		await yardstick.remove();
	}
	printTable(
		"A whole terraform run (medians)",
		["store", "command", "taco", "bare", "ratio"],
		rows,
	);
}

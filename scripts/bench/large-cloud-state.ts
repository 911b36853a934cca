/** A 100 MB state through `terraform state push` and `pull` over a cloud block. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { megabytes, milliseconds, timed } from "./figures.ts";
import { temporaryFolder } from "./folder.ts";
import { type StoreName, type Subject, settledMemory, startTaco, token } from "./processes.ts";

const hostname = "taco.bench";

/** A state of about the size that Terraform itself accepts. */
export async function writeState(path: string, sizeBytes: number, serial = 1): Promise<void> {
	const input = "x".repeat(20_000);
	const instance = (index: number) =>
		JSON.stringify({
			index_key: index,
			schema_version: 0,
			attributes: {
				id: `id-${index}`,
				input: { value: input, type: "string" },
				output: { value: input, type: "string" },
				triggers_replace: null,
			},
			sensitive_attributes: [],
		});
	const count = Math.floor(sizeBytes / instance(1000).length);
	const file = await open(path, "w");
	await file.write(
		`{"version":4,"terraform_version":"1.11.4","serial":${serial},"lineage":"bench","outputs":{},"resources":[{"mode":"managed","type":"terraform_data","name":"r","provider":"provider[\\"terraform.io/builtin/terraform\\"]","instances":[`,
	);
	for (let index = 0; index < count; index++) {
		await file.write(`${index === 0 ? "" : ","}${instance(index)}`);
	}
	await file.write(`]}],"check_results":null}\n`);
	await file.close();
}

async function project(client: string, subject: Subject, folder: string) {
	await Bun.write(
		join(folder, "main.tf"),
		`terraform {
  cloud {
    hostname     = "${hostname}"
    organization = "default"
    workspaces { name = "bench__large" }
  }
}
`,
	);
	// A host block is the one way to speak plain http with a cloud block.
	await Bun.write(
		join(folder, "cli.tfrc"),
		`host "${hostname}" { services = { "tfe.v2" = "${subject.url}/tfe/api/v2/" } }
credentials "${hostname}" { token = "${token}" }
`,
	);
	return async (args: readonly string[]) => {
		const child = Bun.spawn([client, ...args], {
			cwd: folder,
			env: {
				PATH: process.env.PATH ?? "",
				HOME: folder,
				CHECKPOINT_DISABLE: "1",
				TF_CLI_CONFIG_FILE: join(folder, "cli.tfrc"),
			},
			stdio: ["ignore", "ignore", "pipe"],
		});
		const errors = await new Response(child.stderr).text();
		if ((await child.exited) !== 0) throw new Error(errors);
	};
}

/** Rows for the table of large states; none without a client. */
export async function cloudRows(store: StoreName, sizeBytes: number): Promise<string[][]> {
	const client = Bun.which("terraform") ?? Bun.which("tofu");
	if (client === null) return [];
	await using folder = await temporaryFolder();
	await writeState(join(folder.path, "large.tfstate"), sizeBytes);
	await using taco = await startTaco(store);
	const run = await project(client, taco, folder.path);
	await run(["init", "-input=false"]);
	const before = await settledMemory(taco);
	const rows: string[][] = [];
	const steps = [
		["terraform state push", ["state", "push", "large.tfstate"]],
		["terraform state pull", ["state", "pull"]],
	] as const;
	for (const [name, args] of steps) {
		await taco.resetPeakMemory();
		const ms = await timed(() => run(args));
		const growth = (await taco.peakMemoryBytes()) - before;
		const shown = store === "s3" ? "s3 (fake)" : store;
		rows.push([shown, `${name}, cloud block`, milliseconds(ms), megabytes(growth)]);
	}
	return rows;
}

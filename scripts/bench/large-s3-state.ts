/** A 100 MB state through the S3 endpoint: `aws s3 cp`, which sends it in parts, and one PUT. */
import { join } from "node:path";
import { megabytes, milliseconds, timed } from "./figures.ts";
import { temporaryFolder } from "./folder.ts";
import { writeState } from "./large-cloud-state.ts";
import {
	executable,
	type StoreName,
	settledMemory,
	startTaco,
	token,
	untilQuiet,
} from "./processes.ts";

const object = "s3://opentaco/bench/large/terraform.tfstate";

async function run(
	command: readonly string[],
	cwd: string,
	env: Record<string, string>,
): Promise<void> {
	const child = Bun.spawn([...command], { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
	const errors = await new Response(child.stderr).text();
	if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${errors}`);
}

/** Rows for the table of large states; none without the AWS CLI. */
export async function s3Rows(store: StoreName, sizeBytes: number): Promise<string[][]> {
	const aws = Bun.which("aws");
	if (aws === null) return [];
	await using folder = await temporaryFolder();
	await using taco = await startTaco(store);
	const env: Record<string, string> = {
		PATH: process.env.PATH ?? "",
		HOME: folder.path,
		OPENTACO_SERVER: taco.url,
		OPENTACO_TOKEN: token,
		AWS_CONFIG_FILE: join(folder.path, "aws-config"),
		AWS_PROFILE: "opentaco-state-backend",
		AWS_EC2_METADATA_DISABLED: "true",
	};
	await run([executable, "creds", "setup", "--write"], folder.path, env);
	for (const serial of [1, 2]) {
		await writeState(join(folder.path, `${serial}.tfstate`), sizeBytes, serial);
	}
	const put = [
		...["s3api", "put-object", "--bucket", "opentaco"],
		...["--key", "bench/large/terraform.tfstate", "--body", "2.tfstate"],
	];
	const before = await settledMemory(taco);
	const steps = [
		["aws s3 cp, in parts", ["s3", "cp", "1.tfstate", object]],
		["copy and index after it", null],
		["aws s3 cp, back", ["s3", "cp", object, "back.tfstate"]],
		["aws s3api put-object", put],
		["copy and index after it", null],
	] as const;
	const rows: string[][] = [];
	for (const [name, args] of steps) {
		await taco.resetPeakMemory();
		const step = () => (args === null ? untilQuiet(taco) : run([aws, ...args], folder.path, env));
		const ms = await timed(step);
		const growth = (await taco.peakMemoryBytes()) - before;
		const shown = store === "s3" ? "s3 (fake)" : store;
		rows.push([shown, name, milliseconds(ms), megabytes(growth)]);
	}
	return rows;
}
